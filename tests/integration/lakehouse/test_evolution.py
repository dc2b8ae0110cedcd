"""A lake and contracts that change: what is compatible flows, what is not is refused and named."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from stafford.contracts import Field
from stafford.errors import ContractViolation, Terminal
from stafford.lakehouse.adoption import adopt_contracts, check_contracts
from stafford.warehouse import duckdb as warehouse

from .conftest import ARRIVED_AT

pytestmark = [pytest.mark.spark, pytest.mark.slow]

NOTE = Field(
    name="gift_note", type="string", required=False, description="What the card says.", max_length=80
)


def change(contracts, topic, **fields):
    """Contracts in which some fields of a topic are others, new, or gone (None)."""
    old = contracts[topic]
    kept = [fields.pop(field.name, field) for field in old.fields]
    changed = replace(old, fields=tuple(field for field in (*kept, *fields.values()) if field is not None))
    return {**contracts, topic: changed}


def widen(contracts):
    """A new optional field, and one in an array."""
    lines = contracts["orders"].field("lines")
    engraving = replace(NOTE, name="engraving")
    return change(contracts, "orders", lines=replace(lines, items=(*lines.items, engraving)), gift_note=NOTE)


def test_a_new_optional_field_flows_into_a_lake_that_has_rows(small_lake, tmp_path):
    """Columns are added when the contract is adopted; silver, delta-rs and the warehouse go on with them."""
    old, new = small_lake.contracts, widen(small_lake.contracts)
    lake = small_lake.lake
    assert adopt_contracts(lake, old, ARRIVED_AT) == []
    line = {
        "line_number": 1,
        "product_id": "p-00042",
        "quantity": 2,
        "unit_price_cents": 4999,
        "discount_cents": 0,
        "line_total_cents": 9998,
    }
    small_lake.land("orders", small_lake.body("orders", 1, order_id="o-0001"))
    small_lake.refine()
    small_lake.contracts = new
    small_lake.land(
        "orders",
        small_lake.body(
            "orders", 2, order_id="o-0002", gift_note="For Ada", lines=[{**line, "engraving": "A"}, line]
        ),
        small_lake.body("orders", 3, order_id="o-0003", gift_note="x" * 81),
    )
    # the control: this is what a lake did that nobody brought in step
    with pytest.raises(Terminal, match=r"SchemaMismatchError: .*orders has .*; .* has .*gift_note string"):
        small_lake.refine()

    later = ARRIVED_AT + timedelta(hours=1)
    assert adopt_contracts(lake, new, later) == ["orders.lines.engraving", "orders.gift_note"]
    assert adopt_contracts(lake, new, later) == []
    small_lake.refine()
    rows = small_lake.read(lake.silver("orders"))
    assert [(row["gift_note"], [item["engraving"] for item in row["lines"]]) for row in rows] == [
        (None, [None] * len(rows[0]["lines"])),
        ("For Ada", ["A", None]),
    ]
    assert [row["reason"] for row in small_lake.read(lake.quarantine)] == ["bad_format:gift_note"]
    adopted = DeltaTable(lake.contracts).to_pyarrow_table().sort_by("adopted_at").to_pylist()
    assert [row["adopted_at"] for row in adopted if row["topic"] == "orders"] == [ARRIVED_AT, later]

    published = warehouse.publish({"orders": lake.silver("orders")}, tmp_path / "w.duckdb", new)
    assert published.rows == {"orders": 2}
    with pytest.raises(ContractViolation, match=r"orders\.gift_note: the field was removed; keep it"):
        check_contracts(lake, old)


def test_an_incompatible_contract_is_refused_before_anything_is_written(small_lake):
    """The contract, the field, what changed and what to do are said, and the lake stays as it is."""
    old, lake = small_lake.contracts, small_lake.lake
    adopt_contracts(lake, old, ARRIVED_AT)
    country = old["orders"].field("country")
    narrow = change(
        old,
        "orders",
        country=replace(country, enum=country.enum[1:]),
        tax_cents=None,
        gift_note=replace(NOTE, required=True),
    )
    files = sorted(Path(lake.uri).rglob("*"))
    with pytest.raises(ContractViolation) as refused:
        adopt_contracts(lake, narrow, ARRIVED_AT)
    said = str(refused.value)
    assert f"orders.country: the enum has no {country.enum[0]} any more; keep the old values" in said
    assert "orders.tax_cents: the field was removed; keep it" in said
    assert "orders.gift_note: the field is new and required" in said
    assert sorted(Path(lake.uri).rglob("*")) == files


def test_a_lake_from_before_contracts_were_remembered(small_lake):
    """Its tables say what they hold: a compatible contract is adopted, a missing column is named."""
    old, lake = small_lake.contracts, small_lake.lake
    city = old["customers"].field("city")
    assert not DeltaTable.is_deltatable(lake.contracts)
    for fields, said in (
        ({"city": None}, r"customers\.city: silver has the field and the contract does not"),
        ({"city": replace(city, type="integer")}, r"customers\.city: silver has string, the contract int64"),
        (
            {"gift_note": replace(NOTE, required=True)},
            r"customers\.gift_note: required, and silver has no such",
        ),
    ):
        with pytest.raises(ContractViolation, match=said):
            check_contracts(lake, change(old, "customers", **fields))
    assert adopt_contracts(lake, widen(old), ARRIVED_AT) == [
        "orders.lines.engraving",
        "orders.gift_note",
    ]
    check_contracts(lake, widen(old))
