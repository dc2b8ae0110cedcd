"""A program on our own terminal ends in good order, whoever is told to stop."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stafford.runtime import foreground

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

CHILD = """
import signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def end(number, _):
    time.sleep(1)  # closing what it has opened takes longer than subprocess.run would wait
    (folder / "ended").write_text(signal.Signals(number).name)
    sys.exit(7)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, end)
(folder / "started").touch()
time.sleep(60)
"""
PARENT = """
import signal, sys
from stafford.runtime import foreground
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as the command line does
sys.exit(foreground.run([sys.executable, *sys.argv[1:]]))
"""


def test_the_exit_code_is_passed_on() -> None:
    """Whatever the program ends with."""
    assert foreground.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3


@pytest.mark.parametrize(
    ("number", "to_group", "code"),
    [(signal.SIGINT, True, 7), (signal.SIGTERM, False, 143)],
    ids=["Ctrl-C", "kill"],
)
def test_the_program_may_close_what_it_opened(
    tmp_path: Path, number: signal.Signals, code: int, *, to_group: bool
) -> None:
    """Ctrl-C reaches both, and we wait; a kill reaches us, and we tell the program."""
    command = [sys.executable, "-c", PARENT, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, start_new_session=True) as parent:
        deadline = time.monotonic() + 20
        while not (tmp_path / "started").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (os.killpg if to_group else os.kill)(parent.pid, number)
        assert parent.wait(20) == code
    assert (tmp_path / "ended").read_text() == number.name
