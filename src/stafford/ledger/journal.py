"""What a run means to send, written before it is sent, and what was acknowledged, written after.

Layout of one run, below `directory/run_id/`:

    run.json             RunSpec
    parts/000000.parquet labels of batch 0, in LABEL_SCHEMA, sorted as they were sent
    acks.jsonl           a line for each acknowledged batch

A part is written aside, synced and renamed, so it is whole or not there. A batch whose part is there
and whose acknowledgement is not is *in doubt*: it may have arrived or not, and neither is a loss.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from stafford.domain.record import LABEL_SCHEMA
from stafford.errors import ConfigError, StorageError
from stafford.ledger.durable_file import replace_durably


@dataclass(frozen=True, slots=True)
class RunSpec:
    """The inputs of one generator run: the same spec means the same events."""

    run_id: str
    profile: str
    seed: int
    opens_at: str  # RFC 3339, UTC
    events_per_day: float


class Journal:
    """Writes the ledger of one run. Not safe for two writers: hold the home's lock."""

    def __init__(self, directory: Path, acks: TextIO, next_batch: int) -> None:
        self._directory = directory
        self._acks = acks
        self._next_batch = next_batch

    @classmethod
    def open(cls, directory: Path, run: RunSpec) -> Self:
        """Start the ledger of a run below `directory`, or go on with it where it stopped.

        Raises:
            ConfigError: the run id is taken by a run with other inputs.
            StorageError: the folder cannot be written.
        """
        home = directory / run.run_id
        parts = home / "parts"
        spec = home / "run.json"
        try:
            parts.mkdir(parents=True, exist_ok=True)
            if not spec.exists():
                replace_durably(spec, json.dumps(asdict(run), indent=2).encode())
            elif json.loads(spec.read_text(encoding="utf-8")) != asdict(run):
                raise ConfigError(
                    f"ledger {home} belongs to a run with other inputs: compare its run.json, "
                    "or choose another home with --home"
                )
            taken = [int(part.stem) for part in parts.glob("*.parquet")]
            return cls(home, _open_acks(home / "acks.jsonl"), max(taken, default=-1) + 1)
        except OSError as exc:
            raise StorageError(f"cannot write the ledger {home}: {exc}; free the disk or its rights") from exc

    def intend(self, labels: pa.RecordBatch) -> int:
        """Record what is about to be sent.

        Args:
            labels: rows of LABEL_SCHEMA, beside the records of the batch.

        Returns:
            The batch's number, durable when this returns.

        Raises:
            StorageError: the disk is full or the folder cannot be written.
        """
        batch = self._next_batch
        part = self._directory / "parts" / f"{batch:06d}.parquet"
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_batches([labels], LABEL_SCHEMA), sink, compression="zstd")
        try:
            replace_durably(part, sink.getvalue())
        except OSError as exc:
            raise StorageError(f"cannot write the ledger part {part}: {exc}; free the disk") from exc
        self._next_batch += 1
        return batch

    def acknowledge(self, batch: int, acknowledged: int, spooled: int) -> None:
        """Record that a durable log has every record of the batch. Durable when this returns."""
        line = {"batch": batch, "acknowledged": acknowledged, "spooled": spooled}
        try:
            self._acks.write(json.dumps(line) + "\n")
            self._acks.flush()
            os.fsync(self._acks.fileno())
        except OSError as exc:
            raise StorageError(f"cannot write {self._acks.name}: {exc}; free the disk") from exc

    def close(self) -> None:
        """Let go of the files. Everything is durable already."""
        self._acks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open_acks(path: Path) -> TextIO:
    acks = path.open("a+", encoding="utf-8")
    acks.seek(0)
    # A crash may have torn the last line; what follows must not be glued to it.
    if acks.read()[-1:] not in ("", "\n"):
        acks.write("\n")
    return acks
