"""The topics that we want, as config/topics.yaml says."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stafford.errors import ConfigError

TopicName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,248}$")]


class Cleanup(StrEnum):
    """What the broker does with old records."""

    DELETE = "delete"
    COMPACT = "compact"


class Compression(StrEnum):
    """How the broker stores records; `producer` leaves them as they came."""

    PRODUCER = "producer"
    ZSTD = "zstd"
    LZ4 = "lz4"
    SNAPPY = "snappy"
    GZIP = "gzip"
    UNCOMPRESSED = "uncompressed"


class TopicSpec(BaseModel):
    """One topic as it ought to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partitions: int = Field(ge=1, le=1000)
    replication: int = Field(ge=1, le=15)
    """Copies of each record, at most: fewer brokers hold one each."""
    min_insync_replicas: int = Field(ge=1)
    cleanup: Cleanup
    retention: timedelta | None = Field(None, gt=timedelta(0))
    min_compaction_lag: timedelta | None = Field(None, gt=timedelta(0))
    compression: Compression
    max_message_bytes: int = Field(ge=1024)
    why: str = Field(min_length=10)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.min_insync_replicas > self.replication:
            raise ValueError(
                f"min_insync_replicas is {self.min_insync_replicas}, more than replication "
                f"{self.replication}: nothing could ever be written; allowed is 1 to replication"
            )
        needed, other = ("retention", "min_compaction_lag")
        if self.cleanup is Cleanup.COMPACT:
            needed, other = other, needed
        if getattr(self, needed) is None or getattr(self, other) is not None:
            raise ValueError(f"cleanup {self.cleanup} needs {needed} and takes no {other}")
        return self

    def on(self, brokers: int) -> Self:
        """Give the plan as so many brokers can keep it: with a copy on each, if they are fewer than planned.

        A record is acknowledged once as many copies as planned have it, or one less than there are: with one
        broker away, writing goes on.
        """
        copies = min(self.replication, brokers)
        if copies == self.replication:
            return self
        in_sync = min(self.min_insync_replicas, max(1, copies - 1))
        return self.model_copy(update={"replication": copies, "min_insync_replicas": in_sync})

    def settings(self) -> dict[str, str]:
        """Give the plan as Kafka's own topic settings, every value as the broker writes it."""
        aged = {
            Cleanup.DELETE: {"retention.ms": self.retention},
            Cleanup.COMPACT: {"min.compaction.lag.ms": self.min_compaction_lag},
        }[self.cleanup]
        return {
            "cleanup.policy": str(self.cleanup),
            "compression.type": str(self.compression),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(self.min_insync_replicas),
            # Named so that a size limit set by hand, which drops records early, is seen as drift.
            "retention.bytes": "-1",
            **{name: str(_milliseconds(age)) for name, age in aged.items() if age is not None},
        }


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")

    defaults: dict[str, Any] = Field(default_factory=dict)
    topics: dict[TopicName, dict[str, Any]] = Field(min_length=1)


class _Topics(BaseModel):
    topics: dict[TopicName, TopicSpec]


def load_topics(path: Path) -> dict[str, TopicSpec]:
    """Read the plan: the specification of each topic, by name.

    Raises:
        ConfigError: the file is missing or wrong; names file, field, value and what is allowed.
    """
    try:
        document = _Document.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        merged = {name: document.defaults | entry for name, entry in document.topics.items()}
        return _Topics.model_validate({"topics": merged}).topics
    except OSError as exc:
        raise ConfigError(f"topic plan {path} cannot be read: {exc.strerror}") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise ConfigError(f"topic plan {path} is not YAML: {exc}") from exc
    except ValidationError as exc:
        faults = "\n".join(f"  {_describe(fault)}" for fault in exc.errors())
        raise ConfigError(f"topic plan {path} is wrong:\n{faults}") from exc


def _describe(fault: Any) -> str:
    field = ".".join(str(part) for part in fault["loc"]) or "the document"
    value = fault["input"]
    given = "" if isinstance(value, dict | TopicSpec) else f" is {value!r}"
    return f"{field}{given}: {fault['msg']}"


def _milliseconds(age: timedelta) -> int:
    return age // timedelta(milliseconds=1)
