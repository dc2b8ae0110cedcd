"""What would have to change for the broker to be as planned: pure, and nothing is ever deleted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stafford.transport.topics.specification import TopicSpec


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic as the broker has it."""

    partitions: int
    replication: int
    config: Mapping[str, str] = field(default_factory=dict)


class Kind(StrEnum):
    """What happens to a topic."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"  # Kafka cannot do it in place, and we do not do it for you
    UNMANAGED = "unmanaged"  # on the broker and not in the plan: shown, never touched


class Risk(StrEnum):
    """What an edit would cost."""

    REORDERING = "reordering"
    DATA_LOSS = "data loss"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Edit:
    """One attribute of a topic: as it is, as it should be, and what that costs."""

    name: str
    before: str | None
    after: str
    risk: Risk | None = None
    consequence: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that happens to one topic."""

    kind: Kind
    topic: str
    edits: tuple[Edit, ...] = ()

    @property
    def is_drift(self) -> bool:
        """Whether the broker is not as planned; an unmanaged topic is somebody else's."""
        return self.kind is not Kind.UNMANAGED


def plan(desired: Mapping[str, TopicSpec], actual: Mapping[str, TopicState], brokers: int) -> list[Change]:
    """Compare the plan with the brokers, topics in alphabetical order; an empty list means: as planned.

    Args:
        desired: the specification of each topic.
        actual: the topics that are there.
        brokers: how many are alive. A copy on one that is away is a copy all the same.
    """
    changes = []
    for topic in sorted({*desired, *actual}):
        if topic not in desired:
            changes.append(Change(Kind.UNMANAGED, topic))
        elif topic not in actual:
            changes.append(Change(Kind.CREATE, topic, tuple(_creation(desired[topic].on(brokers)))))
        elif edits := tuple(
            _edits(desired[topic].on(max(brokers, actual[topic].replication)), actual[topic])
        ):
            impossible = any(edit.risk is Risk.IMPOSSIBLE for edit in edits)
            changes.append(Change(Kind.REPLACE if impossible else Kind.UPDATE, topic, edits))
    return changes


def find_blockers(
    changes: Iterable[Change], *, allow_reordering: bool = False, allow_data_loss: bool = False
) -> list[str]:
    """Say which edits must not be applied, and what would allow each."""
    allowed = {Risk.REORDERING: allow_reordering, Risk.DATA_LOSS: allow_data_loss, Risk.IMPOSSIBLE: False}
    remedy = {
        Risk.REORDERING: "allow it with --allow-reordering",
        Risk.DATA_LOSS: "allow it with --allow-data-loss",
        Risk.IMPOSSIBLE: "once bronze has every record, run `stafford topics delete {}`, then apply again",
    }
    return [
        f"{change.topic}: {edit.name} from {edit.before} to {edit.after}: {edit.consequence}; "
        + remedy[edit.risk].format(change.topic)
        for change in changes
        for edit in change.edits
        if edit.risk and not allowed[edit.risk]
    ]


def _creation(spec: TopicSpec) -> Iterable[Edit]:
    yield Edit("partitions", None, str(spec.partitions))
    yield Edit("replication", None, str(spec.replication))
    for name, value in sorted(spec.settings().items()):
        yield Edit(name, None, value)


def _edits(spec: TopicSpec, state: TopicState) -> Iterable[Edit]:
    if spec.partitions > state.partitions:
        yield Edit(
            "partitions", str(state.partitions), str(spec.partitions), Risk.REORDERING,
            "keys move to other partitions, so new records of a key may be read before its old ones",
        )  # fmt: skip
    elif spec.partitions < state.partitions:
        yield Edit(
            "partitions", str(state.partitions), str(spec.partitions), Risk.IMPOSSIBLE,
            "Kafka cannot take partitions away; the topic must be made anew",
        )  # fmt: skip
    if spec.replication != state.replication:
        yield Edit(
            "replication", str(state.replication), str(spec.replication), Risk.IMPOSSIBLE,
            "replicas are moved by Kafka's reassignment tool, or the topic must be made anew",
        )  # fmt: skip
    for name, after in sorted(spec.settings().items()):
        before = state.config.get(name)
        if before != after:
            yield Edit(name, before, after, *_cost(name, before, after))


def _cost(name: str, before: str | None, after: str) -> tuple[Risk | None, str]:
    if name == "cleanup.policy":
        return Risk.DATA_LOSS, "records that the old policy kept may be removed by the new one"
    if name in {"retention.ms", "retention.bytes"} and _limit(after) < _limit(before):
        return Risk.DATA_LOSS, "older records are removed within minutes"
    if name == "min.compaction.lag.ms" and _limit(after) < _limit(before):
        return Risk.DATA_LOSS, "older records of a key are compacted away sooner"
    if name == "min.insync.replicas" and _limit(after) < _limit(before):
        return Risk.DATA_LOSS, "an acknowledged record may be on fewer replicas, and go with them"
    return None, ""


def _limit(value: str | None) -> float:
    # Kafka writes "no limit" as -1. An unknown value counts as no limit: better one question too many.
    number = float("inf") if value is None else float(value)
    return float("inf") if number < 0 else number
