"""Makes Docker's engine answer on a machine that runs tests, where that is possible.

    python -m tests.stack.engine

Exit code 0: engine and Compose are ready. 75: this machine can run no engine, and the last line says why;
whoever called may skip the stack's tests, loudly. It starts an engine only where none answers, and leaves it
running.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.stack import standins

PLUGINS = Path("/usr/local/lib/docker/cli-plugins")
LOG = Path("/var/log/stafford-dockerd.log")
START_S = 60
CANNOT = 75


def main() -> int:
    """Install, start and check; see above."""
    if sys.platform != "linux":
        return give_up("only Linux can be prepared by a script; start Docker Desktop")
    if not answers():
        if os.geteuid() != 0:
            return give_up("no engine answers, and only root can start one")
        install({"dockerd": "docker.io", "debootstrap": "debootstrap", "iptables": "iptables"})
        start()
    if not answers():
        tail = LOG.read_text(errors="replace").splitlines()[-3:] if LOG.exists() else []
        return give_up(f"the engine did not start: {' / '.join(tail)}")
    if shutil.which("debootstrap") is None:
        install({"debootstrap": "debootstrap"})
    if not has("compose") or not has("buildx"):
        fetch_plugins()
    return 0 if has("compose") else give_up("Compose could not be installed")


def answers() -> bool:
    """Whether an engine answers."""
    return shutil.which("docker") is not None and has("info")


def has(command: str) -> bool:
    """Whether a command of Docker works."""
    words = [command] if command == "info" else [command, "version"]
    return subprocess.run(["docker", *words], capture_output=True, check=False).returncode == 0


def install(packages: dict[str, str]) -> None:
    """Install the Debian packages whose programs are missing; leaves it to `answers` to notice a failure."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [package for program, package in packages.items() if shutil.which(program, path=path) is None]
    if missing and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", *words], env=environment, check=False, stdout=subprocess.DEVNULL)


def start() -> None:
    """Start the engine in the background; it chooses its storage by what the kernel has."""
    engine = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if engine is None:
        return
    with LOG.open("ab") as log:
        subprocess.Popen([engine], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + START_S
    while not answers() and time.monotonic() < deadline:
        time.sleep(1)


def fetch_plugins() -> None:
    """Take Compose and Buildx from Debian 13, whose programs run on Debian 12 too."""
    PLUGINS.mkdir(parents=True, exist_ok=True)
    standins.run_in(
        "trixie",
        "apt-get update -qq; cd /tmp; apt-get download -qq docker-compose docker-buildx; "
        "for package in *.deb; do dpkg -x $package x; done; cp x/usr/libexec/docker/cli-plugins/* /out/",
        PLUGINS,
    )


def give_up(reason: str) -> int:
    """Say why, so that nobody takes a skipped run for a passed one."""
    sys.stderr.write(f"NO DOCKER ENGINE HERE: {reason}\n")
    return CANNOT


if __name__ == "__main__":
    sys.exit(main())
