"""`stafford bench kafka`: measures, and writes the page, the picture and the raw runs."""

import json
import shutil
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from benchmarks import machine, plot, report
from benchmarks.kafka import page, rebalance
from benchmarks.kafka.lab import Lab, opened_lab
from benchmarks.kafka.result import Result
from benchmarks.kafka.variants import CONSUMERS, PARTITIONS, list_variants
from benchmarks.process import RunFailed
from stafford.errors import StaffordError
from stafford.runtime.jars import ROOTS
from stafford.runtime.java import find_java
from stafford.settings import PROJECT_DIR, Settings

NAME = "benchmarks-kafka"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. target_s: seconds of one measurement; rate: records/s of the delays."""

    rounds: int
    target_s: float
    rate: int
    read_rows: int
    consumers: tuple[int, ...]
    changes: tuple[str, ...]
    settle_s: float
    watch_s: float


WHOLE = Size(3, 1.2, 5000, 1_500_000, CONSUMERS, rebalance.CHANGES, 3.0, 4.0)
QUICK = Size(1, 0.2, 2000, 20_000, CONSUMERS[1:2], rebalance.CHANGES[:1], 0.3, 0.3)


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="Only show that everything runs; the numbers say nothing.")
    ] = False,
    docs: Annotated[
        Path | None, typer.Option(help="Folder for page and picture [default: docs, or data/ with --quick].")
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder for raw runs and for what is written meanwhile.")] = Path(
        "data/benchmarks/kafka"
    ),
) -> None:
    """Measure Kafka's settings on this machine; takes about ten minutes."""
    # A polite end lets every `with` close what it opened, the broker first of all.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size = QUICK if quick else WHOLE
    data = data.resolve()
    docs = (docs or (data / "docs" if quick else PROJECT_DIR / "docs")).resolve()
    console = Console(stderr=True)
    try:
        result = _measure_all(size, data / "scratch", console, quick=quick)
    except (RunFailed, StaffordError) as exc:
        console.print(f"error: {exc}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from exc
    finally:
        shutil.rmtree(data / "scratch", ignore_errors=True)
    for path in _write(result, docs, data):
        sys.stdout.write(f"{path}\n")


def _measure_all(size: Size, scratch: Path, console: Console, *, quick: bool) -> Result:
    result = Result(
        machine=machine.describe(PROJECT_DIR),
        measured_at=datetime.now(UTC),
        rounds=size.rounds,
        target_s=size.target_s,
        rate=size.rate,
        read_rows=size.read_rows,
        versions={"Java": str(find_java().major), "Kafka": ROOTS["kafka"][0].rpartition(":")[2]},
    )
    cores = machine.list_cores()
    with report.progress(console) as bar:
        task = bar.add_task("Kafka", total=None)
        with opened_lab(
            Settings(),
            PROJECT_DIR,
            scratch,
            cores,
            size.target_s,
            size.rate,
            lambda said: bar.update(task, description=said),
        ) as lab:
            bar.remove_task(task)
            _send(result, lab, bar, quick=quick)
            _read(result, lab, size, bar)
            _disturb(result, lab, size, bar)
    return result


def _send(result: Result, lab: Lab, bar: Progress, *, quick: bool) -> None:
    variants = list(list_variants(quick=quick))
    task = bar.add_task("sending", total=result.rounds * len(variants))
    if not quick:
        # Thrown away: fills the system's caches, and tells how long the tool needs.
        lab.send(variants[0], 0)
        lab.send_by_tool(variants[0], 0)
    for number in range(1, result.rounds + 1):
        for variant in variants:
            bar.update(task, description=f"round {number}: {variant.factor or 'base'} {variant.value}")
            result.sent += [lab.send(variant, number), lab.send_by_tool(variant, number)]
            result.delayed.append(lab.delay(variant, number))
            bar.advance(task)


def _read(result: Result, lab: Lab, size: Size, bar: Progress) -> None:
    task = bar.add_task("reading", total=result.rounds * len(size.consumers))
    with lab.topic(PARTITIONS) as topic:
        lab.fill(topic, size.read_rows)
        for number in range(1, result.rounds + 1):
            for consumers in size.consumers:
                bar.update(task, description=f"round {number}: {consumers} consumers")
                result.read += [
                    lab.read(topic, consumers, number),
                    lab.read_by_tool(topic, size.read_rows, consumers, number),
                ]
                bar.advance(task)


def _disturb(result: Result, lab: Lab, size: Size, bar: Progress) -> None:
    task = bar.add_task("rebalancing", total=result.rounds * len(size.changes))
    for number in range(1, result.rounds + 1):
        for change in size.changes:
            bar.update(task, description=f"round {number}: {change}")
            result.paused += rebalance.measure(lab, change, number, size.settle_s, size.watch_s)
            bar.advance(task)


def _write(result: Result, docs: Path, data: Path) -> list[Path]:
    picture, written = docs / "images" / f"{NAME}.svg", docs / "reference" / f"{NAME}.md"
    raw = data / f"{result.measured_at:%Y%m%dT%H%M%SZ}.json"
    texts = {
        raw: json.dumps(result.as_json(), indent=2) + "\n",
        picture: plot.draw(
            "Records a second, acknowledged: one setting changed at a time", page.bars(result)
        ),
        written: page.render(result, f"../images/{NAME}.svg"),
    }
    return report.write(texts)


if __name__ == "__main__":
    typer.run(main)
