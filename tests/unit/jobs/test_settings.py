"""What settings know of the home."""

from pathlib import Path

import pytest

from stafford.errors import TransportUnavailable
from stafford.jobs.kafka_client import find_kafka
from stafford.settings import Settings


def test_a_command_names_the_home_unless_it_is_the_usual_one(tmp_path: Path) -> None:
    """Advice that leaves the home out starts a broker that the command which gave it does not find."""
    assert Settings(home=Path("data/shop")).command("kafka start") == "stafford kafka start"
    settings = Settings(home=tmp_path / "other")
    with pytest.raises(TransportUnavailable) as refusal:
        find_kafka(settings)
    assert f"`stafford --home {settings.home} kafka start`" in str(refusal.value)
