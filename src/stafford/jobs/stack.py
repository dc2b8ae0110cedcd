"""The Docker stack of this checkout."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stafford.errors import ConfigError, NotReady
from stafford.runtime.doctor import Check, Status
from stafford.runtime.stack.engine import Container, Docker
from stafford.runtime.stack.ports import PublishedPort, read_environment, read_ports
from stafford.runtime.stack.preflight import ARCHITECTURES, examine
from stafford.runtime.stack.waiting import bring_up
from stafford.settings import PROJECT_DIR

Progress = Callable[[str], None]

OURS = "stafford/"
"""Images that are built here; the others come from a registry."""
BASE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a person signs in to a service."""

    service: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class StackJob:
    """The compose files of this checkout, and the engine that runs them."""

    docker: Docker

    def examine(self, profiles: Sequence[str] = ()) -> list[Check]:
        """Say whether the stack can run here, with the profiles named here or in .env; nothing is changed."""
        return examine(self.docker, self._with_settings(profiles))

    def up(
        self, progress: Progress, *, profiles: Sequence[str] = (), wait_s: float = 900, build: bool = True
    ) -> list[Container]:
        """Examine, start everything, and wait until it is healthy.

        Raises:
            ConfigError: something must be done first; nothing was started.
            NotReady: a service failed or took too long; the message has its last words.
        """
        progress("examining this machine")
        profiles = self._with_settings(profiles)
        failed = [check for check in examine(self.docker, profiles) if check.status is Status.FAIL]
        if failed:
            lines = "\n".join(f"  {check.name}: {check.found}; {check.advice}" for check in failed)
            raise ConfigError(f"the stack cannot start, and nothing was started:\n{lines}")
        return bring_up(self.docker, progress, profiles=profiles, wait_s=wait_s, build=build)

    def down(self, *, volumes: bool) -> int:
        """Stop and remove every container, and with `volumes` all data and secrets too."""
        return self.docker.follow("down", *(["--volumes"] if volumes else []))

    def containers(self) -> list[Container]:
        """Every container of the stack. One that should stay and has ended, however well, is stopped."""
        one_shots = self.docker.one_shots()
        return [
            replace(row, state="stopped") if row.state == "exited" and row.service not in one_shots else row
            for row in self.docker.containers()
        ]

    def ports(self) -> list[PublishedPort]:
        """Every port on this machine."""
        return read_ports(self.docker.project_dir)

    def logs(self, services: Sequence[str], *, follow: bool, tail: int) -> int:
        """Show logs on this terminal."""
        return self.docker.follow("logs", "--tail", str(tail), *(["--follow"] if follow else []), *services)

    def credentials(self) -> list[SignIn]:
        """Read how to sign in, by a container that has every secret and no network.

        Raises:
            NotReady: the stack was never up, or the engine does not answer.
        """
        volumes = self.docker.configuration()["volumes"]
        if self.docker.volume_labels(volumes["secrets-postgres"]["name"]) is None:
            raise NotReady("there are no passwords before the first start: `stafford stack up`")
        command = ["run", "--rm", "--no-deps", "-T", "secrets", "python", "-m", "secret_files", "show"]
        known = json.loads(self.docker.read(*command))
        return [SignIn(service, pair["user"], pair["password"]) for service, pair in known.items()]

    def images(self) -> list[str]:
        """Every image that comes from a registry, pinned: those of services, and what ours are made from."""
        services = self.docker.configuration("*")["services"].values()
        files = (self.docker.project_dir / "docker" / "images").glob("*/Dockerfile")
        bases = {BASE.findall(path.read_text(encoding="utf-8"))[0] for path in files}
        return sorted(bases | {row["image"] for row in services if not row["image"].startswith(OURS)})

    def faulty_images(self, progress: Progress) -> list[str]:
        """Ask the registries for each image; gives what is wrong with those that not everybody can have."""
        faults = []
        for image in self.images():
            progress(f"asking for {image}")
            found = self.docker.architectures(image)
            if found is None:
                faults.append(f"{image}: no registry gave it")
            elif lacking := sorted({*ARCHITECTURES.values()} - found):
                faults.append(f"{image}: not for {', '.join(lacking)}")
        return faults

    def _with_settings(self, profiles: Sequence[str]) -> list[str]:
        # Compose ignores COMPOSE_PROFILES as soon as one is named.
        settings = read_environment(self.docker.project_dir).get("COMPOSE_PROFILES", "")
        return sorted({*profiles, *filter(None, settings.split(","))})


def build() -> StackJob:
    """Wire Docker to this checkout."""
    return StackJob(Docker(PROJECT_DIR))
