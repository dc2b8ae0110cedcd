"""Writes docs/reference/stack.md from the compose files: `python -m tests.docs.stack_reference`.

It reads the files themselves, with the defaults of their settings, so it needs no Docker.
"""

import re
from pathlib import Path
from typing import Any

import typer
import yaml

from stafford.settings import PROJECT_DIR

PATH = PROJECT_DIR / "docs" / "reference" / "stack.md"
FILES = PROJECT_DIR / "docker" / "compose"
INTRODUCTION = """\
<!-- Derived from the compose files by `python -m tests.docs.stack_reference`; change those, not this. -->

# The Docker stack

What `docker compose up -d` starts, from [compose.yaml](../../compose.yaml) and the files in
[docker/compose/](../../docker/compose). Settings are in [docker/.env.example](../../docker/.env.example).
"""


def fill(text: str) -> str:
    """Put the default of each setting in its place."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def read_services(folder: Path = FILES) -> dict[str, dict[str, Any]]:
    """Every service of the stack with what it takes from common.yaml; defaults filled in."""
    files = {
        path.name: yaml.safe_load(fill(path.read_text(encoding="utf-8"))) for path in folder.glob("*.yaml")
    }
    common = files.pop("common.yaml")["services"]

    def resolve(service: dict[str, Any]) -> dict[str, Any]:
        parent = (service.get("extends") or {}).get("service")
        base = resolve(common[parent]) if parent else {}
        return base | {name: value for name, value in service.items() if name != "extends"}

    services = {name: resolve(body) for file in files.values() for name, body in file["services"].items()}
    return dict(sorted(services.items()))


def megabytes(limit: str) -> int:
    """Read a memory limit such as "640m" as MiB."""
    return int(limit.removesuffix("m"))


def is_default(service: dict[str, Any]) -> bool:
    """Whether a plain `up` starts it and it stays."""
    return "profiles" not in service and service["restart"] != "no"


def total_gb(services: dict[str, dict[str, Any]]) -> float:
    """The memory limits of the default set, in GB of 10^9 bytes."""
    return sum(megabytes(body["mem_limit"]) for body in services.values() if is_default(body)) * 2**20 / 1e9


def render() -> str:
    """The page."""
    services = read_services()
    compose = yaml.safe_load((PROJECT_DIR / "compose.yaml").read_text(encoding="utf-8"))
    parts = [INTRODUCTION, "## Services\n", _services(services), "## Ports\n", _ports(services)]
    parts += ["## Volumes\n", _volumes(services, compose), "## Networks\n", _networks(services)]
    return "\n".join(parts)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _services(services: dict[str, dict[str, Any]]) -> str:
    rows = []
    for name, body in services.items():
        stays = "once, at every start" if body["restart"] == "no" else "yes"
        if "profiles" in body:
            stays = f"with `--profile {body['profiles'][0]}`"
        limits = f"{megabytes(body['mem_limit'])} MiB, {body['cpus']} CPU"
        rows.append([f"`{name}`", f"`{body['image']}`", stays, limits])
    total = f"The services that stay by default may use {total_gb(services):.1f} GB together.\n"
    return _table(["Service", "Image", "Runs", "Limits"], rows) + "\n" + total


def _ports(services: dict[str, dict[str, Any]]) -> str:
    raw = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FILES.glob("*.yaml")))
    settings = dict(re.findall(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}", raw))
    rows = []
    for name, body in services.items():
        for text in body.get("ports", []):
            port = text.split(":")[1]
            setting = next(key for key, default in settings.items() if default == port)
            rows.append([f"127.0.0.1:{port}", f"`{name}`", f"`{setting}`"])
    return _table(["Address", "Service", "Setting"], rows)


def _volumes(services: dict[str, dict[str, Any]], compose: dict[str, Any]) -> str:
    rows = []
    for volume in compose["volumes"]:
        users = [
            f"`{name}`"
            for name, body in services.items()
            if any(str(mount).startswith(f"{volume}:") for mount in body.get("volumes", []))
        ]
        rows.append([f"`{volume}`", ", ".join(users)])
    return _table(["Volume", "Mounted into"], rows)


def _networks(services: dict[str, dict[str, Any]]) -> str:
    names = sorted({network for body in services.values() for network in body.get("networks", [])})
    rows = [
        [f"`{name}`", ", ".join(f"`{s}`" for s, body in services.items() if name in body.get("networks", []))]
        for name in names
    ]
    return _table(["Network", "Who is on it"], rows)


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8", newline="\n")
    typer.echo(f"wrote {PATH}")
