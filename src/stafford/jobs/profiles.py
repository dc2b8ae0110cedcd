"""The business profiles: which there are, and whether one may be used."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stafford.errors import ConfigError
from stafford.generator import Profile, find_profile, load_profile
from stafford.generator.comparison import Difference, compare
from stafford.settings import Settings


@dataclass(frozen=True, slots=True)
class ProfilesJob:
    """The profiles of a folder, and any other file that is named by its path."""

    directory: Path

    def known(self) -> Iterator[Profile]:
        """Every profile of the folder, by name.

        Raises:
            ConfigError: one of them is wrong.
        """
        for path in sorted(self.directory.glob("*.yaml")):
            yield load_profile(path, self.directory)

    def text(self, name: str) -> str:
        """A profile as it was written, with its units and sources.

        Raises:
            ConfigError: there is no such profile, or it is wrong.
        """
        self.load(name)
        return find_profile(name, self.directory).read_text(encoding="utf-8")

    def load(self, name: str) -> Profile:
        """A profile, checked.

        Raises:
            ConfigError: there is no such profile, or it is wrong: the field, the value and what is allowed.
        """
        return load_profile(name, self.directory)

    def compare(self, one: str, other: str) -> list[Difference]:
        """Every field in which two profiles differ.

        Raises:
            ConfigError: there is no such profile, or it is wrong.
        """
        return compare(self.load(one), self.load(other))

    def faults(self, names: list[str]) -> Iterator[str]:
        """What is wrong with each profile that cannot be used; nothing for the others."""
        for name in names:
            try:
                self.load(name)
            except ConfigError as exc:
                yield str(exc)


def build(settings: Settings) -> ProfilesJob:
    """Wire the profiles of the settings."""
    return ProfilesJob(settings.config_dir / "profiles")
