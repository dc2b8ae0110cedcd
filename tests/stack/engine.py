"""Makes Docker's engine answer on a machine that runs tests, where that is possible.

    python -m tests.stack.engine

Exit code 0: engine and Compose are ready. 75: this machine can run no engine, and the last line says why;
whoever called may skip the stack's tests, loudly. Anything else went wrong where one might run,
such as a package that did not come. It starts an engine only where none answers, and leaves it running.
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
        install({"dockerd": "docker.io", "iptables": "iptables"})
        engine = start()
        if engine.poll() is not None:
            tail = LOG.read_text(errors="replace").splitlines()[-3:]
            return give_up(f"the engine ended at once: {' / '.join(tail)}")
        if not answers():
            sys.exit(f"the engine runs and did not answer within {START_S} s: see {LOG}")
    install({"debootstrap": "debootstrap"})
    if not has("compose") or not has("buildx"):
        fetch_plugins()
    if not has("compose") or not has("buildx"):
        sys.exit(f"Compose or Buildx does not work, though it is in {PLUGINS}")
    return 0


def answers() -> bool:
    """Whether an engine answers."""
    return shutil.which("docker") is not None and has("info")


def has(command: str) -> bool:
    """Whether a command of Docker works."""
    words = [command] if command == "info" else [command, "version"]
    try:
        return (
            subprocess.run(["docker", *words], capture_output=True, check=False, timeout=60).returncode == 0
        )
    except subprocess.TimeoutExpired:
        return False


def install(packages: dict[str, str]) -> None:
    """Install the Debian packages whose programs are missing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [package for program, package in packages.items() if shutil.which(program, path=path) is None]
    if missing and shutil.which("apt-get") is None:
        sys.exit(f"please install: {', '.join(missing)}")
    if missing:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", *words], env=environment, check=True, stdout=subprocess.DEVNULL)


def start() -> "subprocess.Popen[bytes]":
    """Start the engine in the background, and wait for it; it chooses its storage by what the kernel has."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    program = shutil.which("dockerd", path=path) or "dockerd"
    with LOG.open("ab") as log:
        engine = subprocess.Popen(
            [program], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    deadline = time.monotonic() + START_S
    while engine.poll() is None and not answers() and time.monotonic() < deadline:
        time.sleep(1)
    return engine


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
