"""Which contracts a lake was made by, and bringing its tables in step with the ones of today."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.contracts import Contract, compare
from stafford.contracts.record import from_record, to_record
from stafford.domain.lake import Lake
from stafford.domain.record import UTC_MICROS
from stafford.errors import ContractViolation, StorageError
from stafford.lakehouse import checkpoints
from stafford.lakehouse.tables import LINEAGE, create_tables, silver_columns

ADOPTED = {
    "topic": pa.string(),
    "version": pa.string(),
    "document": pa.string(),  # the whole contract, as to_record writes it
    "adopted_at": UTC_MICROS,
}


def check_contracts(lake: Lake, contracts: Mapping[str, Contract]) -> None:
    """Refuse contracts that the lake's records and tables do not fit; reads no data.

    Raises:
        ContractViolation: naming each contract and field, what is wrong, and what to do.
        StorageError: the lake cannot be read.
    """
    known = _read_adopted(lake)
    wrong = [str(change) for change in compare(known, contracts) if change.is_breaking]
    # A lake from before contracts were remembered has its tables alone to say what it holds.
    for topic in contracts.keys() - known.keys():
        wrong += _misfits(topic, contracts[topic], _columns(lake.silver(topic)))
    if wrong:
        listed = "\n  ".join(wrong)
        raise ContractViolation(
            f"the lake {lake.uri} was made by contracts that these do not follow:\n  {listed}\n"
            "Change the contracts as it says, or start a lake of its own with --home"
        )


def adopt_contracts(lake: Lake, contracts: Mapping[str, Contract], now: datetime) -> list[str]:
    """Make the tables that are missing, and give those that are there the columns that are new.

    Each step is harmless to repeat, and that the contracts were adopted is written last. Only one process may
    do it at a time, unless the lake is new.

    Returns:
        The columns that were added, such as "orders.gift_note".

    Raises:
        ContractViolation: as `check_contracts`.
        StorageError: the lake cannot be read or written.
    """
    check_contracts(lake, contracts)
    create_tables(lake, contracts.values())
    added = [
        f"{topic}.{path}"
        for topic, contract in contracts.items()
        for path in _add_columns(lake.silver(topic), contract)
    ]
    rows = [
        {
            "topic": topic,
            "version": contracts[topic].version,
            "document": to_record(contracts[topic]),
            "adopted_at": now,
        }
        for topic in _find_changed(_read_adopted(lake), contracts)
    ]
    if rows:
        table = pa.Table.from_pylist(rows, schema=pa.schema(ADOPTED.items()))
        try:
            write_deltalake(lake.contracts, table, mode="append")
        except (DeltaError, OSError) as exc:
            raise StorageError(f"cannot write {lake.contracts}: {exc}; free the disk or its rights") from exc
    return added


def find_unfinished(lake: Lake, contracts: Mapping[str, Contract], checkpoint: str) -> Mapping[str, Contract]:
    """The contracts by which a batch of silver was begun that was cut off, where these are others; else none.

    By wider ones a record could pass whose refusal is written already, and have two fates; or none, where the
    table that would take it has its part of the batch. What was begun is finished before others are adopted.

    Args:
        lake: which.
        contracts: that are to be adopted.
        checkpoint: silver's.

    Raises:
        StorageError: lake or checkpoint cannot be read.
    """
    if not checkpoints.is_cut_off(checkpoint):
        return {}
    adopted = _read_adopted(lake)
    return adopted if _find_changed(adopted, contracts) else {}


def _find_changed(adopted: Mapping[str, Contract], contracts: Mapping[str, Contract]) -> list[str]:
    known = {topic: to_record(contract) for topic, contract in adopted.items()}
    return [topic for topic, contract in contracts.items() if known.get(topic) != to_record(contract)]


def _read_adopted(lake: Lake) -> dict[str, Contract]:
    """The contract of each topic that the lake adopted last; none for a lake that is new or old."""
    try:
        rows = DeltaTable(lake.contracts).to_pyarrow_table().to_pylist()
    except TableNotFoundError:
        return {}
    except (DeltaError, pa.ArrowException, OSError) as exc:
        raise StorageError(f"cannot read {lake.contracts}: {exc}; check the path") from exc
    rows.sort(key=lambda row: row["adopted_at"])
    latest = {row["topic"]: row["document"] for row in rows}
    return {topic: from_record(document) for topic, document in latest.items()}


def _columns(uri: str) -> dict[str, pa.DataType] | None:
    try:
        schema = pa.schema(DeltaTable(uri).schema().to_arrow())
    except TableNotFoundError:
        return None
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot read {uri}: {exc}; check the path") from exc
    return {field.name: field.type for field in schema if field.name not in LINEAGE}


def _misfits(topic: str, contract: Contract, columns: Mapping[str, pa.DataType] | None) -> Iterator[str]:
    if columns is None:
        return
    wanted = silver_columns(contract)
    for name, kind in columns.items():
        if name not in wanted:
            yield f"{topic}.{name}: silver has the field and the contract does not; put it back"
        elif _type_name(kind) != _type_name(wanted[name]):
            yield f"{topic}.{name}: silver has {kind}, the contract {wanted[name]}; put the old type back"
    for field in contract.fields:
        if field.required and field.name not in columns:
            yield f"{topic}.{field.name}: required, and silver has no such field; make it required: false"


def _type_name(kind: pa.DataType) -> str:
    # What an array holds may have got members; names of Arrow's own item fields mean nothing.
    return "list" if pa.types.is_list(kind) or pa.types.is_large_list(kind) else str(kind)


def _add_columns(uri: str, contract: Contract) -> Iterable[str]:
    columns = _columns(uri) or {}
    missing = []
    for field in contract.fields:
        if field.name not in columns:
            missing.append(field.name)
            continue
        missing += [
            f"{field.name}.{item.name}"
            for item in field.items
            if columns[field.name].value_type.get_field_index(item.name) < 0
        ]
    if missing:
        # An append of no rows is the one way to add a member to what an array holds without Spark.
        nothing = pa.schema({**silver_columns(contract), **LINEAGE}.items()).empty_table()
        try:
            write_deltalake(uri, nothing, mode="append", schema_mode="merge")
        except (DeltaError, OSError) as exc:
            raise StorageError(f"cannot add columns to {uri}: {exc}; free the disk or its rights") from exc
    return missing
