"""Health of Airflow's parts by their heartbeats: `python -m airflow_health metadatabase|scheduler|...`.

`airflow jobs check` would tell the same and take five seconds of a core each time.
"""

import json
import sys
import urllib.request

ADDRESS = "http://airflow-api:8080/api/v2/monitor/health"
LIMIT_S = 4


def is_healthy(part: str) -> bool:
    """Whether a part's heartbeat is in the database, by the api server's word.

    Raises:
        OSError: the api server does not answer.
    """
    with urllib.request.urlopen(ADDRESS, timeout=LIMIT_S) as answer:
        return bool(json.load(answer)[part]["status"] == "healthy")


if __name__ == "__main__":
    try:
        sys.exit(0 if is_healthy(sys.argv[1]) else 1)
    except OSError as exc:
        sys.exit(f"{sys.argv[1]}: {exc}")
