"""`stafford reconcile`: the verdict on everything that was sent."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stafford.cli.quantities import parse_duration
from stafford.domain.money import format_cents
from stafford.errors import ReconciliationError
from stafford.jobs.reconcile import build
from stafford.jobs.shop_state import await_rest
from stafford.jobs.warehouse import Target
from stafford.ledger.reconciliation import Reconciliation
from stafford.settings import Settings

SHOWN = 20


def reconcile(
    target: Annotated[Target, typer.Option(help="The warehouse whose marts are compared.")] = Target.DUCKDB,
    marts: Annotated[bool, typer.Option(help="Compare the money in the marts too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    at_rest: Annotated[
        float,
        typer.Option(
            "--at-rest",
            parser=parse_duration,
            metavar="TIME",
            help="Give no verdict, and exit with 75, when something was sent in the last 30s, 5m or 2h.",
        ),
    ] = "0",  # type: ignore[assignment] # the parser reads the default too
) -> None:
    """Compare the ledger with bronze, silver, quarantine and marts, by sets of ids and by cents.

    Exit code 0 when everything is accounted for, 3 when it is not; the ids are named either way.

    Example: stafford reconcile --json
    """
    settings = Settings()
    await_rest(settings.home_dir, at_rest)
    job = build(settings, target, with_marts=marts)
    with Console(stderr=True).status("comparing the ledger with the tables"):
        verdict = job.run()
    if as_json:
        typer.echo(verdict.to_json())
    else:
        show_verdict(Console(), verdict)
    if not verdict.reconciled:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in verdict.findings_by_kind.items())
        waiting = "; what still waits in Kafka or the spool counts as lost until `stafford ingest` has run"
        raise ReconciliationError(
            f"ledger and tables disagree: {kinds}{waiting if verdict.totals['lost'] else ''}; all ids are in "
            f"{job.verdict_path}"
        )


def show_verdict(console: Console, verdict: Reconciliation) -> None:
    """Print the totals, the quarantine by reason, the money, and the first findings."""
    totals = verdict.totals
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for name, note in (
        ("sent", "records, copies and retries included"),
        ("acknowledged", "by a durable log"),
        ("bronze", "records landed"),
        ("silver", "one row for each event"),
        ("quarantined", "with a reason"),
        ("duplicates_removed", "copies of rows that are there"),
        ("replayed", "in silver, out of quarantine"),
        ("dropped", "out of quarantine, with a reason"),
        ("lost", ""),
        ("doubled", ""),
    ):
        if name in {"replayed", "dropped"} and not totals.get(name):
            continue
        value = f"{totals.get(name, 0):,}"
        if name in {"lost", "doubled"}:
            value = f"[bold {'green' if totals.get(name, 0) == 0 else 'red'}]{value}[/]"
        table.add_row(name.replace("_", " "), value, note)
    console.print(table)
    reasons: dict[str, int] = {}
    for row in verdict.quarantine_reasons:
        reasons[row["reason"].split(":")[0]] = reasons.get(row["reason"].split(":")[0], 0) + row["found"]
    if reasons:
        listed = ", ".join(
            f"{reason} {count:,}" for reason, count in sorted(reasons.items(), key=lambda kv: -kv[1])
        )
        console.print(f"[dim]quarantined by reason:[/] {escape(listed)}")
    for money in verdict.money:
        sign = "[green]=[/]" if money.ledger_cents == money.mart_cents else "[bold red]≠[/]"
        console.print(
            f"[dim]{money.measure:<9}[/] ledger {format_cents(money.ledger_cents)} {sign} "
            f"marts {format_cents(money.mart_cents)}"
        )
    if verdict.reconciled:
        console.print("every event is accounted for")
    for finding in verdict.findings[:SHOWN]:
        console.print(
            f"[red]{finding.kind}[/] {finding.topic} {finding.event_id or ''} {escape(finding.detail)}"
        )
    if len(verdict.findings) > SHOWN:
        console.print(f"[red]… and {len(verdict.findings) - SHOWN:,} more[/]")
