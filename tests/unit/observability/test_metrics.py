"""What Prometheus is told, in its own words."""

import re
import urllib.request
from urllib.error import HTTPError

import pytest

from stafford.errors import ConfigError
from stafford.observability import Kind, Metric, Metrics, serving

LAG = Metric("stafford_lag_records", "Records that wait.")
ROWS = Metric("stafford_rows_total", 'Rows so far, "all"\nof them.', Kind.COUNTER)
LINE = re.compile(
    r'^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="(\\.|[^"\\])*"(,\w+="(\\.|[^"\\])*")*\})? -?[\d.e+inf-]+)$'
)


@pytest.fixture
def metrics():
    return Metrics([LAG, ROWS])


def test_gauges_are_replaced_and_counters_grow(metrics):
    """A gauge has its last value, a counter the sum, each by its labels; what nobody set is not shown."""
    assert metrics.render() == ""
    metrics.set(LAG, 5, topic="orders")
    metrics.set(LAG, 3, topic="orders")
    metrics.add(ROWS, 2)
    metrics.add(ROWS, 1234567)
    lines = metrics.render().splitlines()
    assert 'stafford_lag_records{topic="orders"} 3' in lines
    assert "stafford_rows_total 1234569" in [line.removesuffix(".0") for line in lines]
    assert "# TYPE stafford_rows_total counter" in lines


def test_no_text_breaks_the_format(metrics):
    """Quotes, backslashes and line ends in labels and help stay within their line."""
    metrics.set(LAG, 1.5, topic='a"b\\c\nd', run="x")
    metrics.add(ROWS, 1)
    for line in metrics.render().splitlines():
        assert LINE.match(line), line
    # control: the same label as it stands would break it
    assert not LINE.match('stafford_lag_records{topic="a"b"} 1')


def test_the_numbers_are_served_on_loopback_alone(metrics):
    """GET /metrics gives them, other paths nothing; a port that is taken is named, and is free afterwards."""
    metrics.set(LAG, 7)
    with serving(metrics, 0) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b"stafford_lag_records 7" in answer.read()
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
        refused.value.close()
        assert refused.value.code == 404
        with pytest.raises(ConfigError, match=str(port)), serving(metrics, port):
            pass
    with serving(metrics, port):
        pass
