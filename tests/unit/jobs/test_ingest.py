"""When an ingestion tends its tables, and when it only says that it could not."""

from pathlib import Path

import pytest

from stafford.errors import StorageError
from stafford.jobs import batch, ingest
from stafford.settings import Settings


def test_logs_are_not_shortened_under_a_batch_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is the one that a batch job of this home takes."""
    settings, pinned = Settings(home=tmp_path), list[bool]()
    monkeypatch.setattr(ingest, "tend", lambda *_, is_pinned: pinned.append(is_pinned))
    job = ingest.build(settings)
    job.tend()
    with batch.build(settings).exclusive():
        job.tend()
    job.tend()
    assert pinned == [False, True, False]


def test_what_cannot_be_tended_is_said_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def fail(*_: object, **__: object) -> None:
        raise StorageError("no space left on device")

    monkeypatch.setattr(ingest, "tend", fail)
    ingest.build(Settings(home=tmp_path), notify=said.append).tend()
    assert said == ["TABLES ARE NOT TENDED: no space left on device"]
