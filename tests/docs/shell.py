"""A copy of the project in which the pages' commands run as a reader would run them."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docs.pages import Block
from tests.ports import own

from stafford.settings import PROJECT_DIR

LIMIT_S = 240

PROGRAMS = {"sh": ("sh", "-eu"), "bash": ("bash", "-euo", "pipefail"), "console": ("sh", "-eu")}

MARKS = {
    re.compile(r"kafka start|topic_manager|stafford topics|stafford .*topics "): pytest.mark.kafka,
    re.compile(r"stafford (--\S+ \S+ )?(ingest|demo)\b"): pytest.mark.spark,
    re.compile(r"stafford (--\S+ \S+ )?(build|demo)\b"): pytest.mark.dbt,
}


def list_files(root: Path = PROJECT_DIR) -> list[Path]:
    """What version control has or would have: tracked files, and new ones that it does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone of the project with the working tree's changes committed, so that a page finds it clean."""

    path: Path
    environment: dict[str, str]

    @classmethod
    def make(cls, directory: Path) -> "Clone":
        """Clone the project below a folder."""
        path = directory / "stafford"
        config = directory / "gitconfig"
        config.write_text(
            "[user]\n\tname = Reader\n\temail = reader@example.org\n[safe]\n\tdirectory = *\n"
            "[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n[advice]\n\tdetachedHead = false\n"
        )
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("STAFFORD_", "GIT_"))
        }
        if cache := os.environ.get("STAFFORD_CACHE_DIR"):
            kept["STAFFORD_CACHE_DIR"] = cache
        environment = kept | {
            # This copy's package, and the tools of the environment that the tests run in.
            "PYTHONPATH": str(path / "src"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": str(config),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PAGER": "cat",
            "STAFFORD_KAFKA_PORT": str(own(39092)),
            "COLUMNS": "120",
        }
        clone = cls(path, environment)
        clone.git("clone", "--quiet", str(PROJECT_DIR), str(path), cwd=directory)
        present = list_files()
        for old in list_files(path):
            if PROJECT_DIR / old.relative_to(path) not in present:
                old.unlink()
        for file in present:
            target = path / file.relative_to(PROJECT_DIR)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
        clone.git("add", "--all")
        if clone.git("status", "--porcelain"):
            clone.git("commit", "--quiet", "--no-verify", "--message", "chore: the working tree")
        return clone

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Run git; gives what it printed."""
        done = subprocess.run(
            ["git", *words],
            cwd=cwd or self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def run(self, block: Block) -> None:
        """Run a block, and fail with its place and with all that it said when it fails."""
        program = PROGRAMS[block.language]
        text = "\n".join(block.commands) if block.language == "console" else block.text
        done = subprocess.run(
            [shutil.which(program[0]) or program[0], *program[1:], "-c", text],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, (
            f"{block} exited with {done.returncode}\n{text}\n--- it said\n{done.stdout}"
        )
        if block.language == "console":
            differs = find_difference(block.text, done.stdout)
            assert differs is None, f"{block} promises {differs!r}, which it did not print\n{done.stdout}"


def find_difference(promised: str, printed: str) -> str | None:
    """The first line of a console block that was not printed, in order; `…` stands for any text."""
    rest = iter(printed.splitlines())
    for line in promised.splitlines():
        if line.startswith("$ ") or line.strip() in {"", "…"}:
            continue
        pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
        if not any(re.fullmatch(pattern, found.strip()) for found in rest):
            return line
    return None
