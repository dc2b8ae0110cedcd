"""Runs the Ivy that the pyspark wheel carries, so jars come from Maven Central without Maven."""

import importlib.util
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.sax.saxutils import quoteattr

from stafford.errors import ConfigError, NotReady, StorageError
from stafford.runtime.jar_lock import Coordinate
from stafford.runtime.java import Java

JAR_GLOB = "*/*/*/*.jar"
"""Where `retrieve` leaves jars: <organisation>/<module>/<revision>/."""

_PATTERN = "[organisation]/[module]/[revision]/[artifact]-[revision](-[classifier]).[ext]"
_LIMIT_S = 900
_NETWORK_SIGNS = ("Server access error", "UnknownHostException", "ConnectException", "timed out")
_DISK_SIGNS = ("No space left on device", "There is not enough space on the disk")


def retrieve(
    wanted: Iterable[Coordinate],
    into: Path,
    *,
    java: Java,
    transitive: bool = False,
    repository: str | None = None,
    on_jar: Callable[[], None] = lambda: None,
) -> None:
    """Download jars to their `folder_of` below `into`, always afresh.

    Args:
        wanted: the jars; with `transitive` also everything that they need.
        into: an empty directory; Ivy's own files go below it too.
        java: runs Ivy.
        transitive: follows POM files, which takes far longer (29 s against 2 s for six jars).
        repository: URL of a Maven repository in place of Maven Central.
        on_jar: called after each jar.

    Raises:
        NotReady: the repository does not answer.
        ConfigError: the repository has no such jar, or pyspark is not installed.
        StorageError: the disk is full.
    """
    module, settings = into / "ivy.xml", into / "ivysettings.xml"
    module.write_text(_module(wanted, transitive=transitive), encoding="utf-8")
    settings.write_text(_settings(repository, poms=transitive), encoding="utf-8")
    command = [str(java.executable), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"]
    command += ["-cp", str(_ivy_jar()), "org.apache.ivy.Main", "-settings", str(settings)]
    # Ivy's cache is thrown away: a corrupt jar must not come back from it.
    command += ["-cache", str(into / "cache"), "-ivy", str(module)]
    command += ["-retrieve", f"{into.as_posix()}/{_PATTERN}"]
    returned, output = _run(command, on_jar)
    if returned != 0:
        raise _failure(output)


def folder_of(jar: Coordinate, into: Path) -> Path:
    """Where `retrieve` leaves a jar."""
    return into / jar.organisation / jar.module / jar.revision


def _run(command: list[str], on_jar: Callable[[], None]) -> tuple[int, str]:
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as ivy:
        watchdog = threading.Timer(_LIMIT_S, ivy.kill)
        watchdog.start()
        try:
            for line in ivy.stdout or ():
                lines.append(line)
                if "[SUCCESSFUL ]" in line:
                    on_jar()
        except BaseException:
            ivy.kill()
            raise
        finally:
            watchdog.cancel()
    return ivy.returncode, "".join(lines)


def _failure(output: str) -> ConfigError | NotReady | StorageError:
    if any(sign in output for sign in _DISK_SIGNS):
        return StorageError("the disk became full while jars were downloaded; free some space and repeat")
    reasons = [line.strip() for line in output.splitlines() if any(sign in line for sign in _NETWORK_SIGNS)]
    if reasons:
        return NotReady(
            f"the Maven repository did not answer: {reasons[0]}; check the network and repeat "
            "(behind a proxy, set JAVA_TOOL_OPTIONS=-Dhttps.proxyHost=... -Dhttps.proxyPort=...)"
        )
    missing = [line.strip(" :\t") for line in output.splitlines() if line.rstrip().endswith(": not found")]
    if missing:
        return ConfigError(
            f"the Maven repository has no {', '.join(missing)}; correct the coordinates in the jar lock"
        )
    tail = "\n".join(output.splitlines()[-8:])
    return ConfigError(f"Ivy failed while it downloaded jars; its last lines:\n{tail}")


def _ivy_jar() -> Path:
    # find_spec does not run pyspark, which would take half a second.
    spec = importlib.util.find_spec("pyspark")
    folders = [Path(folder) / "jars" for folder in (spec.submodule_search_locations or ())] if spec else []
    for folder in folders:
        for jar in folder.glob("ivy-*.jar"):
            return jar
    raise ConfigError("pyspark with its Ivy jar is not installed; install Stafford's dependencies again")


def _module(wanted: Iterable[Coordinate], *, transitive: bool) -> str:
    dependencies = "".join(
        f"<dependency org={quoteattr(jar.organisation)} name={quoteattr(jar.module)} "
        f'rev={quoteattr(jar.revision)} transitive="{str(transitive).lower()}" conf="default-&gt;default"/>'
        for jar in wanted
    )
    return (
        '<ivy-module version="2.0"><info organisation="stafford" module="jars"/>'
        f"<dependencies>{dependencies}</dependencies></ivy-module>"
    )


def _settings(repository: str | None, *, poms: bool) -> str:
    root = f" root={quoteattr(repository)}" if repository else ""
    # Without POM files a pinned jar costs one request instead of five or more.
    metadata = "" if poms else ' usepoms="false" useMavenMetadata="false"'
    return (
        '<ivysettings><settings defaultResolver="maven"/><resolvers>'
        f'<ibiblio name="maven" m2compatible="true"{root}{metadata}/>'
        "</resolvers></ivysettings>"
    )
