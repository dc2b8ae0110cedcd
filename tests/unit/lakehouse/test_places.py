"""The master's URL says where Spark runs, and so what it is told."""

import json
import re

import pytest

from stafford.lakehouse.places import (
    BATCH_ELSEWHERE,
    CLOUD,
    CLUSTER,
    EMBEDDED,
    batch_settings_for,
    settings_for,
)
from stafford.lakehouse.session import SETTINGS
from stafford.settings import PROJECT_DIR


@pytest.mark.parametrize(
    ("master", "settings"),
    [
        ("local", EMBEDDED),
        ("local[2]", EMBEDDED),
        ("local-cluster[2,1,1024]", EMBEDDED),
        ("spark://spark-master:7077", CLUSTER),
        ("k8s://https://10.0.0.1:6443", CLOUD),
        ("yarn", CLOUD),
    ],
)
def test_the_master_names_the_place(master, settings):
    """One machine, a cluster of our own, or somebody else's."""
    assert settings_for(master) is settings


def test_no_setting_has_two_places():
    """What every place shares is said once, so that neither shadows the other."""
    for place in (EMBEDDED, CLUSTER, CLOUD):
        assert not SETTINGS.keys() & place.keys()


def test_executors_of_a_batch_come_and_go_and_those_of_a_stream_stay():
    """Dynamic allocation is for batch jobs, and only where there are executors."""
    wanted = "spark.dynamicAllocation.enabled"
    for master in ("spark://spark-master:7077", "yarn"):
        assert settings_for(master)[wanted] == "false"
        assert batch_settings_for(master)[wanted] == "true"
    assert wanted not in batch_settings_for("local[2]")


def test_the_stacks_batch_service_allocates_as_batch_jobs_do():
    """It ingests a backlog, which the session takes for a stream: compose.yaml says the same once more."""
    service = (
        (PROJECT_DIR / "docker" / "compose" / "shop.yaml").read_text(encoding="utf-8").split("  batch:\n")[1]
    )
    (told,) = re.findall(r"STAFFORD_SPARK_CONF: >-\n(.*?\})\n", service, re.DOTALL)
    allocation = {name: value for name, value in BATCH_ELSEWHERE.items() if "dynamicAllocation" in name}
    assert len(allocation) == 4
    assert json.loads(told).items() >= allocation.items()
