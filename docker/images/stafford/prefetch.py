"""Downloads what the first run of a command would: Spark's connectors, and dbt's environment."""

import sys

from stafford.jobs import build
from stafford.jobs.ingest import fetch_jars
from stafford.settings import Settings


def say(message: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{message}\n")


settings = Settings()
_, jars = fetch_jars(settings, say)
say(f"jars: {jars}")
say(f"dbt: {build.build(settings).find_dbt(say)}")
