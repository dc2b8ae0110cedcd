"""Numbers about a running process, for Prometheus: open to every room, ignorant of what they mean."""

from stafford.observability.endpoint import serving

__all__ = ["serving"]
