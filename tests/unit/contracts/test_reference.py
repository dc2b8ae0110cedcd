"""The reference pages that are derived from the contracts."""

import json
import re
from dataclasses import replace

from stafford.contracts import Contract, contracts_page, events_page, example_body


def cells(line: str) -> list[str]:
    """The cells of one line of a Markdown table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_every_field_has_its_row(contracts: dict[str, Contract]) -> None:
    """The page has one row of nine cells for each field, the lines' fields included."""
    page = contracts_page(contracts)
    rows = [cells(line) for line in page.splitlines() if line.startswith("| `") and line.count(" | ") > 2]
    fields = [
        field
        for contract in contracts.values()
        for array in contract.fields
        for field in (array, *array.items)
    ]
    assert len(rows) == len(fields)
    assert {len(row) for row in rows} == {9}
    email = next(row for row in rows if row[0] == "`email`")
    assert email[4:] == [
        "never",
        r"matches `^[^@\s]+@[^@\s]+\.[^@\s]+$`; at most 254 characters",
        "email",
        "trim, lowercase",
        "`required`, `wrong_type`, `bad_format`",
    ]
    quantity = next(row for row in rows if row[0] == "`lines.quantity`")
    assert quantity[2:6] == ["integer", "unit", "never", "from 1; to 100"]


def test_a_bar_does_not_break_the_table(contracts: dict[str, Contract]) -> None:
    """A pattern with an alternative stays in its cell."""
    payments = contracts["payments"]
    field = replace(payments.field("payment_id"), pattern="^(a|b)$", description="One | two.")
    page = contracts_page({"payments": replace(payments, fields=(field,))} | {"orders": contracts["orders"]})
    row = next(line for line in page.splitlines() if line.startswith("| `payment_id`"))
    assert len(cells(row)) == 9


def test_every_event_type_has_its_row(contracts: dict[str, Contract]) -> None:
    """The events page says when each event is sent, on which topic and in which order."""
    rows = [cells(line) for line in events_page(contracts).splitlines() if line.startswith("| `")]
    assert [row[0].strip("`") for row in rows] == [t for c in contracts.values() for t in c.event_types]
    assert ["`order_placed`", "A visitor placed an order.", "`orders`", "`order_id`"] in rows


def test_the_bodies_on_the_page_are_json(contracts: dict[str, Contract]) -> None:
    """Each fence holds the topic's example, which test_body_schema.py judges."""
    fences = re.findall(r"```json\n(.*?)```", events_page(contracts), re.DOTALL)
    assert [json.loads(fence) for fence in fences] == [example_body(c) for c in contracts.values()]
