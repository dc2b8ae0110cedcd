"""Kafka topics as a plan: what we want, how the broker differs, and how to bring it there safely."""

from stafford.transport.topics.cluster import Cluster, PartitionState, TopicDescription
from stafford.transport.topics.difference import Change, Edit, Kind, Risk, TopicState, find_blockers, plan
from stafford.transport.topics.sampling import sample_topic
from stafford.transport.topics.sizing import Hardware, Load, Size, find_size
from stafford.transport.topics.skew import HotKey, PartitionLoad, Skew, measure_skew
from stafford.transport.topics.specification import Cleanup, Compression, TopicSpec, load_topics

__all__ = [
    "Change",
    "Cleanup",
    "Cluster",
    "Compression",
    "Edit",
    "Hardware",
    "HotKey",
    "Kind",
    "Load",
    "PartitionLoad",
    "PartitionState",
    "Risk",
    "Size",
    "Skew",
    "TopicDescription",
    "TopicSpec",
    "TopicState",
    "find_blockers",
    "find_size",
    "load_topics",
    "measure_skew",
    "plan",
    "sample_topic",
]
