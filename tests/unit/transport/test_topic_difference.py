"""What would change, and what must not, is decided without a broker."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.transport.topics import Cleanup, Kind, Risk, TopicSpec, TopicState, find_blockers, plan


def specify(**changes: object) -> TopicSpec:
    fields = {
        "partitions": 3, "replication": 1, "min_insync_replicas": 1, "cleanup": "delete",
        "retention": timedelta(days=7), "compression": "lz4", "max_message_bytes": 2048, "why": "for a test",
    }  # fmt: skip
    return TopicSpec.model_validate({**fields, **changes})


def as_planned(spec: TopicSpec) -> TopicState:
    return TopicState(spec.partitions, spec.replication, {**spec.settings(), "segment.ms": "604800000"})


COMPACTED = {"cleanup": Cleanup.COMPACT, "retention": None, "min_compaction_lag": timedelta(days=7)}


def test_a_broker_as_planned_has_no_changes() -> None:
    """Settings that the plan does not name are no drift."""
    assert plan({"orders": specify()}, {"orders": as_planned(specify())}, brokers=3) == []


def test_a_missing_topic_is_created_with_everything() -> None:
    """Creation carries partitions, replication and every setting."""
    (change,) = plan({"orders": specify()}, {}, brokers=3)
    assert change.kind is Kind.CREATE
    assert {edit.name: edit.after for edit in change.edits} == {
        "partitions": "3", "replication": "1", **specify().settings()
    }  # fmt: skip
    assert find_blockers([change]) == []


def test_an_unknown_topic_is_shown_and_left_alone() -> None:
    """A topic that is not in the plan is somebody else's: no edits, no drift, nothing to block."""
    (change,) = plan({}, {"theirs": as_planned(specify())}, brokers=3)
    assert (change.kind, change.edits, change.is_drift) == (Kind.UNMANAGED, (), False)
    assert find_blockers([change]) == []


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        ({}, {"partitions": 4}, Risk.REORDERING),
        ({}, {"partitions": 2}, Risk.IMPOSSIBLE),
        ({}, {"replication": 2}, Risk.IMPOSSIBLE),
        ({}, {"retention": timedelta(days=1)}, Risk.DATA_LOSS),
        ({}, {"retention": timedelta(days=8)}, None),
        ({}, COMPACTED, Risk.DATA_LOSS),
        (COMPACTED, {}, Risk.DATA_LOSS),
        (COMPACTED, {**COMPACTED, "min_compaction_lag": timedelta(days=1)}, Risk.DATA_LOSS),
        ({"replication": 3, "min_insync_replicas": 2}, {"replication": 3}, Risk.DATA_LOSS),
        ({}, {"compression": "zstd"}, None),
        ({}, {"max_message_bytes": 4096}, None),
    ],
)
def test_each_edit_has_its_price(
    before: dict[str, object], after: dict[str, object], risk: Risk | None
) -> None:
    """What breaks order or loses data is told apart from what is harmless, and blocks until allowed."""
    (change,) = plan({"orders": specify(**after)}, {"orders": as_planned(specify(**before))}, brokers=3)
    assert change.kind is (Kind.REPLACE if risk is Risk.IMPOSSIBLE else Kind.UPDATE)
    assert {edit.risk for edit in change.edits if edit.risk} == ({risk} if risk else set())
    assert bool(find_blockers([change])) == (risk is not None)
    allowed = {"allow_reordering": risk is Risk.REORDERING, "allow_data_loss": risk is Risk.DATA_LOSS}
    assert bool(find_blockers([change], **allowed)) == (risk is Risk.IMPOSSIBLE)
    wrong = {"allow_reordering": risk is Risk.DATA_LOSS, "allow_data_loss": risk is Risk.REORDERING}
    assert bool(find_blockers([change], **wrong)) == (risk is not None)


@pytest.mark.parametrize(("brokers", "copies", "in_sync"), [(1, 1, 1), (2, 2, 1), (3, 3, 2), (4, 3, 2)])
def test_fewer_brokers_hold_a_copy_each(brokers: int, copies: int, in_sync: int) -> None:
    """With one broker away writing goes on, wherever there is more than one."""
    spec = specify(replication=3, min_insync_replicas=2)
    (change,) = plan({"orders": spec}, {}, brokers)
    made = {edit.name: edit.after for edit in change.edits}
    assert (made["replication"], made["min.insync.replicas"]) == (str(copies), str(in_sync))
    assert plan({"orders": spec}, {"orders": as_planned(spec.on(brokers))}, brokers) == []


def test_a_broker_that_is_away_is_no_drift() -> None:
    """Its copies still count; too few copies for the brokers that there are do not."""
    spec = specify(replication=3, min_insync_replicas=2)
    assert plan({"orders": spec}, {"orders": as_planned(spec)}, brokers=2) == []
    (change,) = plan({"orders": spec}, {"orders": as_planned(spec.on(1))}, brokers=3)
    assert [(edit.name, edit.before, edit.after) for edit in change.edits] == [
        ("replication", "1", "3"),
        ("min.insync.replicas", "1", "2"),
    ]


def test_a_size_limit_set_by_hand_is_drift() -> None:
    """retention.bytes drops records early, though the plan's retention looks untouched."""
    state = as_planned(specify())
    limited = TopicState(3, 1, {**state.config, "retention.bytes": "1000000"})
    (change,) = plan({"orders": specify()}, {"orders": limited}, brokers=3)
    assert [(edit.name, edit.before, edit.after, edit.risk) for edit in change.edits] == [
        ("retention.bytes", "1000000", "-1", None)
    ]


def test_fewer_partitions_say_how() -> None:
    """The impossible comes with the way around it."""
    (text,) = find_blockers(
        plan({"orders": specify(partitions=1)}, {"orders": as_planned(specify())}, brokers=3)
    )
    assert "orders: partitions from 3 to 1" in text
    assert "stafford topics delete orders" in text


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 30), st.integers(1, 30), st.booleans(), st.booleans()
)
def test_applying_a_plan_leaves_nothing_to_do(
    old: int, new: int, old_days: int, new_days: int, was_compact: bool, is_compact: bool
) -> None:
    """For any two plans, the edits of an update are exactly what turns one state into the other."""

    def make(partitions: int, days: int, compact: bool) -> TopicSpec:
        age = timedelta(days=days)
        aged = {"retention": None, "min_compaction_lag": age} if compact else {"retention": age}
        return specify(partitions=partitions, cleanup="compact" if compact else "delete", **aged)

    desired, state = make(new, new_days, is_compact), as_planned(make(old, old_days, was_compact))
    after = {**state.config, "partitions": str(state.partitions)}
    for change in plan({"orders": desired}, {"orders": state}, brokers=3):
        after |= {edit.name: edit.after for edit in change.edits}
    applied = TopicState(int(after.pop("partitions")), state.replication, after)
    assert plan({"orders": desired}, {"orders": applied}, brokers=3) == []
