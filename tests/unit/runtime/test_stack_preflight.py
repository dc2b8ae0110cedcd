"""What can be wrong is said before anything is started: which thing, and what to do."""

from pathlib import Path
from typing import Any

import pytest

from stafford.errors import ConfigError, NotReady
from stafford.runtime.doctor import GIB, Check, Status
from stafford.runtime.stack.engine import Container, Docker, Engine
from stafford.runtime.stack.preflight import examine, memory_limit_bytes

GOOD = Engine("28.2.2", 8 * GIB, 4, "x86_64", "/nowhere/that/is/here")
CONFIGURATION = {
    "services": {
        "kafka": {"mem_limit": "600", "restart": "unless-stopped"},
        "topics": {"mem_limit": "50", "restart": "no"},
    },
    "volumes": {"postgres-data": {"name": "s_postgres-data", "labels": {"stafford.data": "postgres-17"}}},
}
SECOND = {
    "services": {
        "kafka-2": {"profiles": ["cluster"], "image": "k:4.2", "volumes": [{"source": "kafka-2-data"}]}
    },
    "volumes": {"kafka-2-data": {"name": "s_kafka-2-data", "labels": {"stafford.data": "kafka-4.2"}}},
}


class FakeDocker(Docker):
    """Answers what a test says; Docker itself is in tests/stack."""

    def __init__(self, project_dir: Path, **answers: Any) -> None:
        super().__init__(project_dir, client="docker")
        folder = project_dir / "docker" / "compose"
        folder.mkdir(parents=True)
        port = "127.0.0.1:${STAFFORD_STACK_KAFKA_PORT:-9092}:9092"
        (folder / "kafka.yaml").write_text(f"services: {{kafka: {{ports: ['{port}']}}}}", encoding="utf-8")
        self.answers = {
            "engine": GOOD, "compose": "2.40.3", "configuration": CONFIGURATION, "containers": [],
            "labels": None, "everything": CONFIGURATION, "data": None, **answers,
        }  # fmt: skip

    def _give(self, name: str) -> Any:
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def engine(self) -> Engine:
        return self._give("engine")

    def compose_version(self) -> str:
        return self._give("compose")

    def configuration(self, *profiles: str) -> dict[str, Any]:
        return self._give("everything" if profiles == ("*",) else "configuration")

    def containers(self) -> list[Container]:
        return self._give("containers")

    def volume_labels(self, _name: str) -> dict[str, str] | None:
        return self._give("labels")

    def has_data(self, volume: str, image: str) -> bool:
        return self._give("data") == (volume, image)


def failures(docker: Docker, *, is_free: bool = True) -> list[Check]:
    checks = examine(docker, [], lambda _: is_free)
    return [check for check in checks if check.status is Status.FAIL]


def test_a_good_machine_has_no_finding(tmp_path: Path) -> None:
    """Everything is as it must be."""
    assert failures(FakeDocker(tmp_path)) == []


