"""`python -m chaos`: breaks the platform in every way that is listed, and writes what became of it."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chaos import disks, page
from chaos.faults import FAULTS
from chaos.pieces import ChaosError
from chaos.platform import Platform
from chaos.runner import Outcome, Skipped, run
from stafford.settings import PROJECT_DIR

_ALL = "all"
_NAMES = [fault.name for fault in FAULTS]


def _choose(text: str) -> list[str]:
    names = _NAMES if text == _ALL else text.split(",")
    unknown = [name for name in names if name not in _NAMES]
    if unknown:
        raise typer.BadParameter(f"no fault {', '.join(unknown)}; there are {', '.join(_NAMES)}")
    return names


def main(
    faults: Annotated[
        str, typer.Option(help=f"all, or names with commas between them: {', '.join(_NAMES)}.")
    ] = _ALL,
    seed: Annotated[int, typer.Option(help="Of the moments at which they come.")] = 7,
    home: Annotated[
        Path, typer.Option(help="Folder to work in; it is emptied first, and removed where all is well.")
    ] = Path("data/chaos"),
    out: Annotated[
        Path | None, typer.Option(help="Page to write; for all faults docs/reference/chaos.md.")
    ] = None,
) -> None:
    """Break a running platform in every way that is listed; takes about a minute for each.

    Example: python -m chaos --faults broker-killed,power-cut
    """
    chosen = [fault for fault in FAULTS if fault.name in _choose(faults)]
    console = Console(stderr=True)
    disks.unmount_below(home.resolve())
    shutil.rmtree(home, ignore_errors=True)
    platform = Platform(home.resolve())
    outcomes: list[Outcome | Skipped] = []
    try:
        with console.status("starting") as status:
            for outcome in run(platform, chosen, seed, status.update):
                outcomes.append(outcome)
                console.print(page.line(outcome), soft_wrap=True, highlight=False)
    except ChaosError as exc:
        console.print(f"error: {exc}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from exc
    finally:
        platform.stop()
    if out is None and faults == _ALL:
        out = PROJECT_DIR / "docs" / "reference" / "chaos.md"
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page.render(outcomes, seed), encoding="utf-8")
        sys.stdout.write(f"{out}\n")
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    typer.run(main)
