"""Processes that a killed command left behind: they end by themselves, and must have before a home goes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from stafford.errors import NotReady


def await_orphans(home: Path, wait_s: float, say: Callable[[str], None] = lambda _: None) -> None:
    """Wait until no process works in a home any more; ends none of them, and says once whom it waits for.

    The JVM of a killed Spark ends when it notices, and a dbt ends with its last model; until then either
    could write into a home that was just emptied. They name the home on their command lines.

    Raises:
        NotReady: a process still works there; the message names it.
    """
    deadline, said = time.monotonic() + wait_s, False
    while found := _working_in(home):
        listed = ", ".join(f"{process.pid} ({process.info['name']})" for process in found)
        if time.monotonic() >= deadline:
            raise NotReady(
                f"still working in {home} after {wait_s:.0f} s: process {listed}; "
                "wait until it ends, or end it"
            )
        if not said:
            say(f"waiting for what an earlier run left: process {listed}")
            said = True
        time.sleep(0.2)


def _working_in(home: Path) -> list[psutil.Process]:
    family = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    inside = f"{home}{os.sep}"
    return [
        process
        for process in psutil.process_iter(["cmdline", "name"])
        if process.pid not in family and any(inside in word for word in process.info["cmdline"] or ())
    ]
