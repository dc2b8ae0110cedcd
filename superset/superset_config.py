"""Superset's settings: where its database, cache and secrets are. Read by Superset alone."""

from pathlib import Path
from typing import Any

SECRETS = Path("/run/secrets")


def secret(name: str) -> str:
    """Read a secret that was made at the first start."""
    return (SECRETS / name).read_text(encoding="utf-8")


SECRET_KEY = secret("superset_secret_key")
SQLALCHEMY_DATABASE_URI = (
    f"postgresql+psycopg2://superset:{secret('superset_db_password')}@postgres:5432/superset"
)
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 3, "max_overflow": 5, "pool_pre_ping": True}


def warehouse_password(_url: Any) -> str:
    """Give the password of the one database that is connected; so it stands in no export and no table."""
    return secret("dashboards_password")


SQLALCHEMY_CUSTOM_PASSWORD_STORE = warehouse_password


def cache(prefix: str, timeout_s: int) -> dict[str, Any]:
    """Describe a cache in Redis; away, Superset asks the database instead."""
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_DEFAULT_TIMEOUT": timeout_s,
        "CACHE_KEY_PREFIX": f"superset_{prefix}_",
        "CACHE_REDIS_URL": f"redis://:{secret('redis_password')}@redis:6379/1",
    }


CACHE_CONFIG = cache("metadata", 86_400)
DATA_CACHE_CONFIG = cache("data", 300)
FILTER_STATE_CACHE_CONFIG = cache("filter", 86_400)
EXPLORE_FORM_DATA_CACHE_CONFIG = cache("explore", 86_400)

# One process on this machine alone: sign-in attempts are counted in its memory.
RATELIMIT_STORAGE_URI = "memory://"
# Loopback without TLS; a cookie that wants HTTPS would never come back.
SESSION_COOKIE_SAMESITE = "Lax"
TALISMAN_ENABLED = False
