"""What every benchmark shows and writes: a bar meanwhile, tables, the machine, files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.machine import Machine


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """A bar for each task; twice a second is enough for the eye and takes nothing from what is measured."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=2) as bar:
        yield bar


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def describe_machine(machine: Machine, versions: Mapping[str, str], libraries: Sequence[str]) -> str:
    """A table of what a reader must know to compare numbers.

    Args:
        machine: that was measured.
        versions: of the programs that were measured.
        libraries: which of the machine's libraries had a part in it.
    """
    known = {name: version for name, version in machine.libraries.items() if name in libraries}
    shown = sorted({**known, **versions}.items())
    rows = [
        ["CPU", machine.cpu],
        ["Cores", str(machine.cores)],
        ["Memory", f"{machine.memory_gb} GB"],
        ["System", machine.system],
        ["Python", machine.python],
        ["Load before the run", f"{machine.load} of {machine.cores}"],
        ["Versions", ", ".join(f"{name} {version}" for name, version in shown)],
    ]
    return table(["", ""], rows)


def write(texts: Mapping[Path, str]) -> list[Path]:
    """Write files, with the folders that they need."""
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)
