"""Arrow batches in the CSV format of COPY."""

from collections.abc import Mapping

import pyarrow as pa
import pytest

from stafford.contracts import Contract
from stafford.errors import ContractViolation
from stafford.warehouse.postgres_rows import CopyEncoder, ddl


def test_a_text_is_quoted_and_null_is_not(contracts: Mapping[str, Contract]) -> None:
    """Quotes of a value are doubled, all else stands as it is, and an empty text is not null."""
    columns = ["event_id", "total_cents", "occurred_at", "lines"]
    batch = pa.record_batch(
        [
            pa.array(['a\t"b\n\\.', ""]),
            pa.array([7, None], pa.int64()),
            pa.array([0, None], pa.timestamp("us", tz="UTC")),
            pa.array([[{"product_id": 'p"\n'}], []]),
        ],
        names=columns,
    )
    assert CopyEncoder(contracts["orders"], columns).encode(batch).decode() == (
        '"a\t""b\n\\.",7,1970-01-01 00:00:00.000000,"[{""product_id"":""p\\""\\n""}]"\n"",,,"[]"\n'
    )


def test_an_empty_batch_is_no_row(contracts: Mapping[str, Contract]) -> None:
    """Nothing is written for a batch without rows, not even an end of a line."""
    batch = pa.record_batch([pa.array([], pa.string())], names=["event_id"])
    assert CopyEncoder(contracts["orders"], ["event_id"]).encode(batch) == b""


def test_a_value_of_another_type_is_refused(contracts: Mapping[str, Contract]) -> None:
    """A number that is no number is named by its column, and not shown."""
    batch = pa.record_batch([pa.array(["secret"])], names=["total_cents"])
    with pytest.raises(ContractViolation, match="total_cents that is no integer") as caught:
        CopyEncoder(contracts["orders"], ["total_cents"]).encode(batch)
    assert "secret" not in str(caught.value)


def test_the_table_has_the_contract_s_columns(contracts: Mapping[str, Contract]) -> None:
    """Columns are the contract's, with the key that rows are merged by."""
    columns = ddl(contracts["orders"])
    assert columns.startswith('"event_id" text COLLATE "C", ')
    assert '"lines" jsonb' in columns
    assert columns.endswith('"_ingested_at" timestamp, PRIMARY KEY ("event_id")')
