"""`stafford demo`: the whole platform, once, with proof."""

import json
import os
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from stafford.cli.demo_view import show_demo
from stafford.cli.reconcile import show_verdict
from stafford.errors import ReconciliationError
from stafford.jobs.demo import DemoJob, Plan, Summary
from stafford.settings import Settings

HOME = "data/demo"


class Transport(StrEnum):
    """Where the records go."""

    AUTO = "auto"
    KAFKA = "kafka"
    FILES = "files"


def demo(
    events: Annotated[int, typer.Option(help="About how many events to send.")] = 200_000,
    days: Annotated[int, typer.Option(help="Days of history before the live part.")] = 30,
    seed: Annotated[int, typer.Option(help="Which shop; the same seed gives the same ledger.")] = 42,
    live_seconds: Annotated[float, typer.Option(help="Seconds of live traffic; they show one day.")] = 20,
    transport: Annotated[
        Transport, typer.Option(help="auto takes Kafka, and files where it fails.")
    ] = Transport.AUTO,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave Kafka running afterwards.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Send a shop's month and a live day through Kafka, Spark and dbt, reconcile, and write a report.

    Works in data/demo (another with --home), which it empties first. Exit code 0 when every event is
    accounted for, 3 when one is not.

    Example: stafford demo --events 20000 --seed 7
    """
    # A demo empties its home, so unless it is told one it keeps away from the home of the other commands.
    os.environ.setdefault("STAFFORD_HOME", HOME)
    plan = Plan(events, days, seed, live_seconds, transport.value, keep_running)
    job = DemoJob(Settings(), plan)
    console = Console(stderr=as_json)
    try:
        with show_demo(console) as view:
            summary = job.run(view)
    except KeyboardInterrupt:
        kafka = "; Kafka may still run: stafford kafka stop" if keep_running else "; nothing is left running"
        console.print(f"stopped by Ctrl-C{kafka}", soft_wrap=True)
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(_as_dict(summary)))
    else:
        _show(console, summary)
    if not summary.verdict.reconciled:
        raise ReconciliationError(f"the demo does not reconcile; every finding is in {summary.report}")


def _show(console: Console, summary: Summary) -> None:
    console.print()
    show_verdict(console, summary.verdict)
    seconds = sum(summary.stages.values())
    memory = f"{summary.peak_memory_bytes / 2**30:.1f} GiB"
    console.print(f"[dim]took[/] {seconds:.0f} s  [dim]peak memory[/] {memory}, all processes together")
    console.print(f"[dim]report[/] {summary.report}", soft_wrap=True)
    console.print("[dim]next[/] docs/tutorials/first-15-minutes.md does it by hand, and breaks it")
    if summary.bootstrap:
        console.print(f"[dim]Kafka still runs at[/] {summary.bootstrap}; look at it with")
        for words in ("topics describe", "kafka stop"):
            console.print(f"  stafford --home {summary.report.parent} {words}", soft_wrap=True)


def _as_dict(summary: Summary) -> dict[str, object]:
    return {
        **json.loads(summary.verdict.to_json()),
        "report": str(summary.report),
        "stages": summary.stages,
        "peak_memory_bytes": summary.peak_memory_bytes,
        "bootstrap": summary.bootstrap,
    }
