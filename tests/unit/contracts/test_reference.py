"""The reference pages that are derived from the contracts."""

import json
import re
from dataclasses import replace

from stafford.contracts import Contract, contracts_page, events_page, example_body
from stafford.contracts.model import STAGES


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
    """The events page says of each event when it is sent, where in the funnel, after what, and its key."""
    page = events_page(contracts)
    table = page[page.index("## Every event") : page.index("## What each event carries")]
    rows = [cells(line) for line in table.splitlines() if line.startswith("| `")]
    assert sorted(row[0].strip("`") for row in rows) == sorted(
        t for c in contracts.values() for t in c.event_types
    )
    stages = list(STAGES)
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), key=stages.index)
    assert [
        "`order_placed`", "A visitor placed an order.", "purchase", "`checkout_started`",
        "[`orders`](#orders)", "`order_id`",
    ] in rows  # fmt: skip


def test_the_diagram_shows_every_event_and_arrow(contracts: dict[str, Contract]) -> None:
    """Each event stands once in its stage, and each arrow leads from an event that comes before."""
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", events_page(contracts), re.DOTALL)
    lines = [line.strip() for line in diagram.splitlines()]
    events = [event for contract in contracts.values() for event in contract.events]
    assert [lines.count(event.name) for event in events] == [1] * len(events)
    arrows = {f"{before} --> {event.name}" for event in events for before in event.after}
    assert {line for line in lines if "-->" in line} == arrows


def test_every_field_stands_beside_its_events(contracts: dict[str, Contract]) -> None:
    """A field is marked always, sometimes or never for each event of its topic."""
    page = events_page(contracts)
    section = page[page.index("### clickstream") : page.index("### customers")]
    rows = {row[0]: row[1:] for row in map(cells, section.splitlines()) if row and row[0].startswith("`")}
    assert len(rows) == len(contracts["clickstream"].fields)
    assert rows["`sequence`"] == ["●"] * 6
    assert rows["`customer_id`"] == ["○"] * 6
    assert rows["`search_term`"] == ["", "●", "", "", "", ""]


def test_the_bodies_on_the_page_are_json(contracts: dict[str, Contract]) -> None:
    """Each fence holds the topic's example, which test_body_schema.py judges."""
    fences = re.findall(r"```json\n(.*?)```", events_page(contracts), re.DOTALL)
    assert [json.loads(fence) for fence in fences] == [example_body(c) for c in contracts.values()]
