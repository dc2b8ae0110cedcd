"""`python -m benchmarks.generator`: measures, and writes the page, the picture and the raw runs."""

import json
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from benchmarks import machine, plot, report
from benchmarks.generator import kafka, memory, page, peers, stafford_files
from benchmarks.generator.contender import choose_amounts, guess_amounts, measure
from benchmarks.generator.result import Result
from benchmarks.process import RunFailed
from stafford.errors import StaffordError
from stafford.runtime.jars import ROOTS
from stafford.runtime.java import find_java
from stafford.settings import PROJECT_DIR, Settings

NAME = "benchmarks-generator"
MEMORY_EVENTS = 10_000_000
LARGE_EVENTS = 100_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. target_s: seconds of one measurement beside its start-up."""

    rounds: int
    target_s: float
    memory_events: tuple[int, ...]


WHOLE = Size(5, 4.0, (MEMORY_EVENTS,))
LARGE = Size(5, 4.0, (MEMORY_EVENTS, LARGE_EVENTS))
QUICK = Size(1, 0.3, (50_000,))


def main(
    quick: Annotated[
        bool, typer.Option(help="Only show that everything runs; the numbers say nothing.")
    ] = False,
    large: Annotated[bool, typer.Option(help="Measure the memory for 100 million events as well.")] = False,
    events_per_day: Annotated[
        int, typer.Option(min=1000, help="Size of the shop: mean events a day.")
    ] = 200_000,
    docs: Annotated[
        Path | None, typer.Option(help="Folder for page and picture [default: docs, or data/ with --quick].")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder for raw runs and for what is generated meanwhile.")
    ] = Path("data/benchmarks/generator"),
) -> None:
    """Measure the generator beside others on this machine; takes about eight minutes."""
    size = QUICK if quick else LARGE if large else WHOLE
    data = data.resolve()
    docs = (docs or (data / "docs" if quick else PROJECT_DIR / "docs")).resolve()
    console = Console(stderr=True)
    try:
        result = _measure_all(size, events_per_day, data, console)
    except (RunFailed, StaffordError) as exc:
        console.print(f"error: {exc}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from exc
    finally:
        shutil.rmtree(data / "scratch", ignore_errors=True)
    for path in _write(result, docs, data):
        sys.stdout.write(f"{path}\n")


def _measure_all(size: Size, events_per_day: int, data: Path, console: Console) -> Result:
    result = Result(
        machine=machine.describe(PROJECT_DIR),
        measured_at=datetime.now(UTC),
        rounds=size.rounds,
        target_s=size.target_s,
        events_per_day=events_per_day,
        versions={
            **peers.read_versions(PROJECT_DIR),
            "Java": str(find_java().major),
            "Kafka": ROOTS["kafka"][0].rpartition(":")[2],
        },
    )
    scratch = data / "scratch"
    with report.progress(console) as bar:
        _compare(result, size, scratch, bar)
        _send(result, size, scratch, bar)
        _watch(result, size, scratch, bar)
    return result


def _compare(result: Result, size: Size, scratch: Path, bar: Progress) -> None:
    cores = machine.list_cores()
    task = bar.add_task("making the peers' environment", total=None)
    ours, notes = stafford_files.list_contenders(PROJECT_DIR, result.events_per_day, cores)
    others = peers.list_contenders(
        PROJECT_DIR, Settings().cache_dir, cores[-1], lambda said: bar.update(task, description=said)
    )
    result.contenders = [*ours, *others]
    result.notes += [*notes, peers.LEFT_OUT]
    amounts = {}
    for contender in result.contenders:
        bar.update(task, description=f"trying {contender.title}")
        amounts[contender.name] = (
            guess_amounts(contender) if size is QUICK else choose_amounts(contender, size.target_s, scratch)
        )
    bar.update(task, total=size.rounds * len(result.contenders) * 2)
    for number in range(1, size.rounds + 1):
        for contender in result.contenders:
            bar.update(task, description=f"round {number}: {contender.title}")
            for amount in amounts[contender.name]:
                result.runs.append(measure(contender, amount, number, scratch))
                bar.advance(task)


def _send(result: Result, size: Size, scratch: Path, bar: Progress) -> None:
    task = bar.add_task("Kafka", total=None)
    with kafka.running_clients(
        Settings(),
        PROJECT_DIR,
        scratch / "kafka",
        machine.list_cores(),
        size.target_s,
        result.events_per_day,
        lambda said: bar.update(task, description=said),
    ) as clients:
        bar.update(task, description=f"trying {kafka.TITLES[kafka.TOOL]}")
        rows = clients.calibrate()
        steps = {
            kafka.TOOL: lambda number: clients.send_by_tool(number, rows),
            kafka.TRANSPORT: clients.send_by_transport,
            kafka.WHOLE: clients.send_whole,
        }
        bar.update(task, total=size.rounds * len(steps))
        for number in range(1, size.rounds + 1):
            for client, send in steps.items():
                bar.update(task, description=f"round {number}: {kafka.TITLES[client]}")
                result.sent.append(send(number))
                bar.advance(task)


def _watch(result: Result, size: Size, scratch: Path, bar: Progress) -> None:
    task = bar.add_task("memory", total=len(size.memory_events))
    core = machine.list_cores()[-1:]
    for events in size.memory_events:
        bar.update(task, description=f"memory for {events:,} events")
        result.footprints.append(memory.measure(PROJECT_DIR, events, result.events_per_day, core, scratch))
        bar.advance(task)
    if LARGE_EVENTS not in size.memory_events:
        result.notes.append(f'memory for {LARGE_EVENTS:,} events: `make bench-generator ARGS="--large"`')


def _write(result: Result, docs: Path, data: Path) -> list[Path]:
    picture, written = docs / "images" / f"{NAME}.svg", docs / "reference" / f"{NAME}.md"
    raw = data / f"{result.measured_at:%Y%m%dT%H%M%SZ}.json"
    bars = [
        (contender.title, rate.rows_per_s.median, contender.name.startswith("stafford"))
        for contender in result.contenders
        if (rate := result.rate(contender.name))
    ]
    texts = {
        raw: json.dumps(result.as_json(), indent=2) + "\n",
        picture: plot.draw("Events a second, start-up apart", bars),
        written: page.render(result, f"../images/{NAME}.svg"),
    }
    return report.write(texts)


if __name__ == "__main__":
    typer.run(main)
