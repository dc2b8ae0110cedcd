"""Keeps the numbers in Redis in step with silver, beside the stream and never in its way."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import Self

from stafford.errors import LiveUnavailable, StorageError
from stafford.live.board import Board
from stafford.live.silver import Silver
from stafford.live.tally import Tally

INTERVAL_S = 1.0

RETRY_AFTER_S = 5.0
"""After a failure nothing is tried for this long."""


class Publisher:
    """Counts what silver committed and writes the numbers, once a second in a thread of its own.

    The stream neither waits for it nor sees its errors. Each change between working and not working is told
    once, in words.
    """

    def __init__(
        self,
        silver: Silver,
        board: Board,
        notify: Callable[[str], None] = lambda _: None,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Wire the parts; nothing is read before the first round."""
        self._silver, self._board, self._notify, self._wall = silver, board, notify, wall
        self._tally = Tally()
        self._is_failing = False
        self._not_before = 0.0
        self._stopping = Event()
        self._thread = Thread(target=self._keep_going, name="live-numbers", daemon=True)

    def refresh(self) -> bool:
        """Make the numbers in Redis those of silver now; gives whether they are.

        Delivery: idempotent; the whole picture is replaced, and is a function of what silver committed. After
        a failure, a restart or a Redis that forgot everything, the next round makes it right.
        """
        try:
            news = self._silver.read()
            if news.is_everything:
                self._tally = Tally()
            self._tally.fold(news.rows, self._wall())
            self._board.write(self._tally.numbers(), self._wall())
        except (LiveUnavailable, StorageError) as exc:
            return self._fail(str(exc))
        except Exception as exc:  # noqa: BLE001  # no mistake of ours in a picture may reach the stream
            # Rows may have been taken and not counted, so the next round counts everything.
            self._silver.forget()
            return self._fail(f"{type(exc).__name__}: {exc}; please report this")
        if self._is_failing:
            self._notify("the live numbers are back, and complete")
        self._is_failing = False
        return True

    def _fail(self, reason: str) -> bool:
        self._not_before = time.monotonic() + RETRY_AFTER_S
        if not self._is_failing:
            self._notify(f"no live numbers, the stream goes on: {reason}")
        self._is_failing = True
        return False

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End after a last round, so that what the stream committed last is counted."""
        self._stopping.set()
        self._thread.join()
        self.refresh()
        self._board.close()

    def _keep_going(self) -> None:
        while not self._stopping.is_set():
            if time.monotonic() >= self._not_before:
                self.refresh()
            self._stopping.wait(INTERVAL_S)
