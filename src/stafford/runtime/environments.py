"""Makes a virtual environment for each tool whose dependencies must not meet ours, such as dbt."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import filelock

from stafford.errors import ConfigError, NotReady, StorageError

_LIMIT_S = 1800
_MARKER = ".complete"


def ensure_environment(
    name: str,
    requirements: Path,
    cache_dir: Path,
    progress: Callable[[str], None],
    *,
    wait_s: float = _LIMIT_S,
) -> Path:
    """Return the folder with the programs of an environment that holds exactly the requirements.

    It is made once for each version of the requirements and of Python. The marker of completeness
    is written last; an environment without it, from a call that was killed, is made again.

    Args:
        name: of the tool, such as "dbt".
        requirements: pinned, with a hash for each file.
        cache_dir: shared by every home; the environment goes to environments/ below it.
        progress: is told what takes time.
        wait_s: how long to wait for another process that is making it.

    Raises:
        ConfigError: pip refused; the message has its last words.
        NotReady: another process kept making it for longer than `wait_s`.
        StorageError: the cache cannot be written.
    """
    directory = cache_dir / "environments" / f"{name}-{_key(requirements)}"
    programs = directory / ("Scripts" if sys.platform == "win32" else "bin")
    if (directory / _MARKER).is_file():
        return programs
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(directory.with_suffix(".lock"), timeout=wait_s):
            if not (directory / _MARKER).is_file():
                _make(name, directory, programs, requirements, progress)
    except filelock.Timeout as exc:
        raise NotReady(
            f"another process has been making the {name} environment for {wait_s:.0f} s; wait for it, "
            "or end it and repeat"
        ) from exc
    except OSError as exc:
        raise StorageError(
            f"the {name} environment cannot be made in {directory}: {exc}; free space, permit writing there, "
            "or set STAFFORD_CACHE_DIR to another folder"
        ) from exc
    return programs


def _make(
    name: str, directory: Path, programs: Path, requirements: Path, progress: Callable[[str], None]
) -> None:
    # In place, because a virtual environment has its own path in its programs and cannot be moved.
    if directory.exists():
        progress(f"removing an unfinished {name} environment")
        shutil.rmtree(directory)
    progress(f"making the {name} environment (once; about a minute)")
    try:
        venv.create(directory, with_pip=True, symlinks=os.name != "nt")
        command = [str(programs / "python"), "-m", "pip", "install", "--require-hashes", "--no-deps"]
        # The file is the whole answer, and pip's resolver trips over extras in hash mode.
        command += [
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar",
            "off",
            "-r",
            str(requirements),
        ]
        _install(name, command, requirements, progress)
    except subprocess.CalledProcessError as exc:
        raise ConfigError(f"the {name} environment could not be made in {directory}: {exc}") from exc
    (directory / _MARKER).write_text(f"{sys.version}\n", encoding="utf-8")


def _install(name: str, command: list[str], requirements: Path, progress: Callable[[str], None]) -> None:
    lines: list[str] = []
    collected = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        try:
            for line in pip.stdout or ():
                lines.append(line.rstrip())
                if line.startswith("Collecting "):
                    collected += 1
                    progress(f"{name}: package {collected}, {line.split()[1].split('=')[0]}")
                elif line.startswith("Installing collected"):
                    progress(f"{name}: installing {collected} packages")
        except BaseException:
            pip.kill()
            raise
    if pip.returncode != 0:
        tail = "\n".join(f"  {line}" for line in lines[-8:])
        raise ConfigError(
            f"pip could not install {requirements} for {name}; check the network and the file, then repeat. "
            f"Its last words:\n{tail}"
        )


def _key(requirements: Path) -> str:
    try:
        content = requirements.read_bytes()
    except OSError as exc:
        raise ConfigError(
            f"the requirements {requirements} cannot be read: {exc}; restore the file from version control"
        ) from exc
    # Git may check a file out with other line ends on Windows; that is no other environment.
    summed = hashlib.sha256(content.replace(b"\r\n", b"\n"))
    summed.update(sys.version.encode() + sys.base_prefix.encode())
    return summed.hexdigest()[:12]
