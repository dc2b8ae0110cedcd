"""One stack for all of these tests, under a name and on ports of its own, gone when they end."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.stack import standins

from stafford.runtime.ports import first_free
from stafford.settings import PROJECT_DIR
from stafford.transport.segments import SUFFIX

NAMES = (
    "KAFKA", "KAFKA_2", "KAFKA_3", "KAFKA_UI", "AIRFLOW", "SUPERSET", "POSTGRES", "REDIS", "SPARK_MASTER",
    "SPARK_HISTORY",
)  # fmt: skip


def choose_ports() -> dict[str, int]:
    """Ports that are free now, below the range that the system gives to clients; or what the settings say."""
    ports: dict[str, int] = {}
    for name in NAMES:
        wanted = os.environ.get(f"STAFFORD_STACK_{name}_PORT")
        ports[name] = int(wanted) if wanted else first_free(21000, ports.values())
    return ports


PORTS = choose_ports()
ENVIRONMENT = {
    "COMPOSE_PROJECT_NAME": "stafford-test",
    "COMPOSE_FILE": os.pathsep.join(["compose.yaml", "tests/stack/standin.yaml"]),
    "STAFFORD_STACK_REST": "15s",
    # A shop that is large enough to sell something before the test is over.
    "STAFFORD_STACK_RATE": "200/s",
    **{f"STAFFORD_STACK_{name}_PORT": str(port) for name, port in PORTS.items()},
}


WITNESS = "airflow-scheduler"
"""A service that sees the shop's home and takes no part in the stream."""


