"""How `stafford quarantine` shows records, groups and outcomes to a person."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stafford.cli.wire_text import show_bytes, show_text
from stafford.lakehouse.quarantine.outcome import ReplayOutcome
from stafford.lakehouse.quarantine.records import Group

WIDEST_SAMPLE = 34


def show_groups(groups: Sequence[tuple[Group, str]], opened: int, *, resolved: bool) -> None:
    """Print each group with a value below it, and how many records are open."""
    console = _console()
    if groups:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for name in ("topic", "reason", "records", "first seen", "last seen"):
            table.add_column(name, justify="right" if name == "records" else "left", overflow="fold")
        for group, sample in groups:
            code = group.reason if group.field is None else f"{group.reason}:{group.field}"
            table.add_row(
                escape(show_text(group.topic)),
                escape(show_text(code)),
                f"{group.records:,}",
                f"{group.first_seen:%Y-%m-%d}",
                f"{group.last_seen:%Y-%m-%d}",
            )
            table.add_row("", f"[dim]{escape(show_text(sample, WIDEST_SAMPLE))}[/]")
        console.print(table)
    elif resolved:
        console.print("No replay resolved anything yet.")
    console.print(f"{opened:,} record{'s are' if opened != 1 else ' is'} open.", style="bold")


def show_records(rows: Sequence[dict[str, Any]]) -> None:
    """Print records one below the other, with nothing in them that a terminal would obey."""
    console = _console()
    for row in rows:
        console.print(f"[bold]{escape(show_text(row['quarantine_id']))}[/]  {escape(row['fate'])}")
        stood = f"{row['topic']} · {row['_source']} · partition {row['_partition']} · offset {row['_offset']}"
        _line(console, "stood at", stood)
        _line(console, "arrived", row["_arrived_at"].isoformat())
        _line(console, "event_id", row["event_id"] or "unknown")
        _line(console, "run", row["_run_id"] or "unknown")
        _line(console, "reasons", ", ".join(row["reasons"] or row["first_reasons"]))
        console.print(f"  {'key':<10}{escape(show_bytes(row['key']))}")
        console.print(f"  {'body':<10}{escape(show_bytes(row['original']))}")
        for step in row["history"]:
            names = ", ".join(json.loads(rule)["name"] for rule in step["rules"])
            then = f"{step['fate']}" + (f" ({', '.join(step['reasons'])})" if step["reasons"] else "")
            _line(console, "replayed", f"{step['replayed_at'].isoformat()} by {names} → {then}")
            if step["value"] != row["original"]:
                console.print(f"  {'became':<10}{escape(show_bytes(step['value']))}")


def show_outcome(outcome: ReplayOutcome, *, dry: bool, path: Path) -> None:
    """Print what each rule met, then what became, or would become, of the records."""
    console = _console()
    if outcome.finished_batches:
        console.print(f"Finished first: {outcome.finished_batches} replay that was cut off.", style="yellow")
    for rule in outcome.rules:
        does = "changed" if rule.action in {"rename", "cast", "default"} else None
        counted = f"{rule.selected:,} selected" + (f", {rule.changed:,} {does}" if does else "")
        console.print(f"[bold]{escape(rule.name)}[/] ({rule.action}): {counted}")
        if rule.before is not None:
            before, after = (
                escape(show_text(text, LONGEST_VALUE)) for text in (rule.before, rule.after or "")
            )
            console.print(f"    {before} → {after}")
    will = "would go" if dry else "went"
    console.print()
    for count, text in (
        (outcome.silver, f"{will} to silver"),
        (outcome.duplicates, f"{will} nowhere: the event is in silver already"),
        (outcome.dropped, "would be dropped" if dry else "dropped, with the reason in the history"),
        (outcome.still_refused, "would still be refused" if dry else "still refused"),
    ):
        console.print(f"{count:>10,}  {text}")
    for (topic, reason), count in outcome.refused_for.most_common(10):
        console.print(f"{'':>12}{count:,} of {escape(show_text(topic))} for {escape(show_text(reason))}")
    if dry:
        console.print(f"\nNothing was changed. To do it: stafford quarantine replay {escape(str(path))}")


LONGEST_VALUE = 60


def to_jsonable(value: Any) -> Any:
    """A record as JSON: bytes both escaped, to be read, and in base64, to be exact."""
    if isinstance(value, bytes):
        return {"text": show_bytes(value), "base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: to_jsonable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [to_jsonable(item) for item in value]
    return value


def _line(console: Console, name: str, text: str) -> None:
    console.print(f"  {name:<10}{escape(show_text(text))}")


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False)
