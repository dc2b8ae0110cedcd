"""Where the Delta tables are, below one root URI."""

from dataclasses import dataclass

GOLD = ("sessions", "daily")
"""The tables that batch jobs make, in the order in which they make them."""


@dataclass(frozen=True, slots=True)
class Lake:
    """The tables of one lake."""

    uri: str

    @property
    def bronze(self) -> str:
        """Kafka as it was: append only, one row per record, partitioned by topic."""
        return f"{self.uri}/bronze"

    @property
    def quarantine(self) -> str:
        """What breaks its contract: one row per distinct record, with its reasons and raw bytes."""
        return f"{self.uri}/quarantine"

    @property
    def arrivals(self) -> str:
        """What became of each bronze record: one row per record that was judged, with its fate."""
        return f"{self.uri}/arrivals"

    @property
    def replays(self) -> str:
        """What was decided about quarantined records: append only, one row per record and replay."""
        return f"{self.uri}/replays"

    @property
    def contracts(self) -> str:
        """The contracts that the lake was made by: append only, one row per topic and adopted change."""
        return f"{self.uri}/contracts"

    @property
    def staging(self) -> str:
        """No table: where the tasks of a batch leave files for its driver, until the next batch."""
        return f"{self.uri}/_staging"

    @property
    def memory(self) -> str:
        """No table: a copy of what silver needs to know of arrivals; it may be deleted at any time."""
        return f"{self.uri}/_memory/arrivals"

    def silver(self, topic: str) -> str:
        """Typed events of a topic: one row per event_id."""
        return f"{self.uri}/silver/{topic}"

    def gold(self, name: str) -> str:
        """What a batch job makes of silver: partitioned by event_date, replaced by whole days."""
        return f"{self.uri}/gold/{name}"
