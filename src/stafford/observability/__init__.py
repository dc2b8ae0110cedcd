"""Numbers about a running process, for Prometheus: open to every room, ignorant of what they mean."""

from stafford.observability.endpoint import serving
from stafford.observability.metrics import Kind, Metric, Metrics

__all__ = ["Kind", "Metric", "Metrics", "serving"]
