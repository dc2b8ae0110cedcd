"""The ports that the stack publishes, and the settings that move them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from dotenv import dotenv_values

from stafford.errors import ConfigError

_PUBLISHED = re.compile(r"^127\.0\.0\.1:\$\{(?P<setting>\w+):-(?P<default>\d+)\}:(?P<inside>\d+)$")
_HIGHEST = 65535


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """One port on this machine's loopback."""

    service: str
    setting: str
    port: int
    inside: int


def read_environment(project_dir: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give what Compose fills in: the lines of .env, and the environment, which wins.

    Raises:
        ConfigError: .env cannot be read.
    """
    path = project_dir / ".env"
    try:
        lines = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read: {exc}; save it as UTF-8") from exc
    return {name: value or "" for name, value in lines.items()} | dict(environ)


def read_ports(project_dir: Path, environ: Mapping[str, str] = os.environ) -> list[PublishedPort]:
    """Read the ports from the compose files, with what .env or the environment says.

    Raises:
        ConfigError: a setting is no port, or a file publishes one other than on loopback by a setting.
    """
    settings = read_environment(project_dir, environ)
    ports = []
    for path in sorted((project_dir / "docker" / "compose").glob("*.yaml")):
        services = yaml.safe_load(path.read_text(encoding="utf-8")).get("services") or {}
        for service, description in services.items():
            for text in description.get("ports", []):
                found = _PUBLISHED.match(str(text))
                if found is None:
                    raise ConfigError(
                        f"{path.name} publishes {text} of {service}: "
                        "write it as 127.0.0.1:${SETTING:-PORT}:PORT"
                    )
                value = settings.get(found["setting"]) or found["default"]
                if not value.isdecimal() or not 0 < int(value) <= _HIGHEST:
                    raise ConfigError(
                        f"{found['setting']} is {value!r}: it is no port; "
                        f"set it to a number up to {_HIGHEST} in .env"
                    )
                ports.append(PublishedPort(service, found["setting"], int(value), int(found["inside"])))
    return ports