class Stack:
    """The stack under test, asked through the commands that users have."""

    def compose(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a Compose command with every profile on."""
        return self.run("docker", "compose", "--profile", "*", *words, check=check)

    def stafford(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run the command line on this machine."""
        return self.run(sys.executable, "-m", "stafford", *words, check=check)

    def inside(self, service: str, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a program in a service."""
        return self.compose("exec", "-T", service, *words, check=check)

    def sql(self, database: str, query: str) -> str:
        """Ask PostgreSQL as its superuser."""
        return self.inside("postgres", "psql", "--dbname", database, "-qAtc", query).stdout.strip()

    def secrets(self) -> list[str]:
        """Every secret of the installation, as it stands in the volumes."""
        words = (
            "run",
            "--rm",
            "--no-deps",
            "-T",
            "secrets",
            "sh",
            "-c",
            "for file in /secrets/*/*; do cat $file; echo; done",
        )
        return sorted({*self.compose(*words).stdout.split()})

    def credentials(self) -> dict[str, dict[str, str]]:
        """How to sign in, by service."""
        pairs = json.loads(self.stafford("stack", "credentials", "--json").stdout)
        return {pair["service"]: pair for pair in pairs}

    def containers(self) -> list[dict[str, Any]]:
        """Every container as Docker describes it."""
        ids = self.compose("ps", "--all", "--quiet").stdout.split()
        return list(json.loads(self.run("docker", "inspect", *ids).stdout))

    def reconcile(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Give the exit code and the verdict."""
        done = self.inside(WITNESS, "stafford", "reconcile", "--json", *options, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def workers(self) -> list[dict[str, Any]]:
        """Spark's workers that are alive, as its master sees them: host, cores in use and more."""
        with urllib.request.urlopen(f"http://127.0.0.1:{PORTS['SPARK_MASTER']}/json/", timeout=10) as answer:
            return [worker for worker in json.load(answer)["workers"] if worker["state"] == "ALIVE"]

    def tasks(self, run: str) -> dict[str, str]:
        """The state of each task in a run of the DAG; empty before Airflow knows the run."""
        words = ("airflow", "tasks", "states-for-dag-run", "marts", run, "--output", "json")
        text = self.inside(WITNESS, *words, check=False).stdout
        rows = json.loads(text[text.index("[{") :]) if "[{" in text else []
        return {row["task_id"]: row["state"] for row in rows}

    def restarts(self, service: str) -> int:
        """How often Docker started a service again by itself."""
        name = "com.docker.compose.service"
        return int(
            next(row["RestartCount"] for row in self.containers() if row["Config"]["Labels"][name] == service)
        )

    def history(self, what: str) -> list[dict[str, Any]]:
        """The history server's runs of an application, or what it says below one of them."""
        url = f"http://127.0.0.1:{PORTS['SPARK_HISTORY']}/api/v1/applications"
        with urllib.request.urlopen(f"{url}/{what}" if "/" in what else url, timeout=30) as answer:  # noqa: S310
            rows: list[dict[str, Any]] = json.load(answer)
        return rows if "/" in what else [row for row in rows if row["name"] == what]

    def copies(self, service: str) -> tuple[int, int]:
        """The fewest replicas, and the fewest in sync, of any partition; (0, 0) when nobody answers."""
        done = self.inside(service, "stafford", "topics", "describe", "--json", check=False)
        topics = json.loads(done.stdout) if done.returncode == 0 else []
        partitions = [part for topic in topics for part in topic["partitions"]]
        replicas, in_sync = (
            min((len(part[which]) for part in partitions), default=0) for which in ("replicas", "in_sync")
        )
        return replicas, in_sync

    def last_sale(self) -> float:
        """When Kafka last acknowledged something to the shop; seconds since the epoch."""
        ask = "import os; print(os.stat('/data/shop/shop.json').st_mtime)"
        return float(self.inside(WITNESS, "python", "-c", ask).stdout)

    def sells(self, limit_s: float = 60) -> bool:
        """Whether the ledger gets an acknowledgement, of Kafka or of the spool, within the limit."""
        before, deadline = self.last_sale(), time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if self.last_sale() > before:
                return True
            time.sleep(2)
        return False

    def spooled(self) -> int:
        """Segments in the shop's spool."""
        names = self.inside(WITNESS, "ls", "/data/shop/spool", check=False).stdout
        return len([name for name in names.split() if name.endswith(SUFFIX)])

    def batches(self) -> int:
        """The last micro-batch that silver committed; -1 before the first. Spark keeps a hundred of them."""
        names = self.inside(WITNESS, "ls", "/data/shop/checkpoints/silver/commits", check=False).stdout
        return max((int(name) for name in names.split() if name.isdigit()), default=-1)

    def until(self, what: str, holds: Callable[[], bool], limit_s: float = 300) -> None:
        """Wait until something holds.

        Raises:
            AssertionError: it did not in time.
        """
        deadline = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > deadline:
                state = self.compose("ps", "--all").stdout
                raise AssertionError(f"not within {limit_s:.0f} s: {what}\n{state}")
            time.sleep(3)

    def await_two_batches(self) -> None:
        """Wait until the stream moves: one batch may be under way already, the second begins after now."""
        before = self.batches()
        self.until("the stream moves", lambda: self.batches() > before + 1)

    def is_healthy(self, service: str) -> bool:
        """Whether a service is healthy now."""
        rows = json.loads(self.stafford("stack", "status", "--json", check=False).stdout or "[]")
        return any(row["service"] == service and row["health"] == "healthy" for row in rows)

    def run(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a program of this machine with the settings of this stack."""
        done = subprocess.run(
            command, cwd=PROJECT_DIR, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True,
            errors="replace", check=False, timeout=1500,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)} ended with {done.returncode}\n"
                f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack whose images are built and whose volumes are new; what is left of an older run goes first.

    STAFFORD_KEEP_STACK leaves it up at the end, and STAFFORD_REUSE_STACK takes one that was left: for whoever
    works on these tests.
    """
    running = Stack()
    if "STAFFORD_REUSE_STACK" in os.environ:
        yield running
        return
    standins.build()
    running.compose("down", "--volumes", "--remove-orphans")
    running.compose("build")  # those of an older run are of an older state of the code
    yield running
    if "STAFFORD_KEEP_STACK" not in os.environ:
        running.compose("down", "--volumes")
