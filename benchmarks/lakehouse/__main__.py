"""`python -m benchmarks.lakehouse`: measures, and writes the page and the raw runs."""

import json
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import machine, report
from benchmarks.lakehouse import page
from benchmarks.lakehouse.history import make_history
from benchmarks.lakehouse.paths import Paths, WrongResult
from benchmarks.lakehouse.result import Result
from benchmarks.lakehouse.sustained import hold
from benchmarks.lakehouse.topics import BEGINS_AT, EVENTS_PER_DAY, filled_topics
from benchmarks.process import RunFailed
from stafford.contracts import load_contracts
from stafford.errors import StaffordError
from stafford.jobs.ingest import fetch_jars
from stafford.lakehouse.session import close_session, open_session
from stafford.runtime.jars import ROOTS
from stafford.settings import PROJECT_DIR, Settings

NAME = "benchmarks"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. rows: records that each path reads in a round; warm_ups: rounds before.

    holds: rates to hold, in records a second, for how many seconds; how late a record may be, in seconds, or
    an ingestion that is killed; and whether it is.
    """

    rows: int
    warm_ups: int
    rounds: int
    history_ids: int
    holds: tuple[tuple[float, float, float, bool], ...] = ()


WHOLE = Size(
    500_000,
    4,
    5,
    10_000_000,
    ((2_000, 300, 3, False), (2_000, 120, 30, True), (10_000, 600, 10, False)),
)
QUICK = Size(5_000, 0, 1, 20_000)


def main(
    quick: Annotated[
        bool, typer.Option(help="Only show that everything runs; the numbers say nothing.")
    ] = False,
    docs: Annotated[
        Path | None, typer.Option(help="Folder for the page [default: docs, or data/ with --quick].")
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder for raw runs and for what is written meanwhile.")] = Path(
        "data/benchmarks/lakehouse"
    ),
    rows: Annotated[int | None, typer.Option(help="Records that each path reads in a round.")] = None,
    warm_ups: Annotated[int | None, typer.Option(help="Rounds before counting.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds that count.")] = None,
    history_ids: Annotated[int | None, typer.Option(help="Ids that the long history has.")] = None,
    sustained: Annotated[bool, typer.Option(help="Hold rates for minutes as well.")] = True,
) -> None:
    """Measure how fast the lake takes in events, beside Spark's own reading of Kafka."""
    base = QUICK if quick else WHOLE
    size = Size(
        base.rows if rows is None else rows,
        base.warm_ups if warm_ups is None else warm_ups,
        base.rounds if rounds is None else rounds,
        base.history_ids if history_ids is None else history_ids,
        base.holds if sustained else (),
    )
    data = data.resolve()
    docs = (docs or (data / "docs" if size != WHOLE else PROJECT_DIR / "docs")).resolve()
    console = Console(stderr=True)
    scratch = data / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        result = _measure(size, scratch, console)
        written = _write(result, docs, data)
        for number, (rate, seconds, within_s, kill) in enumerate(size.holds):
            folder = scratch / f"hold-{number}"
            try:
                result.held.append(
                    hold(PROJECT_DIR, folder, rate, seconds, within_s, kill=kill, progress=console.print)
                )
            except RunFailed as exc:
                # A machine that is too slow for one rate may hold another, and the page says both.
                result.failed.append(f"{rate:,.0f}/s for {seconds:.0f} s: {exc}")
                _say_error(console, exc)
            # What was measured is kept, whatever becomes of the next.
            written = _write(result, docs, data)
    except (WrongResult, StaffordError) as exc:
        _say_error(console, exc)
        raise typer.Exit(1) from exc
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for path in written:
        sys.stdout.write(f"{path}\n")
    if result.failed:
        raise typer.Exit(1)


def _say_error(console: Console, error: Exception) -> None:
    console.print(f"error: {error}", style="red", markup=False, highlight=False)


def _measure(size: Size, scratch: Path, console: Console) -> Result:
    settings = Settings()
    contracts = load_contracts(settings.contracts_dir)
    java, jars = fetch_jars(settings, console.print)
    result = Result(
        machine=machine.describe(PROJECT_DIR),
        measured_at=datetime.now(UTC),
        rounds=size.rounds,
        warm_ups=size.warm_ups,
        history_ids=size.history_ids,
        versions={
            "Java": str(java.major),
            **{name: ROOTS[name][0].rpartition(":")[2] for name in ("kafka",)},
            **{root.split(":")[1]: root.rpartition(":")[2] for root in ROOTS["spark"]},
        },
        driver_memory=settings.spark_driver_memory,
        master=settings.spark_master,
    )
    with filled_topics(settings, scratch, java, size.rows, console.print) as filled:
        result.rows = filled.rows
        console.print(f"{filled.rows:,} records; making a history of {size.history_ids:,} ids")
        make_history(scratch / "history", contracts.values(), size.history_ids, BEGINS_AT, EVENTS_PER_DAY)
        spark = open_session(
            jars,
            scratch / "spark",
            master=settings.spark_master,
            driver_memory=settings.spark_driver_memory,
            java_home=java.home,
            conf=settings.spark_conf,
        )
        try:
            paths = Paths(
                spark, contracts, filled.kafka, filled.rows, scratch / "history", scratch / "rounds"
            )
            for number in range(1 - size.warm_ups, size.rounds + 1):
                for timed in paths.run(number):
                    result.runs.append(timed)
                    rate = filled.rows / timed.seconds
                    console.print(f"round {number}: {timed.path}: {timed.seconds:.1f} s, {rate:,.0f}/s")
        finally:
            close_session(spark)
    return result


def _write(result: Result, docs: Path, data: Path) -> list[Path]:
    raw = data / f"{result.measured_at:%Y%m%dT%H%M%SZ}.json"
    text = docs / "reference" / f"{NAME}.md"
    pictures = {docs / "images" / name: drawn for name, drawn in page.draw(result).items()}
    raw_text = json.dumps(result.as_json(), indent=2) + "\n"
    return report.write({raw: raw_text, **pictures, text: page.render(result)})


if __name__ == "__main__":
    typer.run(main)
