"""Measures how much memory a run takes, with everything that it started."""

import threading
from collections import defaultdict
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psutil


class MemoryMeter:
    """Samples the resident memory of this process, its descendants and other given processes.

    Pages that processes share are counted once in all (proportional set size) where the system
    tells, which is Linux; elsewhere resident sizes are added, which counts shared pages again.
    """

    def __init__(self, extra: Mapping[str, int] | None = None, interval_s: float = 0.5) -> None:
        """Prepare a meter.

        Args:
            extra: pids by name of processes that are no descendants, such as {"kafka": 1234}.
            interval_s: seconds between two samples.
        """
        self._extra = dict(extra or {})
        self._interval_s = interval_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-meter", daemon=True)
        self.peak_bytes = 0
        """The largest sum of one sample."""
        self.peak_by_name: dict[str, int] = {}
        """That sample by name: "stafford" for this process, the given names, and program names."""

    def watch(self, name: str, pid: int) -> None:
        """Add a process that was started meanwhile."""
        self._extra = {**self._extra, name: pid}  # a new dict, because the thread may be reading

    def sample(self) -> dict[str, int]:
        """Measure once: bytes by name."""
        names = {pid: name for name, pid in self._extra.items()}
        me = psutil.Process()
        names[me.pid] = "stafford"
        processes = {me.pid: me}
        for pid in (me.pid, *self._extra.values()):
            try:
                root = psutil.Process(pid)
                processes[pid] = root
                for child in root.children(recursive=True):
                    processes[child.pid] = child
            except psutil.Error:
                continue  # it ended between two samples
        found: dict[str, int] = defaultdict(int)
        for pid, process in processes.items():
            try:
                found[names.get(pid) or process.name()] += _resident_bytes(process)
            except psutil.Error:
                continue
        return dict(found)

    def __enter__(self) -> Self:
        """Start to sample."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Sample a last time and stop."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            found = self.sample()
            total = sum(found.values())
            if total > self.peak_bytes:
                self.peak_bytes, self.peak_by_name = total, found
            if self._done.is_set():
                return
            self._done.wait(self._interval_s)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except (psutil.AccessDenied, NotImplementedError):
        return int(process.memory_info().rss)
    # A process may hide its maps, and then reads as zero.
    return int(getattr(full, "pss", 0) or full.rss)
