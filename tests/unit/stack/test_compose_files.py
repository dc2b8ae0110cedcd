"""What the compose files must be, read without Docker."""

import re
from pathlib import Path

import pytest
import yaml
from tests.docs.stack_reference import FILES, PATH, is_default, read_services, render, total_gb

from stafford.errors import ConfigError
from stafford.runtime.stack.ports import read_ports
from stafford.settings import PROJECT_DIR

SERVICES = read_services()
IMAGES = sorted({body["image"] for body in SERVICES.values()})
PINNED = re.compile(r"^[\w./-]+:v?\d+\.\d+[\w.-]*$")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_pinned_and_from_somebody_who_keeps_it(image: str) -> None:
    """A version of two numbers at least, and nobody whose images were deleted."""
    assert PINNED.match(image), image
    assert not re.search(r"bitnami|minio", image)


@pytest.mark.parametrize("image", ["apache/kafka:latest", "apache/kafka", "postgres:17"])
def test_a_loose_image_would_be_noticed(image: str) -> None:
    """Negative control."""
    assert not PINNED.match(image)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_limited_and_hardened(name: str) -> None:
    """Limits, rotation, a read-only root, no capability, no new privilege; and a check, if it stays."""
    body = SERVICES[name]
    assert body["mem_limit"].endswith("m")
    assert float(body["cpus"]) > 0
    assert body["read_only"] is True
    assert body["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in body["security_opt"]
    assert body["logging"]["options"]["max-size"]
    if body["restart"] != "no":
        assert body["healthcheck"]["test"]
        assert body["stop_grace_period"]


def test_the_default_set_fits_into_8_gb() -> None:
    """The limits of everything that stays after a plain `up`, together."""
    assert total_gb(SERVICES) <= 8.0
    assert sum(is_default(body) for body in SERVICES.values()) >= 12


def test_the_reference_is_in_step() -> None:
    """docs/reference/stack.md is what the files say today: `python -m tests.docs.stack_reference`."""
    assert PATH.read_text(encoding="utf-8") == render()


def test_every_setting_is_in_the_example() -> None:
    """docker/.env.example has each setting that a file reads, with the same default, and no other."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES.glob("*.yaml"))
    read = set(re.findall(r"\$\{(STAFFORD_STACK_\w+):-([^}]*)\}", text))
    example = (PROJECT_DIR / "docker" / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^# (STAFFORD_STACK_\w+)=(.*)$", example, re.MULTILINE)) == read


def test_each_secret_volume_goes_to_its_group_alone() -> None:
    """Superset cannot read Airflow's secrets, and so on; only who makes them has all."""
    groups = {"postgres": {"postgres", "postgres-init"}, "redis": {"redis", "streaming"}}
    groups |= {"warehouse": {"airflow-scheduler"}, "superset": {"superset", "superset-init"}}
    groups["airflow"] = {name for name in SERVICES if name.startswith("airflow-")}
    for group, allowed in groups.items():
        mounted = {
            name
            for name, body in SERVICES.items()
            if any(str(volume).startswith(f"secrets-{group}:") for volume in body.get("volumes", []))
        }
        assert mounted - {"secrets"} == allowed, group


def test_the_shop_outlives_kafka_and_its_spool_the_shop() -> None:
    """It may write to the spool, which is in its home: a volume that the stream reads too."""
    command = SERVICES["simulator"]["command"]
    assert command[command.index("--transport") + 1] == "auto"
    for name in ("simulator", "streaming"):
        assert "home:/data/shop" in SERVICES[name]["volumes"]


def test_the_dashboards_files_refer_to_each_other() -> None:
    """Every uuid that a dashboard, chart or dataset names is one that another file has."""
    assets = PROJECT_DIR / "superset" / "assets"
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in assets.rglob("*.yaml")]
    known = {document["uuid"] for document in documents if "uuid" in document}
    text = "\n".join(path.read_text(encoding="utf-8") for path in assets.rglob("*.yaml"))
    assert set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", text)) == known


def project(tmp_path: Path, port: str) -> Path:
    """A project folder with one service that publishes a port."""
    folder = tmp_path / "docker" / "compose"
    folder.mkdir(parents=True)
    (folder / "kafka.yaml").write_text(f"services: {{kafka: {{ports: ['{port}']}}}}", encoding="utf-8")
    return tmp_path


def test_a_port_is_moved_by_env_and_the_environment_wins(tmp_path: Path) -> None:
    """A line of .env moves it, and a variable of the environment wins over the line."""
    root = project(tmp_path, "127.0.0.1:${STAFFORD_STACK_KAFKA_PORT:-9092}:9092")
    assert read_ports(root, {})[0].port == 9092
    (root / ".env").write_text("# mine\nSTAFFORD_STACK_KAFKA_PORT=19092 # moved\n", encoding="utf-8")
    assert read_ports(root, {})[0].port == 19092
    assert read_ports(root, {"STAFFORD_STACK_KAFKA_PORT": "29092"})[0].port == 29092


@pytest.mark.parametrize("value", ["kafka", "0", "70000", "-1"])
def test_a_port_that_is_none_is_one_clear_line(tmp_path: Path, value: str) -> None:
    """It names the setting, the value and the file."""
    root = project(tmp_path, "127.0.0.1:${STAFFORD_STACK_KAFKA_PORT:-9092}:9092")
    with pytest.raises(ConfigError, match=rf"STAFFORD_STACK_KAFKA_PORT is '{value}'.*\.env"):
        read_ports(root, {"STAFFORD_STACK_KAFKA_PORT": value})


def test_an_env_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """As an old PowerShell writes it."""
    root = project(tmp_path, "127.0.0.1:${STAFFORD_STACK_KAFKA_PORT:-9092}:9092")
    (root / ".env").write_text("STAFFORD_STACK_KAFKA_PORT=19092\n", encoding="utf-16")
    with pytest.raises(ConfigError, match=r"\.env cannot be read.*UTF-8"):
        read_ports(root, {})


def test_a_port_for_everybody_is_refused(tmp_path: Path) -> None:
    """Without an address Docker listens on every interface."""
    with pytest.raises(ConfigError, match="write it as"):
        read_ports(project(tmp_path, "9092:9092"), {})
