"""Tool environments: made once, whole or not at all. The packages come from a folder, not a network."""

import base64
import hashlib
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from stafford.errors import ConfigError, NotReady, StorageError
from stafford.runtime.environments import ensure_environment


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Requirements with a hash, for a package of one program that is built here."""
    wheel = tmp_path / "wheels" / "greeter-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    files = {
        "greeter.py": "def main():\n    print('hello')\n",
        "greeter-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n",
        "greeter-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "greeter-1.0.dist-info/entry_points.txt": "[console_scripts]\ngreet = greeter:main\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')}"
        f",{len(text)}\n"
        for name, text in files.items()
    )
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, "greeter-1.0.dist-info/RECORD": record}.items():
            archive.writestr(name, text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    pinned = tmp_path / "tool.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pinned.write_text(f"greeter==1.0 --hash=sha256:{digest}\n")
    return pinned


def test_environment_is_made_once_and_remade_when_unfinished(tmp_path: Path, requirements: Path) -> None:
    """The program runs; a second call does nothing; without the marker everything is made again."""
    said: list[str] = []
    programs = ensure_environment("tool", requirements, tmp_path / "cache", said.append)
    greeting = subprocess.run([programs / "greet"], capture_output=True, text=True, check=True)
    assert greeting.stdout == "hello\n"
    # given a second call
    said.clear()
    assert ensure_environment("tool", requirements, tmp_path / "cache", said.append) == programs
    assert said == []
    # given a call that was killed after it had installed half
    (programs.parent / ".complete").unlink()
    (programs / "python").unlink()
    ensure_environment("tool", requirements, tmp_path / "cache", said.append)
    assert any("unfinished" in message for message in said)
    subprocess.run([programs / "greet"], check=True, capture_output=True)


def test_wrong_hash_is_refused_in_pips_own_words(tmp_path: Path, requirements: Path) -> None:
    """A package with other bytes is not installed, and the environment is not taken for whole."""
    requirements.write_text(f"greeter==1.0 --hash=sha256:{'0' * 64}\n")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"(?s)tool\.txt.*last words:.*[Hh]ash"):
            ensure_environment("tool", requirements, tmp_path / "cache", print)


def test_missing_requirements_are_said_clearly(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ConfigError, match=r"absent\.txt cannot be read"):
        ensure_environment("tool", tmp_path / "absent.txt", tmp_path / "cache", print)


def test_cache_that_cannot_be_written_is_said_clearly(tmp_path: Path, requirements: Path) -> None:
    """A file where the cache should be names the setting."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(StorageError, match="STAFFORD_CACHE_DIR"):
        ensure_environment("tool", requirements, tmp_path / "cache", print)


def test_waiting_has_a_bound(tmp_path: Path, requirements: Path) -> None:
    """While one call makes the environment another waits, and not for ever."""
    late: list[BaseException] = []
    making = threading.Event()

    def wait_briefly() -> None:
        making.wait(10)
        try:
            ensure_environment("tool", requirements, tmp_path / "cache", print, wait_s=0.1)
        except NotReady as exc:
            late.append(exc)

    other = threading.Thread(target=wait_briefly)
    other.start()

    def say(message: str) -> None:
        making.set()
        if message.startswith("tool: "):
            other.join(10)

    ensure_environment("tool", requirements, tmp_path / "cache", say)
    assert len(late) == 1
