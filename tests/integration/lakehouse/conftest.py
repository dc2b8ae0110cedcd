"""One Spark session for every lakehouse test, and small lakes to fill by hand."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from tests.ports import own

from stafford.contracts import Contract, load_contracts
from stafford.contracts.reference import example_body
from stafford.domain.lake import Lake
from stafford.domain.record import LANDED_SCHEMA
from stafford.errors import Terminal
from stafford.lakehouse import queries
from stafford.lakehouse.bronze import Lander
from stafford.lakehouse.data_files import DataFile
from stafford.lakehouse.session import open_session
from stafford.lakehouse.silver import stream
from stafford.lakehouse.silver.stream import start_silver
from stafford.lakehouse.tables import create_tables
from stafford.lakehouse.triggers import Trigger
from stafford.runtime.broker import Broker
from stafford.runtime.java import Java
from stafford.transport.admin import answers

from ..victim import Victim  # noqa: TID252 - shared by tests

ARRIVED_AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def spark(spark_jars: Path, java: Java, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One Spark session for the whole run."""
    session = open_session(
        spark_jars,
        tmp_path_factory.mktemp("spark"),
        master="local[2]",
        driver_memory="1g",
        java_home=java.home,
    )
    yield session
    session.stop()


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory, kafka_jars: Path, java: Java) -> Iterator[Victim]:
    """A broker to ill-treat; who takes it leaves it running, without topics."""
    broker = Broker(tmp_path_factory.mktemp("victim"), kafka_jars, java, probe=answers, heap_mb=256)
    yield Victim(broker, own(29392))
    broker.stop()


@pytest.fixture(scope="session")
def contracts() -> Mapping[str, Contract]:
    """The project's own contracts."""
    return load_contracts(PROJECT / "contracts")


def event_id(number: int) -> str:
    """A well-formed id."""
    return f"019a3b5e-7c00-7d3a-9f10-{number:012x}"


class SmallLake:
    """A lake of its own, filled with hand-made records and read back without Spark."""

    def __init__(self, spark: SparkSession, contracts: Mapping[str, Contract], directory: Path) -> None:
        self.spark, self.contracts = spark, contracts
        self.lake = Lake(str(directory / "lake"))
        self.checkpoint = str(directory / "checkpoint")
        self._next = 0
        create_tables(self.lake, contracts.values())

    def refine_but_for_arrivals(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Judge what landed, but the power goes before arrivals, which is written last."""
        commit = stream.append_files_once

        def crash(uri: str, files: Sequence[DataFile], **transaction: Any) -> None:
            if uri == self.lake.arrivals:
                raise OSError("the power is gone")
            commit(uri, files, **transaction)

        with monkeypatch.context() as patched:
            patched.setattr(stream, "append_files_once", crash)
            with pytest.raises(Terminal, match="the power is gone"):
                self.refine()

    def body(self, topic: str, number: int, **changes: object) -> bytes:
        """A valid body with some fields replaced; Ellipsis leaves a field out."""
        body = {**example_body(self.contracts[topic]), "event_id": event_id(number), **changes}
        return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()

    def build(
        self,
        topic: str,
        *values: bytes | None,
        headers: Sequence[Mapping[str, str]] = (),
        source: str = "s1",
    ) -> pa.RecordBatch:
        """Make records of LANDED_SCHEMA, one after the other; headers: by name, for each of them."""
        rows = []
        for index, value in enumerate(values):
            named = headers[index] if headers else {}
            rows.append(
                {
                    "topic": topic,
                    "partition": 0,
                    "offset": self._next,
                    "timestamp": ARRIVED_AT,
                    "key": b"k",
                    "value": value,
                    "headers": [{"key": name, "value": text.encode()} for name, text in named.items()],
                    "source": source,
                }
            )
            self._next += 1
        return pa.RecordBatch.from_pylist(rows, schema=LANDED_SCHEMA)

    def land(
        self,
        topic: str,
        *values: bytes | None,
        headers: Sequence[Mapping[str, str]] = (),
        source: str = "s1",
    ) -> None:
        """Put records into bronze, one after the other."""
        self.landed = self.build(topic, *values, headers=headers, source=source)
        Lander(self.lake).land([self.landed])

    def refine(self) -> None:
        """Bring silver up to date."""
        queries.finish(
            start_silver(self.spark, self.lake, self.contracts, self.checkpoint, Trigger.AVAILABLE_NOW)
        )

    def read(self, uri: str) -> list[dict[str, Any]]:
        """All rows of a table, in the order of their offset, without Spark."""
        rows = DeltaTable(uri).to_pyarrow_table().to_pylist()
        return sorted(rows, key=lambda row: row.get("_offset", row.get("offset")))


@pytest.fixture
def small_lake(spark: SparkSession, contracts: Mapping[str, Contract], tmp_path: Path) -> SmallLake:
    """A lake for one test."""
    return SmallLake(spark, contracts, tmp_path)
