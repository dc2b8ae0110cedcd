"""Compiles the pinned requirements from pyproject.toml: `make lock`.

requirements/*.txt carry hashes and are what make and CI install. requirements.txt has the same pins
without hashes, because pip cannot install a project in place and check hashes in one command.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
COMMON = (
    "--universal",
    "--python-version=3.11",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-strip-extras",
    "--no-emit-find-links",
    "--quiet",
)
HASHED = {
    "run.txt": ("pyproject.toml", "--group=build"),
    "dev.txt": ("pyproject.toml", "--group=build", "--group=test", "--group=lint"),
    "dbt.txt": ("requirements/dbt.in",),
    "contracts.txt": ("requirements/contracts.in",),
    "peers.txt": ("requirements/peers.in",),
    "airflow.txt": ("requirements/airflow.in",),
    "superset.txt": ("requirements/superset.in",),
}
HEADER = "# Compiled from {} by `make lock`; do not edit.\n"


def compile_all() -> None:
    """Write every compiled file; each starts from its old pins, so that only what must changes."""
    for name, sources in HASHED.items():
        _compile(HERE / name, sources, "--generate-hashes")
    _compile(ROOT / "requirements.txt", ("pyproject.toml",))
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (ROOT / "requirements.txt").write_text(pins + "-e .\n", encoding="utf-8")


def _compile(target: Path, sources: tuple[str, ...], *options: str) -> None:
    if target.exists():
        lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
        target.write_text("".join(line for line in lines if line != "-e .\n"), encoding="utf-8")
    command = ["-m", "uv", "pip", "compile", *sources, *COMMON, *options, f"--output-file={target}"]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    pins = target.read_text(encoding="utf-8")
    target.write_text(HEADER.format(sources[0]) + pins, encoding="utf-8")


if __name__ == "__main__":
    compile_all()
