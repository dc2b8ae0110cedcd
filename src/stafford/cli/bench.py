"""`stafford bench`: measure on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from stafford.jobs import bench

app = typer.Typer(no_args_is_help=True, help="Measure on this machine, beside the tools of others.")


@app.callback()
def group() -> None:
    """Measure on this machine, beside the tools of others."""


@app.command(epilog="Example: stafford bench kafka --quick")
def kafka(
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
    """Vary what Kafka's producers and consumers are told, beside Kafka's own tools; takes ten minutes.

    Sweeps linger, batch size, compression, acks, partitions and consumers, and measures the pause of a group
    while a member joins, with the classic protocol and with KIP-848. Starts a broker of its own. Writes
    docs/reference/benchmarks-kafka.md with a table, a picture and a recommendation.
    """
    chosen = [*(["--quick"] if quick else []), *(["--docs", str(docs)] if docs else []), "--data", str(data)]
    raise typer.Exit(bench.run("kafka", chosen))