@pytest.mark.parametrize(
    ("answers", "name", "says"),
    [
        ({"engine": NotReady("no daemon")}, "engine", "start Docker first"),
        ({"engine": Engine("19.3.1", 8 * GIB, 4, "x86_64", "/x")}, "engine", "upgrade Docker to 20.10"),
        ({"compose": "2.19.1"}, "compose", "upgrade Docker Compose to 2.20"),
        ({"compose": NotReady("no such command")}, "compose", "docker-compose-plugin"),
        ({"engine": Engine("28.0.0", 4 * GIB, 4, "x86_64", "/x")}, "memory", "give-docker-memory.md"),
        ({"engine": Engine("28.0.0", 8 * GIB, 4, "riscv64", "/x")}, "architecture", "amd64 and arm64"),
        ({"configuration": ConfigError("line 3 of .env")}, "compose files", "line 3 of .env"),
        ({"labels": {"stafford.data": "postgres-16"}}, "volume postgres-data", "upgrade-a-version.md"),
        ({"labels": {}}, "volume postgres-data", "docker volume rm s_postgres-data"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    tmp_path: Path, answers: dict[str, Any], name: str, says: str
) -> None:
    """One finding, about the right thing, with the way out."""
    (found,) = failures(FakeDocker(tmp_path, **answers))
    assert found.name == name
    assert says in found.advice


def test_a_cluster_wants_more_memory(tmp_path: Path) -> None:
    """What is enough for one broker is not for three."""
    docker = FakeDocker(tmp_path, engine=Engine("28.0.0", 7 * GIB, 4, "x86_64", "/x"))
    assert failures(docker) == []
    (found,) = [
        check for check in examine(docker, ["cluster"], lambda _: True) if check.status is Status.FAIL
    ]
    assert (found.name, found.advice) == ("memory", "give Docker 10 GB: docs/how-to/give-docker-memory.md")


def test_a_cluster_s_data_wants_the_cluster(tmp_path: Path) -> None:
    """One broker of three finds no quorum, so it is not even tried; with all of them, all is well."""
    docker = FakeDocker(tmp_path, everything=SECOND, data=("s_kafka-2-data", "k:4.2"))
    (found,) = failures(docker)
    assert found.name == "volume kafka-2-data"
    assert "add `--cluster`" in found.advice
    checks = examine(docker, ["cluster"], lambda _: True)
    assert [check for check in checks if check.status is Status.FAIL] == []
    assert failures(FakeDocker(tmp_path / "empty", everything=SECOND)) == []


def test_a_port_of_a_part_that_is_off_may_be_taken(tmp_path: Path) -> None:
    """Nobody will want it."""
    docker = FakeDocker(tmp_path, configuration={"services": {}})
    assert failures(docker, is_free=False) == []


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """When the engine's folder is on this machine and has no room."""
    docker = FakeDocker(tmp_path, engine=Engine("28.0.0", 8 * GIB, 4, "aarch64", str(tmp_path)))
    checks = examine(docker, [], lambda _: True, lambda _: GIB)
    (found,) = [check for check in checks if check.status is Status.FAIL]
    assert found.name == "disk"
    assert "docker image prune" in found.advice


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    """Another program has it: say which setting moves it."""
    (found,) = failures(FakeDocker(tmp_path), is_free=False)
    assert found.name == "port of kafka"
    assert "STAFFORD_STACK_KAFKA_PORT" in found.advice


def test_the_stack_s_own_port_is_not_in_its_way(tmp_path: Path) -> None:
    """Repeating `up` while it runs finds its ports taken by itself."""
    running = Container("kafka", "running", "healthy", 0)
    assert failures(FakeDocker(tmp_path, containers=[running]), is_free=False) == []


def test_an_unknown_setting_is_a_warning(tmp_path: Path) -> None:
    """A misspelt line of .env has no effect, and says so."""
    docker = FakeDocker(tmp_path)
    (tmp_path / ".env").write_text("STAFFORD_STACK_KAFKA_PROT=9093\n", encoding="utf-8")
    (found,) = [check for check in examine(docker, [], lambda _: True) if check.status is Status.WARN]
    assert "STAFFORD_STACK_KAFKA_PROT" in found.found


def test_one_shots_are_not_in_the_sum() -> None:
    """They have ended before the last service starts."""
    assert memory_limit_bytes(CONFIGURATION) == 600


@pytest.mark.parametrize(
    ("container", "is_done", "has_failed"),
    [
        (Container("kafka", "running", "healthy", 0), True, False),
        (Container("kafka", "running", "starting", 0), False, False),
        (Container("kafka", "running", "unhealthy", 0), False, True),
        (Container("topics", "exited", "", 0), True, False),
        (Container("topics", "exited", "", 78), False, True),
        (Container("kafka", "created", "", 0), False, False),
    ],
)
def test_a_container_s_state_is_understood(container: Container, is_done: bool, has_failed: bool) -> None:
    """Healthy or ended well is done; unhealthy or ended badly has failed; all else is waited for."""
    assert container.is_done is is_done
    assert container.has_failed is has_failed
