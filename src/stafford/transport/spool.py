"""The durable log for when no broker answers: checksummed segments on the local disk."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from filelock import FileLock

from stafford.domain.record import LANDED_SCHEMA, UTC_MICROS
from stafford.errors import SpoolFull, StorageError, Terminal
from stafford.transport.frames import encode_frame
from stafford.transport.headers import nest_headers, stamp_records
from stafford.transport.log import Clock, Condition, Delivery, check_schema
from stafford.transport.segments import SUFFIX, list_segments, lock_path, recover_segments

SEGMENT_BYTES = 64 * 1024 * 1024
_IPC_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


class SpoolLog:
    """Appends batches to segments below a directory.

    Delivery: at least once. A batch is accepted when `append` returns: it is fsynced, and neither the end
    of this process nor of the machine loses it (macOS: a power cut can, because its fsync leaves the
    drive's own cache alone). Order: as appended, which keeps it per key.

    Every log writes to segments of its own, so several may use one directory.
    """

    name = "files"

    def __init__(
        self,
        directory: Path,
        run_id: str,
        clock: Clock,
        segment_bytes: int = SEGMENT_BYTES,
        max_bytes: int | None = None,
    ) -> None:
        """Open a spool and cut what dead writers left torn.

        Args:
            directory: where segments are; made when it is missing.
            run_id: the generator run, for the header.
            clock: gives the log-append time and `produced_at`, UTC.
            segment_bytes: a segment that has reached this size is closed and the next one begun.
            max_bytes: once all segments together have this size, nothing is taken until some are removed; the
                batch before may reach beyond it. None for no bound.

        Raises:
            StorageError: the directory cannot be made or written.
        """
        self._directory = directory
        self._run_id = run_id
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._max_bytes = max_bytes
        self._writer: _SegmentWriter | None = None
        self._is_closed = False
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageError(
                f"spool {directory} cannot be made: {exc.strerror}; choose another home or free the path"
            ) from exc
        recover_segments(directory)

    def append(self, records: pa.RecordBatch) -> Delivery:
        """Append a batch; when it returns, every row is on the disk. See DurableLog.

        Raises:
            SpoolFull: the segments have their largest size; the log holds none of the batch.
            StorageError: the disk is full or cannot be written; the log holds none of the batch.
            ContractViolation: the batch does not have RECORD_SCHEMA.
            Terminal: the log is closed.
        """
        if self._is_closed:
            raise Terminal(f"spool {self._directory} was closed; open a new SpoolLog to append")
        check_schema(records)
        if records.num_rows == 0:
            return Delivery(0, 0)
        self._check_room()
        try:
            writer = self._open_writer()
            landed = self._land(records, writer.name, writer.position)
            writer.write(landed)
        except OSError as exc:
            self._abandon_writer()
            raise StorageError(
                f"spool {self._directory} did not take {records.num_rows} records: "
                f"{exc.strerror}; nothing of it was kept. Free disk space or choose another home, "
                "then send it again"
            ) from exc
        return Delivery(acknowledged=0, spooled=records.num_rows)

    @property
    def directory(self) -> Path:
        """Where the segments are."""
        return self._directory

    @property
    def condition(self) -> Condition:
        """Files, and nothing waits: whoever chose them alone has no Kafka in mind."""
        return Condition(self.name)

    def seal(self) -> None:
        """End the segment in use, so that it can be drained to its end; the next append begins another."""
        self._abandon_writer()

    def close(self) -> None:
        """Seal the segment in use; closing twice is harmless."""
        self._is_closed = True
        self._abandon_writer()

    def _check_room(self) -> None:
        if self._max_bytes is None:
            return
        used = sum(segment.size_bytes for segment in list_segments(self._directory))
        if used >= self._max_bytes:
            raise SpoolFull(
                f"spool {self._directory} has {used / 1e6:,.0f} MB of at most {self._max_bytes / 1e6:,.0f}; "
                "it takes more when Kafka is back and was given some of it (see `stafford kafka status`), or "
                "with a larger STAFFORD_SPOOL_MAX_MB"
            )

    def _open_writer(self) -> "_SegmentWriter":
        if self._writer and self._writer.size_bytes >= self._segment_bytes:
            self._abandon_writer()
        if self._writer is None:
            self._writer = _SegmentWriter(self._directory)
        return self._writer

    def _abandon_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer:
            writer.close()

    def _land(self, records: pa.RecordBatch, segment: str, position: int) -> pa.RecordBatch:
        rows, now = records.num_rows, self._clock()
        columns = {
            "topic": records.column("topic"),
            "partition": pa.repeat(pa.scalar(0, pa.int32()), rows),
            "offset": pa.array(range(position, position + rows), pa.int64()),
            "timestamp": pa.repeat(pa.scalar(now, UTC_MICROS), rows),
            "key": records.column("key"),
            "value": records.column("value"),
            "headers": nest_headers(stamp_records(records, self._run_id, now)),
            "source": pa.repeat(segment, rows),
        }
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=LANDED_SCHEMA)


class _SegmentWriter:
    # One segment while it grows. Any OSError ends it: after a failed write or fsync nobody knows what the
    # file holds, so what was not accepted is cut off and the next batch begins a new segment.

    def __init__(self, directory: Path) -> None:
        self._file = self._create(directory)
        self.position = 0
        self.size_bytes = 0

    @property
    def name(self) -> str:
        return self._path.stem

    def _create(self, directory: Path) -> BinaryIO:
        number = max((segment.number for segment in list_segments(directory)), default=0) + 1
        self._path = directory / f"{number:08d}-{secrets.token_hex(4)}{SUFFIX}"
        # The lock comes first: from its first byte on, nobody takes the segment for a dead writer's.
        self._lock = FileLock(lock_path(self._path))
        self._lock.acquire(timeout=0)
        file = None
        try:
            file = self._path.open("xb", buffering=0)
            _sync_directory(directory)
        except OSError:
            if file is not None:
                file.close()
                with suppress(OSError):
                    self._path.unlink()
            self._release()
            raise
        return file

    def write(self, batch: pa.RecordBatch) -> None:
        with pa.BufferOutputStream() as sink:
            with pa.ipc.new_stream(sink, batch.schema, options=_IPC_OPTIONS) as stream:
                stream.write_batch(batch)
            frame = encode_frame(sink.getvalue().to_pybytes())
        rest = memoryview(frame)
        while rest:
            # An unbuffered write may take a part; the next one then says why.
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())
        self.size_bytes += len(frame)
        self.position += batch.num_rows

    def close(self) -> None:
        # If the cut fails too, the tail stays torn, and readers stop before it all the same.
        with suppress(OSError):
            if os.fstat(self._file.fileno()).st_size > self.size_bytes:
                self._file.truncate(self.size_bytes)
                os.fsync(self._file.fileno())
        self._file.close()
        if self.size_bytes == 0:
            with suppress(OSError):
                self._path.unlink()
        self._release()

    def _release(self) -> None:
        self._lock.release()
        with suppress(OSError):
            lock_path(self._path).unlink()


def _sync_directory(directory: Path) -> None:
    # Makes the new name itself durable. Windows opens no directories and needs no such call.
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
