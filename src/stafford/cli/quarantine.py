"""`stafford quarantine`: what was refused and why, and the way back."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from stafford.cli.quarantine_view import show_groups, show_outcome, show_records, to_jsonable
from stafford.errors import ConfigError
from stafford.jobs.quarantine import build
from stafford.settings import Settings

app = typer.Typer(no_args_is_help=True, help="What silver refused and why, and the way back into silver.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
RuleFile = Annotated[Path, typer.Argument(help="A rule file, in YAML.", show_default=False)]


@app.command("list", epilog="Example: stafford quarantine list --json")
def list_command(
    resolved: Annotated[
        bool, typer.Option("--resolved", help="List what replays resolved, by what it was refused for.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the open records by topic, reason and field, with one value; personal data is masked.

    A record with several reasons stands in each of their lines.
    """
    job = build(Settings())
    groups, opened = job.list_groups(resolved=resolved), job.count_open()
    if as_json:
        listed = [
            {
                "topic": group.topic,
                "reason": group.reason,
                "field": group.field,
                "records": group.records,
                "first_seen": group.first_seen.isoformat(),
                "last_seen": group.last_seen.isoformat(),
                "sample": sample,
            }
            for group, sample in groups
        ]
        typer.echo(json.dumps({"open": opened, "groups": listed}, indent=2))
    else:
        show_groups(groups, opened, resolved=resolved)


@app.command(epilog="Example: stafford quarantine show --topic orders --reason required --field total_cents")
def show(
    quarantine_id: Annotated[
        str | None, typer.Argument(help="One record, by the beginning of its id.", show_default=False)
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Records of this topic.")] = None,
    reason: Annotated[str | None, typer.Option(help="Records refused for this reason.")] = None,
    field: Annotated[str | None, typer.Option(help="The field that the reason names.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many records, the newest first.")] = 5,
    as_json: Json = False,
) -> None:
    """Show records with their raw bytes, where they stood in the log, and what replays did to them.

    Raw bytes hold personal data. Whatever is not plainly visible in them is written as an escape.
    """
    if quarantine_id is None and topic is None and reason is None:
        raise ConfigError("nothing is named; give the id of a record, or --topic and --reason of a group")
    if field is not None and reason is None:
        raise ConfigError(f"--field {field} says nothing without the --reason that names it; add it")
    code = reason if field is None else f"{reason}:{field}"
    rows = build(Settings()).find(quarantine_id=quarantine_id, topic=topic, code=code, limit=limit + 1)
    has_more, rows = len(rows) > limit, rows[:limit]
    if not rows:
        raise ConfigError("no such record; `stafford quarantine list` shows what is there")
    if as_json:
        _print_json([to_jsonable(row) for row in rows])
    else:
        show_records(rows)
        if has_more:
            typer.echo(f"These are the {limit} newest; there are more, see --limit.")


@app.command(epilog="Example: stafford quarantine fix rules.yaml")
def fix(path: RuleFile, as_json: Json = False) -> None:
    """Check a rule file, and say what a replay of it would change.

    Changes nothing, and may run beside an ingestion.
    """
    job = build(Settings())
    with Console(stderr=True).status("starting") as status:
        outcome = job.forecast(path, status.update)
    if as_json:
        _print_json(_outcome(outcome))
    else:
        show_outcome(outcome, dry=True, path=path)


@app.command(epilog="Example: stafford quarantine replay rules.yaml")
def replay(path: RuleFile, as_json: Json = False) -> None:
    """Apply a rule file: mended records go to silver, once each, with their history.

    Safe to repeat and to kill. Does not run beside an ingestion of the same home.
    """
    job = build(Settings())
    with Console(stderr=True).status("starting") as status:
        outcome = job.replay(path, status.update)
    if as_json:
        _print_json(_outcome(outcome))
    else:
        show_outcome(outcome, dry=False, path=path)


def _outcome(outcome: Any) -> dict[str, Any]:
    refused = [
        {"topic": topic, "reason": reason, "records": records}
        for (topic, reason), records in outcome.refused_for.most_common()
    ]
    return {**asdict(outcome), "refused_for": refused}


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, indent=2))
