"""Gauges and counters in Prometheus' text format.

A few lines of text need no client library, and one less dependency is one less to lock.

Source: Prometheus documentation, "Exposition formats", text format 0.0.4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from threading import Lock

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Kind(Enum):
    """What Prometheus may do with a number."""

    GAUGE = "gauge"
    """It goes up and down."""

    COUNTER = "counter"
    """It only grows, until the process starts anew."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A name with its unit at its end, and what it means."""

    name: str
    help: str
    kind: Kind = Kind.GAUGE


class Metrics:
    """The numbers of a process; any thread may set them and read them."""

    def __init__(self, known: Iterable[Metric]) -> None:
        """Announce every metric; those that nobody sets are not shown."""
        self._known = {metric.name: metric for metric in known}
        self._values: dict[str, dict[str, float]] = {name: {} for name in self._known}
        self._lock = Lock()

    def set(self, metric: Metric, value: float, **labels: str) -> None:
        """Replace a number."""
        with self._lock:
            self._values[metric.name][_render_labels(labels)] = value

    def add(self, metric: Metric, value: float, **labels: str) -> None:
        """Let a counter grow."""
        with self._lock:
            named = _render_labels(labels)
            self._values[metric.name][named] = self._values[metric.name].get(named, 0.0) + value

    def render(self) -> str:
        """All of them, as Prometheus reads them."""
        lines = []
        with self._lock:
            for name, values in self._values.items():
                if values:
                    metric = self._known[name]
                    lines += [f"# HELP {name} {_escape(metric.help)}", f"# TYPE {name} {metric.kind.value}"]
                    lines += [f"{name}{labels} {value!r}" for labels, value in values.items()]
        return "".join(f"{line}\n" for line in lines)


def _render_labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escape(value, quotes=True)}"' for name, value in sorted(labels.items()))
    return f"{{{','.join(pairs)}}}"


def _escape(text: str, *, quotes: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quotes else escaped
