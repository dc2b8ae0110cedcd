"""Makes the secrets of an installation, once, and shows the ones that a person needs.

Each group of services has a folder, which is a volume of its own, and a secret that two groups share
stands in both. What is there stays, so running it again changes nothing, and a volume that was deleted
alone gets back what the others still have.

    python -m secret_files          make what is missing
    python -m secret_files show     print how to sign in, as JSON
"""

import base64
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path("/secrets")
BYTES = 24


def password() -> str:
    """192 bits, in letters that need no quoting in a URL, a shell or SQL."""
    return secrets.token_hex(BYTES)


def fernet_key() -> str:
    """Give 32 bytes in the alphabet that Fernet wants."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SECRETS: dict[str, tuple[tuple[str, ...], Callable[[], str]]] = {
    # name of the file: the groups that may read it, and how it is made
    "postgres_password": (("postgres",), password),
    "airflow_db_password": (("postgres", "airflow"), password),
    "superset_db_password": (("postgres", "superset"), password),
    "warehouse_password": (("postgres", "warehouse"), password),
    "dashboards_password": (("postgres", "superset"), password),
    "redis_password": (("redis", "superset"), password),
    "airflow_admin_password": (("airflow",), password),
    "airflow_fernet_key": (("airflow",), fernet_key),
    "airflow_jwt_secret": (("airflow",), password),
    "airflow_api_secret_key": (("airflow",), password),
    "superset_admin_password": (("superset",), password),
    "superset_secret_key": (("superset",), password),
}


def make(root: Path = ROOT) -> list[str]:
    """Write what is missing, and give the names of what was made anew.

    A file is renamed into place when it is whole. It can be read by everybody who has the volume: the groups'
    users differ, and who may have the volume is what protects it.
    """
    made = []
    for name, (groups, create) in SECRETS.items():
        paths = [root / group / name for group in groups]
        known = next((path.read_text(encoding="utf-8") for path in paths if path.is_file()), None)
        if known is None:
            made.append(name)
        value = known or create()
        for path in paths:
            if not path.is_file():
                aside = path.with_name(f".{name}")
                aside.write_text(value, encoding="utf-8")
                aside.chmod(0o444)
                aside.replace(path)
    return made


def show(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Give user and password of each service that people sign in to.

    Raises:
        FileNotFoundError: the secrets were not made yet.
    """
    wanted = {
        "airflow": ("admin", "airflow/airflow_admin_password"),
        "superset": ("admin", "superset/superset_admin_password"),
        "warehouse": ("warehouse", "warehouse/warehouse_password"),
        "redis": ("default", "redis/redis_password"),
    }
    return {
        service: {"user": user, "password": (root / path).read_text(encoding="utf-8")}
        for service, (user, path) in wanted.items()
    }


def main() -> None:
    """Make or show; see above."""
    if sys.argv[1:] == ["show"]:
        sys.stdout.write(json.dumps(show()) + os.linesep)
        return
    made = make()
    sys.stdout.write(f"made {', '.join(made)}\n" if made else "every secret is there\n")


if __name__ == "__main__":
    main()
