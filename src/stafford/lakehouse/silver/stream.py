"""Bronze to silver, quarantine and duplicates, as one Structured Streaming query."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from threading import Thread

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows
from pyspark.sql.streaming.query import StreamingQuery

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.domain.outcome import Outcome
from stafford.lakehouse.commits import append_files_once
from stafford.lakehouse.data_files import DataFile, read_bronze, write_rows
from stafford.lakehouse.silver.fates import FATE, decide_fates, stand_all
from stafford.lakehouse.silver.judging import NOTHING_REFUSED, Judged, judge_rows
from stafford.lakehouse.silver.latency import Latency, measure_latency
from stafford.lakehouse.silver.memory import Memory
from stafford.lakehouse.staging import Named, stage
from stafford.lakehouse.tables import ARRIVALS
from stafford.lakehouse.triggers import Trigger

MAX_FILES_PER_BATCH = 200
MAX_BYTES_PER_BATCH = "32m"
"""Bound a micro-batch, so that a long backlog needs time rather than memory: 32 MB of bronze's files hold
about 450,000 events."""

SHORT_LOG = 100
"""Commits that take less time to read than a snapshot takes Spark."""

Watch = Callable[[Latency], None]

ROWS_PER_FILE = 100_000
"""More are written side by side."""

WRITERS = 4
"""Tables written side by side: a write waits for files more than it computes."""


def start_silver(
    spark: SparkSession,
    lake: Lake,
    contracts: Mapping[str, Contract],
    checkpoint: str,
    trigger: Trigger,
    watch: Watch | None = None,
) -> StreamingQuery:
    """Start reading bronze where the checkpoint stands.

    Delivery: effectively once. A batch that is replayed after a crash meets its own writes: those that
    were committed are skipped by their transaction id, and the others come out as they did the first time.

    Args:
        watch: is told how long the records of each batch took.
    """
    bronze = (
        spark.readStream.format("delta")
        .option("maxFilesPerTrigger", MAX_FILES_PER_BATCH)
        .option("maxBytesPerTrigger", MAX_BYTES_PER_BATCH)
        .options(**({"startingVersion": 0} if has_only_grown(lake.bronze) else {}))
        .load(lake.bronze)
        # Tasks read the files themselves; Spark shares them out, and remembers which it had.
        .select(F.input_file_name().alias("file"))
    )
    writer = (
        bronze.writeStream.queryName("silver")
        .foreachBatch(BatchWriter(lake, contracts, watch).write)
        .option("checkpointLocation", checkpoint)
    )
    return trigger.apply(writer).start()


def has_only_grown(bronze: str) -> bool:
    """Whether its log is short and has all that was ever added, and nothing was replaced since.

    A new query may then read the log from its beginning, and in the order of its commits. Otherwise Spark
    sorts the files that are there now, in jobs of its own: five seconds of a first ingestion.
    """
    with suppress(DeltaError, OSError):  # whoever reads the table says what is wrong with it
        table = DeltaTable(bronze)
        commits = table.history() if table.version() < SHORT_LOG else []
        grew = all(commit["operation"] in {"CREATE TABLE", "WRITE"} for commit in commits)
        return grew and len(commits) == table.version() + 1
    return False


def app_id(query_id: str | None) -> str:
    """What a query calls itself in the transactions of the tables that it writes."""
    return f"silver/{query_id}"


class BatchWriter:
    """Writes one micro-batch of bronze to the tables it belongs in.

    Spark's tasks judge each its share of the rows; the driver finds the doubles among all of them, and
    commits. Only one may write to a lake at a time.
    """

    def __init__(self, lake: Lake, contracts: Mapping[str, Contract], watch: Watch | None = None) -> None:
        """Wire a lake to its contracts, and begin to read what was judged before."""
        self._lake, self._contracts, self._watch = lake, contracts, watch
        self._memory = Memory(lake)
        # A long history takes a second or two, in which Spark plans and tasks judge the first batch. No
        # daemon: a process that ends in the middle of it hangs or crashes in what Arrow and Polars tear down.
        self._first_reading = Thread(target=self._remember, name="silver-memory")
        self._first_reading.start()

    def write(self, batch: DataFrame, batch_id: int) -> None:
        """Give each record of the batch exactly one fate: silver, quarantine, or duplicate.

        Every write is idempotent by (query, table, batch): a transaction that a table has seen is skipped.
        """
        query_id = batch.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId")
        commit = partial(append_files_once, app_id=app_id(query_id), version=batch_id)
        judged = self._judge(batch)
        stands = decide_fates(stand_all(judged), self._memory)
        # Whoever was judged before has no fate here, and filters out as a double does.
        is_kept = pc.not_equal(stands[FATE], Outcome.DUPLICATE.value)
        arrived = stands.filter(pc.is_valid(stands[FATE])).select(list(ARRIVALS))
        with ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="silver") as pool:
            files, start = {}, 0
            for topic, rows in judged.passed.items():
                uri, kept = self._lake.silver(topic), rows.filter(is_kept.slice(start, len(rows)))
                files[uri] = _write(pool, uri, kept, stated=("occurred_at",))
                start += len(rows)
            refused = judged.refused.filter(is_kept.slice(start))
            files[self._lake.quarantine] = _write(pool, self._lake.quarantine, refused, by="topic")
            arrivals = _write(pool, self._lake.arrivals, arrived)
            for done in [pool.submit(commit, uri, _finish(begun)) for uri, begun in files.items()]:
                done.result()
        if self._watch and (latency := measure_latency(stands["_produced_at"], datetime.now(UTC))):
            self._watch(latency)
        # Last, because a record that stands here is never looked at again.
        if len(arrived):
            commit(self._lake.arrivals, _finish(arrivals))
            self._memory.add(arrived)

    def _judge(self, batch: DataFrame) -> Judged:
        spark = batch.sparkSession
        files = ((row["count"], row["file"]) for row in batch.coalesce(1).groupBy("file").count().collect())
        work = partial(_judge, bronze=self._lake.bronze, contracts=self._contracts)
        tables = stage(spark, files, work, f"{self._lake.staging}/silver")
        self._first_reading.join()
        self._memory.refresh()
        refused = tables.pop(_REFUSED, None)
        return Judged(tables, NOTHING_REFUSED if refused is None else refused)

    def _remember(self) -> None:
        with suppress(DeltaError, pa.ArrowException, OSError):  # the first batch reads again, and raises
            self._memory.refresh()


_REFUSED = ""
"""Stands for quarantine among the names of topics."""


def _write(
    pool: Executor, uri: str, rows: pa.Table, by: str | None = None, stated: Sequence[str] = ()
) -> list[Future[DataFile]]:
    """Begin to write rows to files of a table, a large one's side by side.

    Args:
        pool: whose threads write.
        uri: of the table.
        rows: with its columns.
        by: the column that it is partitioned by.
        stated: as `FileWriter` has it.
    """
    if by is not None:
        values = pc.unique(rows[by]).to_pylist()
        parts = [({by: value}, rows.filter(pc.equal(rows[by], value)).drop_columns(by)) for value in values]
    else:
        starts = range(0, len(rows), ROWS_PER_FILE)
        parts = [({}, rows.slice(start, ROWS_PER_FILE)) for start in starts]
    return [pool.submit(write_rows, uri, part, values, stated) for values, part in parts]


def _finish(files: Sequence[Future[DataFile]]) -> list[DataFile]:
    return [file.result() for file in files]


def _judge(files: Sequence[str], bronze: str, contracts: Mapping[str, Contract]) -> Named:
    for rows in read_bronze(bronze, files):
        judged = judge_rows(rows, contracts)
        yield from judged.passed.items()
        yield _REFUSED, judged.refused
