"""`stafford topics`: the Kafka topics, as a plan that can be shown, applied and verified."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stafford.cli import skew_view
from stafford.cli.quantities import parse_bytes, parse_duration, parse_rate, write_bytes
from stafford.errors import UnsafeChange
from stafford.jobs.topics import build
from stafford.settings import Settings
from stafford.transport.topics import (
    Change,
    Edit,
    Hardware,
    Kind,
    Load,
    Size,
    TopicDescription,
    find_size,
)
from stafford.transport.topics.sizing import BUSY, FULL, MOST_REPLICAS, RECORD_OVERHEAD_BYTES

_SECONDS_A_DAY = 86_400
_BOUNDS = {
    "copies": "one for each of {copies} copies",
    "network": f"network ÷ {BUSY} of a broker's",
    "disk": f"disk ÷ {FULL} of a broker's",
    "replicas": f"partitions × copies ÷ {MOST_REPLICAS:,}",
}

app = typer.Typer(no_args_is_help=True, help="Plan, apply and verify the Kafka topics of config/topics.yaml.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
SIGNS = {
    Kind.CREATE: ("+", "green"),
    Kind.UPDATE: ("~", "yellow"),
    Kind.REPLACE: ("-/+", "red"),
    Kind.UNMANAGED: ("?", "dim"),
}


@app.command("plan", epilog="Example: stafford topics plan")
def plan_command(as_json: Json = False) -> None:
    """Show what `apply` would change; changes nothing. Exit code 0, also when there are changes."""
    with build(Settings()) as job:
        changes = job.plan()
    _show(changes, as_json=as_json, empty="Nothing to change: the broker is as planned.")


@app.command(epilog="Example: stafford topics apply --allow-reordering")
def apply(
    allow_reordering: Annotated[
        bool, typer.Option("--allow-reordering", help="Add partitions, though keys move to other ones.")
    ] = False,
    allow_data_loss: Annotated[
        bool,
        typer.Option("--allow-data-loss", help="Shorten retention or change cleanup, though records go."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Create and update topics as planned. Safe to repeat; refuses what breaks order or loses data.

    Topics that are not in the plan are never touched.
    """
    with build(Settings()) as job:
        done = job.apply(allow_reordering=allow_reordering, allow_data_loss=allow_data_loss)
    _show(done, as_json=as_json, empty="Nothing to change: the broker is as planned.", brief=True)
    if done and not as_json:
        created = sum(change.kind is Kind.CREATE for change in done)
        _console().print(f"\nApplied: {created} created, {len(done) - created} updated.")


@app.command(epilog="Example: stafford topics verify && stafford simulate")
def verify(as_json: Json = False) -> None:
    """Check that the broker is as planned. Exit code 0 when it is, 1 on drift."""
    with build(Settings()) as job:
        drift = job.verify()
        planned = len(job.desired)
    _show(drift, as_json=as_json, empty=f"All {planned} topics are as planned.")
    if drift:
        raise typer.Exit(1)


@app.command("list", epilog="Example: stafford topics list --json")
def list_command(as_json: Json = False) -> None:
    """List the topics on the broker."""
    with build(Settings()) as job:
        topics, planned = job.list_topics(), job.desired
    if as_json:
        _print_json(
            [
                {"topic": name, "is_planned": name in planned, **asdict(state)}
                for name, state in topics.items()
            ]
        )
        return
    table = _table("topic", "partitions", "copies", "cleanup", "kept", "planned")
    for name, state in topics.items():
        policy = state.config["cleanup.policy"]
        age = _readable("retention.ms", state.config["retention.ms"])
        kept = "latest of each key" if policy == "compact" else age
        planned_text = "yes" if name in planned else "no"
        table.add_row(name, str(state.partitions), str(state.replication), policy, kept, planned_text)
    _console().print(table)


