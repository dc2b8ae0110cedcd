"""A running platform: its pieces, what is known of its records, and waiting for both."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from chaos.pieces import ChaosError, Pieces
from chaos.verdict import Arrived, Event, Verdict, judge
from stafford.domain.lake import Lake
from stafford.ledger.truth import load_ledger

_PAUSE_S = 0.25
_REST_S, _REST_LIMIT_S = 4.0, 300.0


class Platform(Pieces):
    """One home and what runs in it. Everything is ended by `stop`. Args: see Pieces."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._lake = Lake(str(home / "lake"))
        self._notes: list[str] = []
        self._leftovers = ExitStack()
        self._given_up: set[Event] = set()
        self._arrived = Arrived(self._lake)

    def stop(self) -> None:
        """End everything, whatever state it is in, and put back what a fault moved."""
        self.end_all()
        with suppress(ChaosError):
            self.tidy()
        self.end_all()

    # What a fault leaves

    def at_rest(self, act: Callable[[], None]) -> None:
        """Remember what is to be done when the verdict is there; the last is done first."""
        self._leftovers.callback(act)

    def tidy(self) -> None:
        """Do what was left, once the shop rests."""
        self._leftovers.close()

    def note(self, text: str) -> None:
        """Say something about this fault that belongs on the page."""
        self._notes.append(text)

    def take_notes(self) -> list[str]:
        """What was said since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def give_up(self, events: set[Event]) -> None:
        """Remember events whose records a fault deleted; just those may be lost from now on."""
        self._given_up |= events

    # What is known

    def count_landed(self) -> int:
        """Records in bronze."""
        return _count(self._lake.bronze)

    def count_judged(self) -> int:
        """Records that have a fate."""
        return _count(self._lake.arrivals)

    def count_taken(self) -> int:
        """Records that a durable log has taken, by the ledger."""
        lines = [
            line
            for acks in (self.home / "ledger").glob("*/acks.jsonl")
            for line in acks.read_text(encoding="utf-8").splitlines()
        ]
        return sum(ack["acknowledged"] + ack["spooled"] for ack in map(_read_ack, lines) if ack)

    def wait_until(self, is_so: Callable[[], bool], limit_s: float, what: str) -> None:
        """Wait for something, whatever ends meanwhile.

        Raises:
            ChaosError: it did not come within the limit.
        """
        deadline = time.monotonic() + limit_s
        while not is_so():
            if time.monotonic() > deadline:
                raise ChaosError(f"no {what} within {limit_s:.0f} s; see {self.home}/*.log")
            time.sleep(_PAUSE_S)

    def await_taken(self, more: int, limit_s: float = 120) -> None:
        """Wait until a log has taken so many records more.

        Raises:
            ChaosError: it did not within the limit.
        """
        goal = self.count_taken() + more
        self.wait_until(lambda: self.count_taken() >= goal, limit_s, f"{more} more records in a log")

    def await_flow(self, more: int, limit_s: float) -> None:
        """Wait until silver has judged so many records more than now.

        Raises:
            ChaosError: it did not within the limit, or a piece ended.
        """
        goal = self.count_judged() + more
        self._await(lambda: self.count_judged() >= goal, limit_s, f"{more} more records in silver")

    def await_caught_up(self, more: int, limit_s: float) -> None:
        """Wait until a log has taken so many records more, and each event that it has by then has a fate.

        Without new ones a platform that stands still would have caught up, if it did so before it was broken;
        and numbers of records would not do, for a spool that is drained later gives some a second time.

        Raises:
            ChaosError: it did not within the limit, or a piece ended.
        """
        self.await_taken(more, limit_s)
        taken = self._read_taken()
        self._await(lambda: taken <= self._arrived.read(), limit_s, f"all {len(taken)} events in silver")

    def settle(self, *, to_marts: bool = False) -> Verdict:
        """Let the shop rest until nothing moves in the lake (or on to the marts), and reconcile.

        Raises:
            ChaosError: nothing came to rest, or a command fails for another reason than its verdict.
        """
        self.end("generator")
        self._await_rest()
        if to_marts:
            self.run("publish")
            self.run("build")
        done = self.call("reconcile", "--json", *(() if to_marts else ("--no-marts",)))
        if done.returncode not in (0, 3):
            raise ChaosError(f"reconcile ended with {done.returncode}: {done.stderr[-800:]}")
        return judge(json.loads(done.stdout), self._given_up, self._arrived)

    def _await_rest(self) -> None:
        """Every event that a log took has a fate, and nothing has come for a while: some faults send more."""
        taken, last, since = self._read_taken(), (0, 0), time.monotonic()

        def rests() -> bool:
            nonlocal last, since
            # Backwards to the way of a record: what has a fate is then in bronze.
            judged, landed = self.count_judged(), self.count_landed()
            if (judged, landed) != last:
                last, since = (judged, landed), time.monotonic()
            is_still = judged == landed and time.monotonic() > since + _REST_S
            return is_still and taken <= self._arrived.read()

        self._await(rests, _REST_LIMIT_S, "rest")

    def _read_taken(self) -> set[Event]:
        """The events that a durable log has, by the ledger, but for those that a fault deleted."""
        with duckdb.connect() as connection:
            load_ledger(connection, self.home / "ledger")
            rows = connection.execute("SELECT topic, event_id FROM sent WHERE is_acknowledged").fetchall()
        return set(rows) - self._given_up

    def _await(self, is_so: Callable[[], bool], limit_s: float, what: str) -> None:
        def has_come() -> bool:
            if is_so():
                return True
            for piece in self.running:
                if not self.is_running(piece):
                    raise ChaosError(f"{piece} ended while waiting for {what}: {self.read_log(piece)}")
            return False

        self.wait_until(has_come, limit_s, what)


def _count(uri: str) -> int:
    try:
        return DeltaTable(uri).count()
    except TableNotFoundError:
        return 0


def _read_ack(line: str) -> dict[str, Any] | None:
    try:
        return dict(json.loads(line))
    except ValueError:
        return None  # torn by a kill
