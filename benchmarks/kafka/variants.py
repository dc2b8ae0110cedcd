"""What is varied: one setting at a time, around those that our transport has."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.generator.kafka import BATCH_BYTES, BUFFER_BYTES, PARTITIONS
from stafford.transport.kafka import DEFAULTS, REQUIRED


@dataclass(frozen=True, slots=True)
class Settings:
    """What a producer is told, and how many partitions its topic has."""

    linger_ms: int = int(str(DEFAULTS["linger.ms"]))
    batch_bytes: int = BATCH_BYTES
    compression: str = str(DEFAULTS["compression.type"])
    acks: str = REQUIRED["acks"]
    partitions: int = PARTITIONS

    def client(self) -> dict[str, str]:
        """In the words that librdkafka and the Java client share."""
        return {
            "acks": self.acks,
            # Idempotence is not to be had with fewer acknowledgements.
            "enable.idempotence": "true" if self.acks == "all" else "false",
            "linger.ms": str(self.linger_ms),
            "batch.size": str(self.batch_bytes),
            "compression.type": self.compression,
        }

    def tool(self) -> list[str]:
        """As arguments of Kafka's tool."""
        return [
            *(f"{name}={value}" for name, value in self.client().items()),
            f"buffer.memory={BUFFER_BYTES}",
        ]


BASE = Settings()
FACTORS = ("linger_ms", "batch_bytes", "compression", "acks", "partitions")
TITLES = {
    "linger_ms": "linger.ms",
    "batch_bytes": "batch.size",
    "compression": "compression.type",
    "acks": "acks",
    "partitions": "partitions",
}
_VALUES: dict[str, tuple[int | str, ...]] = {
    "linger_ms": (0, BASE.linger_ms, 100),
    "batch_bytes": (16_384, 131_072, BASE.batch_bytes),
    "compression": ("none", "gzip", "snappy", BASE.compression, "zstd"),
    "acks": ("0", "1", BASE.acks),
    "partitions": (1, BASE.partitions, 24),
}
CONSUMERS = (1, 2, 6)


@dataclass(frozen=True, slots=True)
class Variant:
    """The base with one factor changed; of the base itself the factor is empty."""

    factor: str
    value: str
    settings: Settings


def list_variants(*, quick: bool) -> Iterator[Variant]:
    """The base, then each other value of each factor; with `quick` one of some."""
    yield Variant("", "", BASE)
    for factor in FACTORS[2:3] if quick else FACTORS:
        others = [value for value in _VALUES[factor] if value != getattr(BASE, factor)]
        for value in others[:1] if quick else others:
            yield Variant(factor, str(value), replace(BASE, **{factor: value}))
