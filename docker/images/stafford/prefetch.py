"""Downloads what the first run of a command would: Spark's connectors, and dbt's environment."""

import sys

from stafford.jobs import build
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import find_java
from stafford.settings import Settings


def say(message: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{message}\n")


settings = Settings()
jars = ensure_jars("spark", settings.cache_dir, find_java(), say)
say(f"jars: {jars}")
say(f"dbt: {build.build(settings).find_dbt(say)}")
