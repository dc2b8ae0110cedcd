"""Writes a window of a shop's life to files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stafford.domain.window import Window
from stafford.generator import GENERATOR_VERSION, Shop, generate, load_profile
from stafford.generator.files import Format, RunFiles, find_run
from stafford.settings import Settings


@dataclass(frozen=True, slots=True)
class Generated:
    """What is in the folder now. rows: by topic; was_there: an earlier command had written it."""

    run_id: str
    rows: dict[str, int]
    was_there: bool


@dataclass(frozen=True, slots=True)
class GenerateJob:
    """A shop, the window to write, and where to."""

    shop: Shop
    window: Window
    folder: Path
    format: Format

    def run(self, progress: Callable[[int, datetime], None] = lambda _rows, _until: None) -> Generated:
        """Write the window, all of it or nothing; a folder that holds this very run is left alone.

        Args:
            progress: is told rows so far, and the emission time that is reached.

        Raises:
            ConfigError: the folder holds something else, or the window begins before the shop opens.
            StorageError: the folder cannot be written.
        """
        identity = self._identify()
        written = find_run(self.folder, identity)
        if written is not None:
            return Generated(self.shop.run_id, written, was_there=True)
        total = 0
        with RunFiles(self.folder, self.format, identity) as files:
            for batch in generate(self.shop, self.window):
                files.write(batch)
                total += len(batch)
                progress(total, batch.records.column("emitted_at")[-1].as_py())
        return Generated(self.shop.run_id, files.rows, was_there=False)

    def _identify(self) -> dict[str, object]:
        return {
            "run_id": self.shop.run_id,
            "generator_version": GENERATOR_VERSION,
            "profile": self.shop.profile.name,
            "seed": self.shop.seed,
            "opens_at": self.shop.opens_at.isoformat(),
            "events_per_day": self.shop.events_per_day,
            "from": self.window.start.isoformat(),
            "to": self.window.end.isoformat(),
            "format": self.format.value,
        }


def build(
    settings: Settings,
    *,
    window: Window,
    opens_at: datetime | None,
    events_per_day: float,
    profile: str,
    seed: int,
    file_format: Format,
    folder: Path,
) -> GenerateJob:
    """Wire a profile of the configuration to a folder.

    Args:
        settings: where the profiles are.
        window: what to write.
        opens_at: when the shop opens, UTC; None: when the window begins.
        events_per_day: mean records a day.
        profile: name of a profile, or path of a YAML file.
        seed: which shop of its kind.
        file_format: how to write.
        folder: where to write.

    Raises:
        ConfigError: the profile is wrong, or the rate is too low for it.
    """
    kind = load_profile(profile, settings.config_dir / "profiles")
    shop = Shop(kind, seed, opens_at or window.start, events_per_day)
    return GenerateJob(shop, window, folder, file_format)