@app.command(epilog="Example: stafford topics describe orders")
def describe(
    name: Annotated[str | None, typer.Argument(help="A topic; all of them when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Show partitions, leaders, offsets, records and settings."""
    with build(Settings()) as job:
        found = job.describe(name)
        planned = {topic: list(spec.settings()) for topic, spec in job.desired.items()}
    if as_json:
        _print_json([{**asdict(topic), "records": topic.offset_span} for topic in found])
        return
    for topic in found:
        _show_topic(topic, planned.get(topic.topic, ["cleanup.policy", "retention.ms"]))


@app.command(epilog="Example: stafford topics skew clickstream")
def skew(
    name: Annotated[str | None, typer.Argument(help="A topic; all of the plan when left out.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="Records to read of each topic, the newest.")] = 200_000,
    keys: Annotated[int, typer.Option(min=0, help="How many of the hottest keys to name.")] = 5,
    as_json: Json = False,
) -> None:
    """Measure how evenly records lie on the partitions, which keys are hot, and what to do about it.

    Reads the newest records of each partition, by what it holds; nothing is committed. Where the topic has
    more of them than the sample, records and bytes are extrapolated from it.
    """
    with build(Settings()) as job:
        found = job.measure_skew(name, most=sample, hottest=keys)
    if as_json:
        _print_json([asdict(topic) for topic in found])
        return
    console = _console()
    for topic in found:
        skew_view.show(console, topic)


@app.command(epilog="Example: stafford topics delete orders --yes")
def delete(
    name: Annotated[str, typer.Argument(help="The topic to delete.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Delete a topic and every record in it. Asks first; without a terminal it needs --yes."""
    if not yes:
        if not sys.stdin.isatty():
            raise UnsafeChange(f"topic {name} was not deleted: there is no terminal to ask; add --yes")
        typer.confirm(f"Delete topic {name} and every record in it?", abort=True)
    with build(Settings()) as job:
        job.delete(name)
    _console().print(f"Deleted topic {escape(name)}.")


@app.command(epilog="Example: stafford topics size --rate 50k/s --record 300B --retention 7d")
def size(
    rate: Annotated[float, typer.Option(parser=parse_rate, help="Records at the peak: 50k/s, 900/h.")],
    record: Annotated[
        float,
        typer.Option(parser=parse_bytes, help="Key, value and headers of one, after compression: 300B."),
    ],
    retention: Annotated[float, typer.Option(parser=parse_duration, help="How long each is kept: 7d, 12h.")],
    replication: Annotated[int, typer.Option(min=1, help="Copies of each record.")] = 3,
    groups: Annotated[int, typer.Option(min=0, help="Consumer groups that read all of it.")] = 1,
    consumers: Annotated[int, typer.Option(min=1, help="Members of the largest group.")] = 1,
    partition: Annotated[
        float, typer.Option(parser=parse_bytes, help="What one partition bears in a second; measure it.")
    ] = "10MB",  # type: ignore[assignment] # Typer parses a default as it parses what is typed
    network: Annotated[
        float, typer.Option(parser=parse_bytes, help="What a broker's network bears in a second.")
    ] = "125MB",  # type: ignore[assignment]
    disk: Annotated[float, typer.Option(parser=parse_bytes, help="A broker's disk.")] = "1TB",  # type: ignore[assignment]
    as_json: Json = False,
) -> None:
    """Say how many partitions and brokers a topic needs, and how much disk and network, with the formula."""
    load = Load(rate / _SECONDS_A_DAY, record, retention, replication, groups, consumers)
    hardware = Hardware(partition, network, disk)
    found = find_size(load, hardware)
    if as_json:
        _print_json(asdict(found))
        return
    table = _table("needs", "", "because")
    table.columns[2].no_wrap = False
    for row in _explain(load, hardware, found):
        table.add_row(*row)
    _console().print(table)


def _explain(load: Load, hardware: Hardware, found: Size) -> Iterable[tuple[str, str, str]]:
    copies = load.replication
    yield (
        "throughput",
        f"{write_bytes(found.throughput)}/s",
        f"{load.rate:,.0f} records/s × ({load.record_bytes:,.0f} + {RECORD_OVERHEAD_BYTES} bytes)",
    )
    yield (
        "partitions",
        f"{found.partitions:,}",
        f"throughput ÷ ({write_bytes(hardware.partition_rate)}/s × {BUSY}), and one for each consumer",
    )
    yield "disk", write_bytes(found.disk_bytes), f"throughput × retention × {copies} copies"
    yield (
        "and for open segments",
        write_bytes(found.segment_bytes),
        f"{found.partitions:,} partitions × 1 GiB × {copies} copies, at most: a segment is deleted whole",
    )
    yield "network in", f"{write_bytes(found.network_in)}/s", f"throughput × {copies} copies"
    yield (
        "network out",
        f"{write_bytes(found.network_out)}/s",
        f"throughput × ({copies - 1} followers + {load.groups} groups)",
    )
    yield "brokers", f"{found.brokers:,}", _BOUNDS[found.bound].format(copies=copies)


def _console() -> Console:
    # Lines longer than a narrow terminal wrap there, and stay whole in a pipe.
    return Console(soft_wrap=True, highlight=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # Only the sentence gives way in a narrow terminal; names and numbers stay whole.
        table.add_column(column, overflow="fold", no_wrap=column != "kept")
    return table


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, indent=2))


def _show(changes: Iterable[Change], *, as_json: bool, empty: str, brief: bool = False) -> None:
    """brief: without the settings of new topics, which `topics describe` shows."""
    changes = list(changes)
    if as_json:
        _print_json([asdict(change) for change in changes])
        return
    console = _console()
    for change in changes:
        sign, colour = SIGNS[change.kind]
        note = "  (not in the plan, left alone)" if change.kind is Kind.UNMANAGED else ""
        console.print(f"[{colour}]{sign} {escape(change.topic)}[/]{note}")
        edits = () if brief and change.kind is Kind.CREATE else change.edits
        width = max((len(edit.name) for edit in edits), default=0)
        for edit in edits:
            console.print(f"    {edit.name:<{width}} = {_describe(edit)}")
    if not any(change.is_drift for change in changes):
        console.print(empty)


def _describe(edit: Edit) -> str:
    after = _readable(edit.name, edit.after)
    text = after if edit.before is None else f"{_readable(edit.name, edit.before)} -> {after}"
    return f"{text}  [red]# {edit.risk}: {edit.consequence}[/]" if edit.risk else text


def _readable(name: str, value: str) -> str:
    if value == "-1" and name.startswith("retention"):
        return "unlimited"
    if not name.endswith(".ms"):
        return value
    rest, parts = int(value) // 1000, []
    for unit, seconds in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or f"{value} ms"


def _show_topic(topic: TopicDescription, settings: Iterable[str]) -> None:
    console = _console()
    is_compacted = topic.config.get("cleanup.policy") != "delete"
    records = f"{'at most ' if is_compacted else ''}{topic.offset_span:,} records"
    console.print(f"[bold]{escape(topic.topic)}[/]: {len(topic.partitions)} partitions, {records}")
    names = list(settings)
    width = max(map(len, names))
    for name in names:
        console.print(f"    {name:<{width}} = {_readable(name, topic.config[name])}")
    table = _table("    partition", "leader", "in sync", "low", "high", "records")
    for part in topic.partitions:
        in_sync = f"{len(part.in_sync)} of {len(part.replicas)}"
        leader = "none" if part.leader is None else str(part.leader)
        offsets = (f"{part.low:,}", f"{part.high:,}", f"{part.high - part.low:,}")
        table.add_row(f"    {part.partition}", leader, in_sync, *offsets)
    console.print(table)
