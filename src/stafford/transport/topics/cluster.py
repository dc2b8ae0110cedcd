"""The topics that a broker really has: reading them, and changing them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined] # typed, but it does not list its exports
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from tenacity import RetryError, retry_if_result, stop_after_delay, wait_fixed
from tenacity import Retrying as Retries

from stafford.errors import NotReady, UnsafeChange
from stafford.transport.requests import Requests
from stafford.transport.topics.difference import Change, Kind, TopicState, find_blockers


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One partition: who leads it, and which offsets it holds."""

    partition: int
    leader: int | None  # broker id; None while there is no leader
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    low: int  # first offset that can be read
    high: int  # offset that the next record will get


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """One topic with its partitions and its settings."""

    topic: str
    partitions: tuple[PartitionState, ...]
    config: Mapping[str, str]

    @property
    def offset_span(self) -> int:
        """Offsets between low and high; a compacted topic has fewer records than that."""
        return sum(partition.high - partition.low for partition in self.partitions)


class Cluster:
    """The broker's admin interface; close it, or use it in a `with`."""

    def __init__(self, config: Mapping[str, str], timeout_s: float = 15) -> None:
        """Prepare a client; connecting happens at the first call.

        Args:
            config: Kafka client settings; needs bootstrap.servers.
            timeout_s: bound of each call, in seconds.

        Raises:
            ConfigError: a setting is missing or unknown.
        """
        self._requests = Requests(config, "stafford-topics", timeout_s)
        self.bootstrap = self._requests.bootstrap
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._requests.close()

    def list_topics(self) -> dict[str, TopicState]:
        """Read every topic but Kafka's own.

        Raises:
            TransportUnavailable: no broker answered within the bound.
        """
        metadata = self._read_metadata()
        # Kafka's own topics (offsets, transactions) begin with two underscores.
        visible = {name: topic for name, topic in metadata.topics.items() if not name.startswith("__")}
        # A topic that was deleted a moment ago may still be in the metadata, and has no settings any more.
        config = self._read_config(visible, ignored=KafkaError.UNKNOWN_TOPIC_OR_PART)
        return {
            name: TopicState(
                partitions=len(topic.partitions),
                replication=min((len(part.replicas) for part in topic.partitions.values()), default=0),
                config=config[name],
            )
            for name, topic in sorted(visible.items())
            if name in config
        }

    def count_brokers(self) -> int:
        """Count the brokers that are alive.

        Raises:
            TransportUnavailable: no broker answered within the bound.
        """
        return len(self._read_metadata().brokers)

    def apply(
        self, changes: Sequence[Change], *, allow_reordering: bool = False, allow_data_loss: bool = False
    ) -> list[Change]:
        """Create and update topics, then wait until the broker shows it; gives what was done.

        Everything is checked before anything is changed. Applying again after a failure is safe.

        Raises:
            UnsafeChange: a change breaks key order, loses data or cannot be made; nothing was changed.
            NotReady: the broker took the changes and does not show them yet.
            TransportUnavailable: no broker answered within the bound.
            Terminal: the broker refused a change.
        """
        blockers = find_blockers(changes, allow_reordering=allow_reordering, allow_data_loss=allow_data_loss)
        if blockers:
            raise UnsafeChange(
                "nothing was changed, because:\n" + "\n".join(f"  {text}" for text in blockers)
            )
        todo = [change for change in changes if change.kind in {Kind.CREATE, Kind.UPDATE}]
        self._create([change for change in todo if change.kind is Kind.CREATE])
        self._update([change for change in todo if change.kind is Kind.UPDATE])
        self._wait(lambda: all(self._shows(change) for change in todo), "show the changes")
        return todo

    def describe(self, names: Iterable[str] | None = None) -> list[TopicDescription]:
        """Read partitions, offsets and settings, of every topic or of those named.

        Raises:
            ConfigError: a topic is not on the broker.
            TransportUnavailable: no broker answered within the bound.
        """
        wanted = sorted(set(self.list_topics() if names is None else names))
        if not wanted:
            return []
        found = self._requests.wait_for_all(self._requests.admin.describe_topics(TopicCollection(wanted)))
        places = [TopicPartition(name, part.id) for name in wanted for part in found[name].partitions]
        low, high = (
            self._read_offsets(places, spec)
            for spec in (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        )
        ends = {(p.topic, p.partition): (low[p].offset, high[p].offset) for p in places}
        config = self._read_config(wanted)
        return [
            TopicDescription(
                name,
                tuple(_partition_state(part, *ends[name, part.id]) for part in found[name].partitions),
                config[name],
            )
            for name in wanted
        ]

    def delete(self, name: str) -> None:
        """Delete a topic and every record in it, and wait until it is gone.

        Raises:
            ConfigError: the topic is not on the broker.
            NotReady: the broker took the request and still shows the topic.
            TransportUnavailable: no broker answered within the bound.
        """
        self._requests.wait_for_all(
            self._requests.admin.delete_topics([name], operation_timeout=self._timeout_s)
        )
        self._wait(lambda: name not in self.list_topics(), f"let go of topic {name}")

    def _create(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        topics = []
        for change in changes:
            values = {edit.name: edit.after for edit in change.edits}
            partitions, replication = int(values.pop("partitions")), int(values.pop("replication"))
            topics.append(NewTopic(change.topic, partitions, replication, config=values))
        self._requests.wait_for_all(
            self._requests.admin.create_topics(topics, operation_timeout=self._timeout_s),
            # Somebody else made it between our look and our request; the wait below compares it.
            ignored=KafkaError.TOPIC_ALREADY_EXISTS,
        )

    def _update(self, changes: Sequence[Change]) -> None:
        edits = [(change.topic, edit) for change in changes for edit in change.edits]
        grown = [NewPartitions(topic, int(edit.after)) for topic, edit in edits if edit.name == "partitions"]
        if grown:
            self._requests.wait_for_all(
                self._requests.admin.create_partitions(grown, operation_timeout=self._timeout_s)
            )
        resources = []
        for change in changes:
            entries = [
                ConfigEntry(edit.name, edit.after, incremental_operation=AlterConfigOpType.SET)
                for edit in change.edits
                if edit.name != "partitions"
            ]
            if entries:
                resources.append(
                    ConfigResource(ResourceType.TOPIC, change.topic, incremental_configs=entries)
                )
        if resources:
            self._requests.wait_for_all(self._requests.admin.incremental_alter_configs(resources))

    def _shows(self, change: Change) -> bool:
        state = self.list_topics().get(change.topic)
        if state is None:
            return False
        shown = {**state.config, "partitions": str(state.partitions), "replication": str(state.replication)}
        return all(shown.get(edit.name) == edit.after for edit in change.edits)

    def _read_metadata(self) -> Any:
        return self._requests.call(lambda: self._requests.admin.list_topics(timeout=self._timeout_s))

    def _read_offsets(self, places: list[TopicPartition], spec: OffsetSpec) -> dict[Any, Any]:
        return self._requests.wait_for_leaders(
            lambda: self._requests.admin.list_offsets(dict.fromkeys(places, spec))
        )

    def _read_config(self, names: Iterable[str], ignored: int | None = None) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        found = self._requests.wait_for_all(self._requests.admin.describe_configs(resources), ignored)
        return {
            resource.name: {name: entry.value for name, entry in sorted(entries.items())}
            for resource, entries in found.items()
        }

    def _wait(self, is_done: Callable[[], bool], what: str) -> None:
        attempts = Retries(
            stop=stop_after_delay(self._timeout_s),
            wait=wait_fixed(0.1),
            retry=retry_if_result(lambda done: not done),
        )
        try:
            attempts(is_done)
        except RetryError as exc:
            raise NotReady(
                f"the broker at {self.bootstrap} did not {what} within {self._timeout_s:g} s; "
                "run `stafford topics verify` in a moment"
            ) from exc


def _partition_state(part: Any, low: int, high: int) -> PartitionState:
    return PartitionState(
        partition=part.id,
        leader=part.leader.id if part.leader else None,
        replicas=tuple(node.id for node in part.replicas),
        in_sync=tuple(node.id for node in part.isr),
        low=low,
        high=high,
    )
