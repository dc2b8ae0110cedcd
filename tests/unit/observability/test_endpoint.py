"""What Prometheus is told, over HTTP."""

import socket
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from stafford.errors import ConfigError
from stafford.observability import endpoint, serving


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


class Slow(Collector):
    """Numbers that take a while to count."""

    def __init__(self) -> None:
        self.asked, self.counted = Event(), False

    def describe(self):
        return [GaugeMetricFamily("stafford_slow", "A number.")]

    def collect(self):
        self.asked.set()
        time.sleep(0.5)
        self.counted = True
        yield GaugeMetricFamily("stafford_slow", "A number.", 7)


def test_who_asked_before_the_end_gets_an_answer():
    """A process that ends while a request reads tables would hang in what it tears down."""
    registry, slow = CollectorRegistry(), Slow()
    registry.register(slow)
    with ThreadPoolExecutor() as pool:
        with serving(registry, 0) as port:
            url = f"http://127.0.0.1:{port}/metrics"
            answer = pool.submit(lambda: urllib.request.urlopen(url, timeout=10).read())
            assert slow.asked.wait(10)
        assert slow.counted
        assert b"stafford_slow 7" in answer.result()


def test_a_client_that_says_nothing_holds_nobody_up(monkeypatch):
    """It is hung up on, or the end would wait for it."""
    monkeypatch.setattr(endpoint._Handler, "timeout", 0.2)  # noqa: SLF001 - five seconds are long in a test
    began = time.monotonic()
    with serving(CollectorRegistry(), 0) as port:
        silent = socket.create_connection(("127.0.0.1", port))
        time.sleep(0.1)
    assert time.monotonic() < began + 5
    silent.close()
