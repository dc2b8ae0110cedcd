"""What Prometheus is told, over HTTP."""

import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Gauge

from stafford.errors import ConfigError
from stafford.observability import serving


def test_the_numbers_are_served_on_loopback_alone():
    """GET /metrics gives them; a port that is taken is named, and is free afterwards."""
    registry = CollectorRegistry()
    Gauge("stafford_lag_records", "Records that wait.", registry=registry).set(7)
    with serving(registry, 0) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert b"stafford_lag_records 7" in answer.read()
        with pytest.raises(ConfigError, match=str(port)), serving(registry, port):
            pass
    with serving(registry, port):
        pass
