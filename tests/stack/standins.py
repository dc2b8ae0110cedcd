"""Builds images that stand in for those of a registry, on a machine that can reach none.

They are made from Debian's packages and the locked jars, and have the users, paths and programs that the
compose files rely on, so that the very same compose files run on them. They are configured as this machine
is: its certificates and its pip settings go in, which is why they are never pushed anywhere.

    python -m tests.stack.standins
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import find_java
from stafford.settings import Settings

HERE = Path(__file__).parent / "standin"
PREFIX = "stafford-standin"
SUITES = {"python": "bookworm", "kafka": "bookworm", "postgres": "trixie", "valkey": "trixie"}
CERTIFICATES = Path("/usr/local/share/ca-certificates")
PIP = Path("/etc/pip.conf")


def build() -> dict[str, str]:
    """Build what is missing and give the image of each name; layers are cached."""
    return {name: _build(name, _import(suite)) for name, suite in SUITES.items()}


def run_in(suite: str, script: str, volume: Path) -> None:
    """Run a script in a suite's root, with a folder of ours at /out."""
    command = ["docker", "run", "--rm", "--volume", f"{volume}:/out", _import(suite), "sh", "-euc", script]
    _run(*command)


def _import(suite: str) -> str:
    image = f"{PREFIX}/{suite}:root"
    if (
        subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode
        == 0
    ):
        return image
    # A root has device nodes, so it is made where such may be.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as aside:
        root = Path(aside) / suite
        _run("debootstrap", "--variant=minbase", suite, str(root), _mirror())
        if PIP.is_file():
            shutil.copy(PIP, root / "etc" / "pip.conf")
        target = root / CERTIFICATES.relative_to("/")
        target.mkdir(parents=True, exist_ok=True)
        for certificate in CERTIFICATES.glob("*.crt"):
            shutil.copy(certificate, target)
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(
                ["docker", "import", "-", image], stdin=tar.stdout, check=True, capture_output=True
            )
    return image


def _build(name: str, root: str) -> str:
    image = f"{PREFIX}/{name}:local"
    with tempfile.TemporaryDirectory() as aside:
        context = Path(aside) / name
        shutil.copytree(HERE / name, context)
        if name == "kafka":
            for bundle in ("kafka", "kafka-tools"):
                jars = ensure_jars(bundle, Settings().cache_dir, find_java(), _say)
                shutil.copytree(jars, context / "jars", dirs_exist_ok=True)
        _run("docker", "build", "--quiet", "--build-arg", f"ROOT={root}", "--tag", image, str(context))
    return image


def _mirror() -> str:
    """Give the Debian mirror that this machine is set up with."""
    for path in (*Path("/etc/apt/sources.list.d").glob("*"), Path("/etc/apt/sources.list")):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if found := re.search(r"^(?:URIs:|deb(?: \[.*?\])?) +(\S+/debian/?)(?:\s|$)", text, re.MULTILINE):
            return found[1]
    sys.exit("no Debian mirror in apt's sources: stand-in images need one")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def _say(message: str) -> None:
    sys.stdout.write(f"{message}\n")


if __name__ == "__main__":
    for standin, image in build().items():
        _say(f"{standin}: {image}")
