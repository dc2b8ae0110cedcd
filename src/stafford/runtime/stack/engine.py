"""Asks Docker's engine what it is, and runs Compose on the project's files."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from stafford.errors import ConfigError, NotReady

_ANSWER_S = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """What the engine says of itself."""

    version: str
    memory_bytes: int
    cpus: int
    architecture: str
    root: str
    """Where it keeps images and volumes, on its own machine: with Docker Desktop that is not this one."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container of the stack, as Compose lists it."""

    service: str
    state: str  # created, running, restarting, exited, ...
    health: str  # healthy, unhealthy, starting, or empty where there is no check
    exit_code: int

    @property
    def is_done(self) -> bool:
        """Whether it is what it is meant to be: healthy, or ended well."""
        if self.state == "exited":
            return self.exit_code == 0
        return self.state == "running" and self.health in {"healthy", ""}

    @property
    def has_failed(self) -> bool:
        """Whether waiting will not help."""
        return (self.state == "exited" and self.exit_code != 0) or self.health == "unhealthy"

    @property
    def condition(self) -> str:
        """How it is, in a word or two."""
        if self.state == "exited":
            return "done" if self.exit_code == 0 else f"failed with exit code {self.exit_code}"
        return self.health or self.state


class Docker:
    """The command line of Docker, and Compose on one project folder.

    Every call is bounded. Which compose files are used is Compose's own rule: compose.yaml, or what
    COMPOSE_FILE names.
    """

    def __init__(self, project_dir: Path, client: str | None = None) -> None:
        """Name the project; `client` is the docker executable, by default the one on the PATH."""
        self.project_dir = project_dir
        self._client = client or shutil.which("docker")

    @property
    def has_client(self) -> bool:
        """Whether there is a docker command."""
        return self._client is not None

    def engine(self) -> Engine:
        """Ask the engine.

        Raises:
            NotReady: it does not answer.
        """
        done = self._run("info", "--format", "{{json .}}")
        facts = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        if done.returncode != 0 or not facts.get("ServerVersion"):
            reason = _last_words("\n".join(facts.get("ServerErrors") or [done.stderr]))
            raise NotReady(f"Docker's engine does not answer: {reason}")
        return Engine(
            version=facts["ServerVersion"],
            memory_bytes=int(facts["MemTotal"]),
            cpus=int(facts["NCPU"]),
            architecture=facts["Architecture"],
            root=facts["DockerRootDir"],
        )

    def compose_version(self) -> str:
        """Ask Compose for its version.

        Raises:
            NotReady: there is no Compose.
        """
        return self._ask("compose", "version", "--short").strip().lstrip("v")

    def configuration(self, *profiles: str) -> dict[str, Any]:
        """Give the compose files as Compose reads them, with every setting filled in.

        Raises:
            ConfigError: they or .env cannot be read.
        """
        done = self._run(*self._compose(profiles), "config", "--format", "json")
        if done.returncode != 0:
            raise ConfigError(
                f"Compose refuses compose.yaml or .env: {_last_words(done.stderr)}; correct it there"
            )
        return dict(json.loads(done.stdout))

    def containers(self) -> list[Container]:
        """List every container of the stack, ended ones included."""
        answer = self._ask(*self._compose(["*"]), "ps", "--all", "--format", "json")
        return [
            Container(row["Service"], row["State"], row.get("Health", ""), int(row.get("ExitCode", 0)))
            for row in _rows(answer)
        ]

    def one_shots(self) -> set[str]:
        """Name the services that do one thing and end.

        Raises:
            ConfigError: the compose files or .env cannot be read.
        """
        services = self.configuration("*")["services"]
        return {name for name, service in services.items() if service.get("restart") == "no"}

    def volume_labels(self, name: str) -> dict[str, str] | None:
        """Give the labels of a volume; None where there is no such volume."""
        done = self._run("volume", "inspect", "--format", "{{json .Labels}}", name)
        return None if done.returncode != 0 else json.loads(done.stdout) or {}

    def has_data(self, volume: str, image: str) -> bool:
        """Whether a volume exists and has a file; an image that is here looks into it, without a network.

        That one exists says little: Compose makes those of every service that a command might need.
        """
        look = ("sh", "--volume", f"{volume}:/volume:ro", image, "-c", "ls -A /volume")
        options = ("--rm", "--network", "none", "--pull", "never", "--entrypoint")
        if self.volume_labels(volume) is None:
            return False
        return bool(self._run("run", *options, *look).stdout.strip())

    def architectures(self, image: str) -> set[str] | None:
        """Ask the registry for which processors it has an image; None when it gives no such image.

        Only the index is fetched. An image that has none was made for one processor, and the set is empty.
        """
        done = self._run("buildx", "imagetools", "inspect", "--raw", image)
        if done.returncode != 0:
            return None
        manifests = json.loads(done.stdout).get("manifests", [])
        return {manifest["platform"]["architecture"] for manifest in manifests}

    def start(
        self, *arguments: str, profiles: Sequence[str] = (), output: IO[str]
    ) -> "subprocess.Popen[str]":
        """Start a Compose command, and give its process, which outlives ours; what it says goes to a file."""
        return subprocess.Popen(
            self._command(*self._compose(profiles), *arguments),
            cwd=self.project_dir,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def follow(self, *arguments: str) -> int:
        """Run a Compose command on this terminal and give its exit code."""
        command = self._command(*self._compose(["*"]), *arguments)
        return subprocess.run(command, cwd=self.project_dir, check=False).returncode

    def read(self, *arguments: str) -> str:
        """Run a Compose command and give what it wrote.

        Raises:
            NotReady: it failed.
        """
        return self._ask(*self._compose(["*"]), *arguments)

    def _compose(self, profiles: Sequence[str]) -> Iterator[str]:
        yield "compose"
        for profile in profiles:
            yield from ("--profile", profile)

    def _command(self, *arguments: str) -> list[str]:
        if self._client is None:
            raise ConfigError("there is no docker command; install Docker Engine, or Docker Desktop")
        return [self._client, *arguments]

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                self._command(*arguments),
                cwd=self.project_dir,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_ANSWER_S,
                # Compose reads the caller's settings; Docker's own hints would end up in our JSON.
                env={**os.environ, "DOCKER_CLI_HINTS": "false"},
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise NotReady(
                f"`docker {' '.join(arguments[:3])}` gave no answer within {_ANSWER_S} s; restart Docker"
            ) from exc

    def _ask(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode != 0:
            raise NotReady(
                f"`docker {' '.join(arguments[:2])}` failed: {_last_words(done.stderr)}; "
                "run `stafford stack doctor`"
            )
        return done.stdout


def _rows(answer: str) -> list[dict[str, Any]]:
    # One array before Compose 2.21, one object for each line since.
    text = answer.strip()
    if text.startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
