"""The reference pages: what a person reads instead of YAML."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from stafford.contracts.model import STAGES, Contract, EventType, Field
from stafford.contracts.reasons import RULES, UNREADABLE, field_rules


def contracts_page(contracts: Mapping[str, Contract]) -> str:
    """Markdown of docs/reference/contracts.md: every field, its rules, and what breaking one becomes."""
    return _render("contracts.md.jinja", contracts)


def events_page(contracts: Mapping[str, Contract]) -> str:
    """Markdown of docs/reference/events.md: every event type, its place in the funnel, and its fields."""
    return _render("events.md.jinja", contracts)


def example_body(contract: Contract) -> dict[str, Any]:
    """The smallest body that the contract accepts, made of the examples of its required fields."""
    return _example(contract.fields)


def _example(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        field.name: [_example(field.items)] if field.items else field.example
        for field in fields
        if field.required
    }


def _render(template: str, contracts: Mapping[str, Contract]) -> str:
    environment = Environment(
        loader=PackageLoader("stafford.contracts", "templates"),
        autoescape=False,  # noqa: S701  # Markdown from our own files, never HTML from a visitor
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cell": _cell, "rules": _rules, "limits": _limits, "codes": _codes, "carried": _carried,
    }  # fmt: skip
    return environment.get_template(template).render(
        contracts=list(contracts.values()),
        meanings=STAGES,
        stages=_stages(contracts),
        arrows=list(_arrows(contracts)),
        unreadable=UNREADABLE,
        rules=RULES,
        rows={topic: list(_rows(contract.fields)) for topic, contract in contracts.items()},
        bodies={
            topic: json.dumps(example_body(contract), ensure_ascii=False, indent=2)
            for topic, contract in contracts.items()
        },
    )


def _stages(contracts: Mapping[str, Contract]) -> dict[str, list[tuple[Contract, EventType]]]:
    """The events at each place of the funnel, with their contracts; places without one are left out."""
    events = [(contract, event) for contract in contracts.values() for event in contract.events]
    staged = {stage: [pair for pair in events if pair[1].stage == stage] for stage in STAGES}
    return {stage: pairs for stage, pairs in staged.items() if pairs}


def _arrows(contracts: Mapping[str, Contract]) -> Iterator[tuple[str, str]]:
    for pairs in _stages(contracts).values():
        yield from ((event.name, before) for _, event in pairs for before in event.after)


def _rows(fields: tuple[Field, ...], parent: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield f"{parent}{field.name}", field
        yield from _rows(field.items, f"{parent}{field.name}.")


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _carried(field: Field, event_type: str) -> str:
    return {True: "●", False: "", None: "○"}[field.is_carried_by(event_type)]


def _cell(text: str) -> str:
    """Text that does not end its cell of a Markdown table."""
    return text.replace("|", "\\|")


def _rules(field: Field) -> str:
    return _codes(field_rules(field))


def _limits(field: Field) -> str:
    """The rules on the value, in words."""
    limits = [
        ("unique", field.unique),
        ("one of " + ", ".join(f"`{value}`" for value in field.enum), field.enum),
        (f"matches `{field.pattern}`", field.pattern is not None),
        (f"at most {field.max_length} characters", field.max_length is not None),
        (f"from {_bound(field.minimum)}", field.minimum is not None),
        (f"to {_bound(field.maximum)}", field.maximum is not None),
        (f"at least {field.min_items} items", field.min_items is not None),
        (f"at most {field.max_items} items", field.max_items is not None),
        (f"at most {_hours(field.max_ahead_of_arrival)} h after arrival", field.max_ahead_of_arrival),
        (f"refers to `{field.references}`", field.references is not None),
    ]
    return "; ".join(words for words, applies in limits if applies)


def _bound(bound: int | datetime | None) -> str:
    return f"{bound:%Y-%m-%dT%H:%M:%SZ}" if isinstance(bound, datetime) else str(bound)


def _hours(duration: timedelta | None) -> str:
    return f"{(duration or timedelta()) / timedelta(hours=1):g}"
