"""Other people's generators, in an environment of their own, doing comparable work."""

import re
from collections.abc import Callable
from pathlib import Path

from benchmarks.generator.contender import Contender
from benchmarks.machine import one_thread
from stafford.runtime.environments import ensure_environment

_SCRIPTS = Path(__file__).parent / "scripts"
PEERS = ("faker", "jafgen", "mimesis")
LEFT_OUT = (
    "dbldatagen: it needs a Spark session, which would be measured with it and takes half a "
    "gigabyte of environment"
)


def list_contenders(
    root: Path, cache_dir: Path, core: int, progress: Callable[[str], None]
) -> list[Contender]:
    """The peers; their environment is made on the first call.

    Raises:
        ConfigError: the environment could not be made.
    """
    programs = ensure_environment("peers", root / "requirements" / "peers.txt", cache_dir, progress)
    python = str(programs / "python")

    def clicks(name: str, title: str) -> Contender:
        script = str(_SCRIPTS / f"{name}_clicks.py")
        return Contender(
            name=name,
            title=title,
            writes="clickstream events with the same fields, each row by itself",
            command=lambda rows, out: [python, script, str(rows), str(out)],
            count=lambda output, _out: int(output),
            amount=5000,
            cores=(core,),
            environment=one_thread(),
        )

    jafgen = str(programs / "jafgen")
    return [
        clicks("mimesis", "mimesis, NDJSON"),
        clicks("faker", "Faker, NDJSON"),
        Contender(
            name="jafgen",
            title="jafgen, CSV",
            writes="a year of customers, orders, items and tweets of dbt's jaffle shop",
            # It makes whole years only; its help costs the start-up and makes nothing.
            command=lambda years, _out: [jafgen, str(years)] if years else [jafgen, "--help"],
            count=lambda _output, out: _count_csv(out.parent),
            amount=1,
            cores=(core,),
            fixed=(0, 1),
            environment=one_thread(),
        ),
    ]


def read_versions(root: Path) -> dict[str, str]:
    """The pinned versions of the peers."""
    text = (root / "requirements" / "peers.txt").read_text(encoding="utf-8")
    return dict(re.findall(rf"(?m)^({'|'.join(PEERS)})==(\S+)", text))


def _count_csv(folder: Path) -> int:
    return sum(_count_lines(path) - 1 for path in folder.rglob("*.csv"))


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
