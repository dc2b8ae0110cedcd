"""The memory of a run."""

import subprocess
import sys
import time

from stafford.runtime.memory import MemoryMeter

MIB = 1 << 20
EATER = "import sys, time; held = bytearray(120 << 20); print('full', flush=True); time.sleep(60)"


def test_child_that_eats_memory_is_seen_at_its_peak() -> None:
    """A child of 120 MiB raises the peak by about that, and the peak stays after it ended."""
    before = sum(MemoryMeter().sample().values())
    with MemoryMeter(interval_s=0.05) as meter:
        with subprocess.Popen([sys.executable, "-c", EATER], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            deadline = time.monotonic() + 30
            while meter.peak_bytes - before < 110 * MIB:
                assert time.monotonic() < deadline, "nobody saw the child"
                time.sleep(0.02)
            child.kill()
        time.sleep(0.2)
    assert 110 * MIB < meter.peak_bytes - before < 250 * MIB
    assert sum(meter.peak_by_name.values()) == meter.peak_bytes
    assert meter.peak_by_name["stafford"] > 5 * MIB


def test_watched_process_has_its_name() -> None:
    """A process that is watched by pid counts once, under the given name; a dead pid counts nothing."""
    # in a whole run of the tests a broker and a Spark are children of this process too
    before = sum(MemoryMeter().sample().values())
    with subprocess.Popen([sys.executable, "-c", EATER], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        meter = MemoryMeter({"eater": child.pid})
        sample = meter.sample()
        child.kill()
        child.wait()
    assert 110 * MIB < sample["eater"] < 250 * MIB
    # twice would be 240 MiB
    assert 110 * MIB < sum(sample.values()) - before < 200 * MIB
    assert "eater" not in meter.sample()
