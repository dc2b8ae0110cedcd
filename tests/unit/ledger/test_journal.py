"""The ledger of a run: written before and after each sending, and right after any crash."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stafford.domain.record import LABEL_SCHEMA
from stafford.errors import ConfigError, StorageError
from stafford.ledger.checks import CHECKS
from stafford.ledger.journal import Journal, RunSpec
from stafford.ledger.truth import load_ledger

RUN = RunSpec("run-1", "fashion-retail", 7, "2026-01-01T00:00:00Z", 1000.0)


def labels(*event_ids: str, outcome: str = "silver", cents: int | None = None) -> pa.RecordBatch:
    """Labels of one topic."""
    return pa.RecordBatch.from_pylist(
        [
            {
                "topic": "orders",
                "event_id": event_id,
                "event_type": "order_placed",
                "copy": 0,
                "defect": "clean",
                "outcome": outcome,
                "reason": None,
                "amount_cents": cents,
            }
            for event_id in event_ids
        ],
        schema=LABEL_SCHEMA,
    )


def load(ledger: Path) -> list[tuple]:
    """What a reconciliation sees: event, sendings, acknowledged or in doubt."""
    with duckdb.connect() as connection:
        load_ledger(connection, ledger)
        return connection.execute(
            "SELECT event_id, sendings, is_acknowledged FROM sent ORDER BY event_id"
        ).fetchall()


def test_a_batch_is_in_doubt_until_it_is_acknowledged(tmp_path):
    """Intended alone is in doubt; acknowledged is not."""
    with Journal.open(tmp_path, RUN) as journal:
        first = journal.intend(labels("a"))
        journal.intend(labels("b"))
        journal.acknowledge(first, 1, 0)
    assert load(tmp_path) == [("a", 1, True), ("b", 1, False)]


def test_a_run_goes_on_where_it_stopped(tmp_path):
    """Opening the same run again numbers on, and a batch sent again is the same event twice sent."""
    with Journal.open(tmp_path, RUN) as journal:
        journal.intend(labels("a", "b"))
    with Journal.open(tmp_path, RUN) as journal:
        again = journal.intend(labels("a", "b"))
        journal.acknowledge(again, 2, 0)
    assert again == 1
    assert load(tmp_path) == [("a", 2, True), ("b", 2, True)]


@pytest.mark.parametrize("torn", ['{"bat', '{"batch": 0, "acknowledged": 1, "spool'])
def test_an_acknowledgement_torn_by_a_crash_leaves_its_batch_in_doubt(tmp_path, torn):
    """Half a line is no acknowledgement, and does not spoil the next one."""
    with Journal.open(tmp_path, RUN) as journal:
        journal.intend(labels("a"))
    acks = tmp_path / RUN.run_id / "acks.jsonl"
    acks.write_text(torn)
    with Journal.open(tmp_path, RUN) as journal:
        journal.acknowledge(journal.intend(labels("b")), 1, 0)
    assert load(tmp_path) == [("a", 1, False), ("b", 1, True)]


def test_a_part_that_was_being_written_is_not_there(tmp_path):
    """What a kill left beside a part is no part."""
    with Journal.open(tmp_path, RUN) as journal:
        journal.acknowledge(journal.intend(labels("a")), 1, 0)
    (tmp_path / RUN.run_id / "parts" / "000001.tmp").write_bytes(b"half a parquet fi")
    assert load(tmp_path) == [("a", 1, True)]
    with Journal.open(tmp_path, RUN) as journal:
        assert journal.intend(labels("b")) == 1


def test_a_run_id_cannot_mean_two_runs(tmp_path):
    """The same id with other inputs is refused."""
    Journal.open(tmp_path, RUN).close()
    with pytest.raises(ConfigError, match="other inputs"):
        Journal.open(tmp_path, RunSpec("run-1", "fashion-retail", 8, RUN.opens_at, 1000.0))


def test_a_ledger_that_cannot_be_written_says_so(tmp_path):
    """A file where the folder should be is a clear error."""
    (tmp_path / RUN.run_id).write_text("in the way")
    with pytest.raises(StorageError, match="cannot write the ledger"):
        Journal.open(tmp_path, RUN)


def test_an_empty_ledger_says_what_to_run(tmp_path):
    """Nothing sent is not the same as nothing lost."""
    with pytest.raises(ConfigError, match="nothing was sent"):
        load(tmp_path)


def test_parts_are_whole_parquet_files(tmp_path):
    """The labels come back as they were given."""
    with Journal.open(tmp_path, RUN) as journal:
        journal.intend(labels("a", cents=4999))
    (part,) = (tmp_path / RUN.run_id / "parts").glob("*.parquet")
    assert pq.read_table(part).to_pylist() == labels("a", cents=4999).to_pylist()


def test_a_batch_in_doubt_is_not_lost(tmp_path):
    """Only what was acknowledged can be lost; the control is the same event, acknowledged."""

    def lost(ledger: Path) -> list[tuple]:
        with duckdb.connect() as connection:
            load_ledger(connection, ledger)
            for table in ("silver", "quarantine", "dropped"):
                connection.execute(f"CREATE TABLE {table} (topic VARCHAR, event_id VARCHAR)")
            return connection.execute(CHECKS["lost"]).fetchall()

    with Journal.open(tmp_path, RUN) as journal:
        batch = journal.intend(labels("a"))
        assert lost(tmp_path) == []
        journal.acknowledge(batch, 1, 0)
    assert lost(tmp_path) == [("orders", "a", "sent as silver, found nowhere")]
