"""Keeps the broker's topics as config/topics.yaml says."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from stafford.contracts import load_contracts
from stafford.errors import ConfigError
from stafford.jobs.kafka_client import find_kafka
from stafford.settings import Settings
from stafford.transport.topics import (
    Change,
    Cluster,
    Skew,
    TopicDescription,
    TopicSpec,
    TopicState,
    load_topics,
    measure_skew,
    plan,
    sample_topic,
)


class TopicsJob:
    """One broker and one plan; close it, or use it in a `with`."""

    def __init__(self, desired: Mapping[str, TopicSpec], cluster: Cluster, kafka: Mapping[str, str]) -> None:
        self.desired = desired
        self.cluster = cluster
        self._kafka = kafka

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cluster.close()

    def plan(self) -> list[Change]:
        """Say what would change; changes nothing."""
        return plan(self.desired, self.cluster.list_topics(), self.cluster.count_brokers())

    def apply(self, *, allow_reordering: bool = False, allow_data_loss: bool = False) -> list[Change]:
        """Bring the broker to the plan; gives what was done. Applying twice does nothing the second time.

        Raises:
            UnsafeChange: a change breaks key order, loses data or cannot be made; nothing was changed.
            NotReady: the broker does not show the changes in time.
        """
        return self.cluster.apply(
            self.plan(), allow_reordering=allow_reordering, allow_data_loss=allow_data_loss
        )

    def verify(self) -> list[Change]:
        """Say where the broker is not as planned; empty when it is. Unmanaged topics are nobody's drift."""
        return [change for change in self.plan() if change.is_drift]

    def list_topics(self) -> dict[str, TopicState]:
        """Every topic on the broker but Kafka's own."""
        return self.cluster.list_topics()

    def describe(self, name: str | None = None) -> list[TopicDescription]:
        """Partitions, offsets and settings of one topic, or of all."""
        return self.cluster.describe(None if name is None else [name])

    def measure_skew(self, name: str | None = None, *, most: int, hottest: int) -> list[Skew]:
        """How evenly records lie on the partitions of one topic, or of all that are planned and there.

        Args:
            name: a topic.
            most: records to read of each topic, the newest.
            hottest: how many keys to name.

        Raises:
            ConfigError: the topic is not on the broker.
            TransportUnavailable: no broker answered, or a partition gave nothing.
        """
        names = [name] if name else sorted(set(self.desired) & set(self.cluster.list_topics()))
        return [
            measure_skew(topic.topic, sample_topic(self._kafka, topic, most), hottest)
            for topic in self.cluster.describe(names)
        ]

    def delete(self, name: str) -> None:
        """Delete a topic and every record in it."""
        self.cluster.delete(name)


def build(settings: Settings, *, kafka: Mapping[str, str] | None = None, timeout_s: float = 15) -> TopicsJob:
    """Wire the plan to the broker.

    Args:
        settings: where plan and contracts are, and which broker.
        kafka: Kafka client settings, in place of those that the settings name.
        timeout_s: bound of each call to the broker, in seconds.

    Raises:
        ConfigError: the plan is wrong, or does not name the topics that the contracts name.
        TransportUnavailable: no embedded broker runs and the settings name no other.
    """
    path = settings.config_dir / "topics.yaml"
    desired = load_topics(path)
    contracts = load_contracts(settings.contracts_dir)
    if missing := sorted(set(contracts) - set(desired)):
        raise ConfigError(f"topic plan {path} lacks {', '.join(missing)}, which has a contract; add an entry")
    if stray := sorted(set(desired) - set(contracts)):
        raise ConfigError(
            f"topic plan {path} has {', '.join(stray)} without a contract; write one or remove the entry"
        )
    found = kafka or find_kafka(settings)
    return TopicsJob(desired, Cluster(found, timeout_s), found)
