"""Finds the Java that Kafka and Spark run on, and installs one on request."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jdk

from stafford.errors import ConfigError

TESTED = (17, 21)
"""The long-term releases that both Kafka 4 and Spark 4 are tested on."""

INSTALL_DIR = Path.home() / ".jdk"
_ANSWER_S = 20
_INSTALLERS = {
    "dnf": "sudo dnf install java-21-openjdk-headless",
    "pacman": "sudo pacman -S jre21-openjdk-headless",
    "zypper": "sudo zypper install java-21-openjdk-headless",
    "apk": "sudo apk add openjdk21-jre-headless",
    "brew": "brew install --cask temurin@21",
    "winget": "winget install EclipseAdoptium.Temurin.21.JRE",
}


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that was started once and told its version."""

    executable: Path
    home: Path | None
    major: int


def find_java(
    minimum: int = 17, *, environ: Mapping[str, str] = os.environ, installed: Path = INSTALL_DIR
) -> Java:
    """Find a Java of at least `minimum`, a tested one before any other.

    Looks at JAVA_HOME, PATH, what `install_java` left in `installed`, and where the system keeps JDKs.

    Raises:
        ConfigError: none is new enough; the message has the command that installs one here.
    """
    rejected: list[str] = []
    newer: Java | None = None
    for executable in _candidates(environ, installed):
        java = ask(executable)
        if java is None:
            rejected.append(f"{executable} does not start")
        elif java.major < minimum:
            rejected.append(f"{executable} is Java {java.major}")
        elif java.major in TESTED:
            return java
        else:
            newer = newer or java
    if newer is not None:
        return newer
    seen = f" ({'; '.join(rejected)})" if rejected else ""
    raise ConfigError(
        f"no Java {minimum} or newer was found{seen}; Kafka and Spark need one: run `{install_command()}`, "
        "or `stafford doctor --install-java` to install one for this user alone"
    )


def ask(executable: Path) -> Java | None:
    """Start a Java and read its version; None when it does not start or is not Java."""
    try:
        answer = subprocess.run(
            [str(executable), "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # Java 8 calls itself 1.8.
    version = re.search(r"java\.specification\.version = (?:1\.)?(\d+)", answer.stderr)
    if answer.returncode != 0 or version is None:
        return None
    home = re.search(r"^\s*java\.home = (.+?)\s*$", answer.stderr, re.MULTILINE)
    return Java(executable, Path(home.group(1)) if home else None, int(version.group(1)))


def install_command(which: Callable[[str], str | None] = shutil.which) -> str:
    """Name the command that installs a tested Java with this system's own package manager."""
    if which("apt-get"):
        # Debian 12 has no Java 21, and Debian 13 no Java 17.
        release = _linux_release()
        old = release.get("ID") == "debian" and release.get("VERSION_ID", "").split(".")[0] in {"11", "12"}
        return f"sudo apt-get install openjdk-{17 if old else 21}-jre-headless"
    for tool, command in _INSTALLERS.items():
        if which(tool):
            return command
    return "stafford doctor --install-java"


def install_java(
    progress: Callable[[str], None],
    *,
    into: Path = INSTALL_DIR,
    install: Callable[..., str] = jdk.install,
) -> Java:
    """Download Java 21 for this user alone, below `into`, with the package install-jdk.

    Raises:
        ConfigError: it could not be downloaded or does not start.
    """
    progress(f"downloading Java 21 into {into}")
    try:
        into.mkdir(parents=True, exist_ok=True)
        home = Path(install("21", jre=True, path=str(into)))
    except (jdk.JdkError, OSError, ValueError) as exc:
        raise ConfigError(
            f"Java 21 could not be downloaded into {into}: {exc}; check the network, "
            f"or run `{install_command()}`"
        ) from exc
    for executable in _below(home):
        java = ask(executable)
        if java is not None:
            return java
    raise ConfigError(f"the Java downloaded into {home} does not start; run `{install_command()}`")


def _candidates(environ: Mapping[str, str], installed: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for executable in _places(environ, installed):
        if executable.is_file() and (resolved := executable.resolve()) not in seen:
            seen.add(resolved)
            yield executable


def _places(environ: Mapping[str, str], installed: Path) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield from _below(Path(environ["JAVA_HOME"]))
    if on_path := shutil.which("java", path=environ.get("PATH", "")):
        yield Path(on_path)
    yield from _below_each(installed)
    if sys.platform == "darwin":
        yield from _apple_java()
    elif sys.platform != "win32":
        yield from _below_each(Path("/usr/lib/jvm"))


def _below_each(directory: Path) -> Iterator[Path]:
    homes: Iterable[Path] = sorted(directory.iterdir(), reverse=True) if directory.is_dir() else ()
    for home in homes:
        yield from _below(home)


def _below(home: Path) -> Iterator[Path]:
    name = "java.exe" if sys.platform == "win32" else "java"
    for folder in (home, home / "Contents" / "Home"):  # the second on macOS
        if (folder / "bin" / name).is_file():
            yield folder / "bin" / name


def _apple_java() -> Iterator[Path]:
    finder = Path("/usr/libexec/java_home")
    if finder.is_file():
        answer = subprocess.run(
            [str(finder), "-v", "17+"], capture_output=True, text=True, timeout=_ANSWER_S, check=False
        )
        if answer.returncode == 0:
            yield from _below(Path(answer.stdout.strip()))


def _linux_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
