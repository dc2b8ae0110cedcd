"""Reads files as they were at a revision of the project."""

import io
import subprocess
import tarfile
from pathlib import Path

from stafford.errors import ConfigError


def read_files(project: Path, revision: str, folder: str) -> dict[str, bytes]:
    """The files of a folder at a revision, by their path below the project.

    Args:
        project: a working tree, or a folder in one.
        revision: what git takes for a commit: main, origin/main, v1.2, HEAD~3.
        folder: its path below the project.

    Raises:
        ConfigError: git is missing, or there is no such revision or folder in it.
    """
    if revision.startswith("-"):
        raise ConfigError(f"{revision!r} is no revision; give a branch, a tag or a commit")
    try:
        done = subprocess.run(
            ["git", "-C", str(project), "archive", "--format=tar", revision, folder],  # noqa: S607
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ConfigError(
            f"git cannot be asked for {revision}: {exc}; install git, or give a folder"
        ) from exc
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ConfigError(
            f"there is no folder and no revision {revision!r} with {folder}/ in it: "
            f"{said[-1] if said else 'git failed'}. In a shallow clone, fetch it first: git fetch origin main"
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive if member.isfile())
        return {name: content.read() for name, content in files if content is not None}
