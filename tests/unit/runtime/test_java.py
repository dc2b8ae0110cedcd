"""Finding and installing Java."""

import stat
import sys
from pathlib import Path

import jdk
import pytest

from stafford.errors import ConfigError
from stafford.runtime.java import TESTED, Java, ask, find_java, install_command, install_java

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in Java is a shell script")


def pretend_java(home: Path, version: str, exit_code: int = 0) -> Path:
    """Write a program that answers as a Java of that version would."""
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(
        f"#!/bin/sh\necho '    java.home = {home}' >&2\n"
        f"echo '    java.specification.version = {version}' >&2\nexit {exit_code}\n"
    )
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    return executable


def only(home: Path) -> dict[str, str]:
    """An environment with that JAVA_HOME and an empty PATH."""
    return {"JAVA_HOME": str(home), "PATH": ""}


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine where only JAVA_HOME can name a Java."""
    monkeypatch.setattr("stafford.runtime.java._below_each", lambda _: iter(()))
    monkeypatch.setattr("stafford.runtime.java._apple_java", lambda: iter(()))
    return tmp_path


def test_real_java_tells_its_version_and_home(java: Java) -> None:
    """The Java of this machine is new enough, and its home holds it."""
    assert java.major >= 17
    assert java.home is not None
    assert java.home.is_dir()


@posix_only
def test_old_java_is_rejected_by_name(nothing_installed: Path) -> None:
    """A Java 8 is not used, and the message says that it was seen and what to run."""
    pretend_java(nothing_installed / "jdk8", "1.8")
    with pytest.raises(ConfigError, match=r"is Java 8.*stafford doctor --install-java"):
        find_java(environ=only(nothing_installed / "jdk8"), installed=nothing_installed)


@posix_only
def test_java_at_the_minimum_is_accepted(nothing_installed: Path) -> None:
    """The control of the one above: only the number differs."""
    pretend_java(nothing_installed / "jdk17", "17")
    assert find_java(environ=only(nothing_installed / "jdk17"), installed=nothing_installed).major == 17


@posix_only
def test_tested_release_wins_over_a_newer_one(tmp_path: Path, nothing_installed: Path) -> None:
    """Java 25 in JAVA_HOME is passed over for a Java 21 on PATH, and used when it is alone."""
    assert nothing_installed
    pretend_java(tmp_path / "jdk25", "25")
    assert find_java(environ=only(tmp_path / "jdk25")).major == 25
    tested = pretend_java(tmp_path / "jdk21", "21")
    environ = {"JAVA_HOME": str(tmp_path / "jdk25"), "PATH": str(tested.parent)}
    assert find_java(environ=environ).major == 21


@posix_only
def test_installed_jdk_is_found(tmp_path: Path) -> None:
    """What install-jdk unpacked below ~/.jdk is used without any variable."""
    pretend_java(tmp_path / ".jdk" / "jdk-21.0.5+11-jre", "21")
    found = find_java(minimum=21, environ={"PATH": ""}, installed=tmp_path / ".jdk")
    assert found.executable.is_relative_to(tmp_path)


@posix_only
def test_java_that_fails_is_none(tmp_path: Path) -> None:
    """A Mac ships a java that only prints an advert: it does not count."""
    assert ask(pretend_java(tmp_path / "stub", "17", exit_code=1)) is None
    assert ask(tmp_path / "absent") is None


def test_no_java_names_the_command_of_this_system(nothing_installed: Path) -> None:
    """Without any Java the message has one command to run."""
    with pytest.raises(ConfigError) as caught:
        find_java(environ={"PATH": ""}, installed=nothing_installed)
    assert install_command() in str(caught.value)


@pytest.mark.parametrize(
    ("tool", "words"),
    [("dnf", "dnf install"), ("pacman", "pacman -S"), ("brew", "--cask"), ("winget", "winget install")],
)
def test_install_command_follows_the_package_manager(tool: str, words: str) -> None:
    """Each system gets its own command; a system with none gets ours."""
    assert words in install_command(lambda name: name if name == tool else None)
    assert install_command(lambda _: None) == "stafford doctor --install-java"


def test_debian_12_is_offered_a_java_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian 12 has no package of Java 21, and Debian 13 none of Java 17."""
    for release, major in (("12", 17), ("13", 21)):
        answer = {"ID": "debian", "VERSION_ID": release}
        monkeypatch.setattr("stafford.runtime.java._linux_release", lambda answer=answer: answer)
        assert f"openjdk-{major}-" in install_command(lambda name: name if name == "apt-get" else None)


@posix_only
def test_installer_is_asked_for_a_tested_release(tmp_path: Path) -> None:
    """The download itself is a stand-in here: it needs a network beyond a test's reach."""
    said: list[str] = []

    def fake_install(version: str, *, jre: bool, path: str) -> str:
        assert int(version) in TESTED
        assert jre
        return str(pretend_java(Path(path) / "jdk-21", version).parents[1])

    java = install_java(said.append, into=tmp_path / ".jdk", install=fake_install)
    assert java.major == 21
    assert said


@pytest.mark.parametrize("cause", [jdk.JdkError("no route"), OSError("no route")])
def test_failed_download_of_java_is_a_clear_error(tmp_path: Path, cause: Exception) -> None:
    """Without a network the message says so and offers the package manager."""

    def fail(*_: object, **__: object) -> str:
        raise cause

    with pytest.raises(ConfigError, match="no route; check the network"):
        install_java(print, into=tmp_path, install=fail)
