"""Examines, before anything is started, whether the stack can run here."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from stafford.errors import StaffordError
from stafford.runtime import ports as network
from stafford.runtime.doctor import GIB, Check, Status
from stafford.runtime.stack.engine import Docker, Engine
from stafford.runtime.stack.ports import PublishedPort, read_environment, read_ports

ENGINE = (20, 10)
COMPOSE = (2, 20)
"""The first Compose that knows `include`."""

ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
MEMORY_BYTES = 6 * GIB
CLUSTER_MEMORY_BYTES = 8 * GIB
DISK_BYTES = 3 * GIB
IMAGES_BYTES = 12 * GIB
DATA_LABEL = "stafford.data"
CLUSTER = "cluster"
"""The profile with three brokers and two workers."""


def examine(
    docker: Docker,
    profiles: Collection[str] = (),
    is_free: Callable[[int], bool] = network.is_free,
    free_disk: Callable[[str], int] = lambda path: shutil.disk_usage(path).free,
) -> list[Check]:
    """Examine everything that can be; no finding raises.

    Args:
        docker: the client and the project.
        profiles: parts that are off by default and will be on.
        is_free: whether nobody listens on a port of this machine's loopback.
        free_disk: free bytes at a path of this machine.
    """
    if not docker.has_client:
        advice = "install Docker Engine, or Docker Desktop; the platform runs without: stafford demo"
        return [Check("docker", Status.FAIL, "no docker command", advice)]
    try:
        engine = docker.engine()
    except StaffordError as exc:
        return [Check("engine", Status.FAIL, "does not answer", f"start Docker first ({exc})")]
    checks = [_version("engine", engine.version, ENGINE, "upgrade Docker"), _compose(docker)]
    checks += [_architecture(engine), _memory(engine, profiles), _disk(engine, free_disk)]
    checks += _settings(docker.project_dir)
    if any(check.status is Status.FAIL for check in checks[:2]):
        return checks
    return [*checks, *_project(docker, profiles, is_free)]


def _version(name: str, found: str, wanted: tuple[int, int], advice: str) -> Check:
    numbers = re.match(r"(\d+)\.(\d+)", found)
    needed = ".".join(map(str, wanted))
    if numbers is None:
        return Check(name, Status.WARN, found, f"{needed} or newer is needed, and this is no version")
    if (int(numbers[1]), int(numbers[2])) >= wanted:
        return Check(name, Status.OK, found)
    return Check(name, Status.FAIL, f"{found}, which is too old", f"{advice} to {needed} or newer")


def _compose(docker: Docker) -> Check:
    try:
        return _version("compose", docker.compose_version(), COMPOSE, "upgrade Docker Compose")
    except StaffordError:
        advice = "install the Compose plugin (docker-compose-plugin), 2.20 or newer"
        return Check("compose", Status.FAIL, "docker has no compose command", advice)


def _architecture(engine: Engine) -> Check:
    if engine.architecture in ARCHITECTURES:
        return Check("architecture", Status.OK, ARCHITECTURES[engine.architecture])
    advice = "the images are made for amd64 and arm64; run `stafford demo`, which needs no Docker"
    return Check("architecture", Status.FAIL, engine.architecture, advice)


def _memory(engine: Engine, profiles: Collection[str]) -> Check:
    found = f"{engine.memory_bytes / GIB:.1f} GiB for Docker, {engine.cpus} CPUs"
    needed, gigabytes = (CLUSTER_MEMORY_BYTES, 10) if CLUSTER in profiles else (MEMORY_BYTES, 8)
    if engine.memory_bytes >= needed:
        return Check("memory", Status.OK, found)
    advice = f"give Docker {gigabytes} GB: docs/how-to/give-docker-memory.md"
    return Check("memory", Status.FAIL, found, advice)


def _disk(engine: Engine, free_disk: Callable[[str], int]) -> Check:
    if not Path(engine.root).exists():
        return Check("disk", Status.OK, "kept by Docker's own machine, which cannot be asked from here")
    free = free_disk(engine.root)
    found = f"{free / GIB:.1f} GiB free at {engine.root}"
    advice = "the images take 12 GiB: free some, or remove unused ones with `docker image prune`"
    if free < DISK_BYTES:
        return Check("disk", Status.FAIL, found, advice)
    return Check(
        "disk",
        Status.OK if free >= IMAGES_BYTES else Status.WARN,
        found,
        advice if free < IMAGES_BYTES else "",
    )


def _settings(project_dir: Path) -> list[Check]:
    known = set(re.findall(r"STAFFORD_STACK_\w+", _compose_text(project_dir)))
    given = {name for name in read_environment(project_dir) if name.startswith("STAFFORD_STACK_")}
    unknown = sorted(given - known)
    if unknown:
        advice = "no compose file reads it; docker/.env.example has every name"
        return [Check("settings", Status.WARN, f"unknown: {', '.join(unknown)}", advice)]
    return [Check("settings", Status.OK, f"{len(given)} set, the others have their defaults")]


def _compose_text(project_dir: Path) -> str:
    files = sorted((project_dir / "docker" / "compose").glob("*.yaml"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def _project(docker: Docker, profiles: Collection[str], is_free: Callable[[int], bool]) -> list[Check]:
    try:
        configuration = docker.configuration(*profiles)
    except StaffordError as exc:
        return [
            *_ports(docker, None, is_free),
            Check("compose files", Status.FAIL, "cannot be used", str(exc)),
        ]
    ports = _ports(docker, configuration["services"], is_free)
    return [*ports, _limits(configuration), *_volumes(docker, configuration, profiles)]


def _ports(docker: Docker, services: Collection[str] | None, is_free: Callable[[int], bool]) -> list[Check]:
    try:
        ports = [
            port for port in read_ports(docker.project_dir) if services is None or port.service in services
        ]
        ours = {container.service for container in docker.containers() if container.state == "running"}
    except StaffordError as exc:
        return [Check("ports", Status.FAIL, "cannot be read", str(exc))]
    counted = Counter(port.port for port in ports)
    wrong = [check for port in ports if (check := _port(port, counted, ours, is_free)) is not None]
    return wrong or [Check("ports", Status.OK, f"{len(ports)} are free or the stack's own")]


def _port(
    port: PublishedPort, counted: Counter[int], ours: set[str], is_free: Callable[[int], bool]
) -> Check | None:
    name = f"port of {port.service}"
    if counted[port.port] > 1:
        return Check(
            name, Status.FAIL, f"{port.port} is given to two services", f"change {port.setting} in .env"
        )
    if port.service in ours or is_free(port.port):
        return None
    advice = f"stop what listens there, or set {port.setting} to another port in .env"
    return Check(name, Status.FAIL, f"{port.port} is taken by another program", advice)


def _limits(configuration: dict[str, Any]) -> Check:
    total = memory_limit_bytes(configuration)
    return Check("limits", Status.OK, f"services that stay may use {total / 1e9:.1f} GB together")


def memory_limit_bytes(configuration: dict[str, Any]) -> int:
    """Sum the memory limits of the services that stay.

    A one-shot is left out: it has ended before the last of them starts.
    """
    services = configuration["services"].values()
    return sum(int(service["mem_limit"]) for service in services if service.get("restart") != "no")


def _volumes(docker: Docker, configuration: dict[str, Any], profiles: Collection[str]) -> list[Check]:
    checks = _left_behind(docker, profiles)
    for key, volume in configuration.get("volumes", {}).items():
        wanted = ((volume or {}).get("labels") or {}).get(DATA_LABEL)
        found = docker.volume_labels(volume["name"]) if wanted else None
        if found is not None and found.get(DATA_LABEL) != wanted:
            older = found.get(DATA_LABEL, "an unknown version")
            advice = (
                f"docs/how-to/upgrade-a-version.md moves it, or `docker volume rm {volume['name']}` drops it"
            )
            checks.append(
                Check(f"volume {key}", Status.FAIL, f"was written by {older}, and this is {wanted}", advice)
            )
    return checks or [Check("volumes", Status.OK, "new, or of this version")]


def _left_behind(docker: Docker, profiles: Collection[str]) -> list[Check]:
    """Find data of services that would stay away: brokers whose topics are on three miss the other two."""
    everything = docker.configuration("*")
    checks = []
    for name, service in everything["services"].items():
        wanted = service.get("profiles")
        if not wanted or set(wanted) & set(profiles):
            continue
        for mount in service.get("volumes", []):
            volume = everything["volumes"].get(mount["source"]) or {}
            is_data = DATA_LABEL in (volume.get("labels") or {})
            if is_data and docker.has_data(volume["name"], service["image"]):
                found = f"{name} has data, and would not be started"
                advice = f"add `--{wanted[0]}`, or delete everything with `stafford stack down --volumes`"
                checks.append(Check(f"volume {mount['source']}", Status.FAIL, found, advice))
    return checks
