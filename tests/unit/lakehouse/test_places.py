"""The master's URL says where Spark runs, and so what it is told."""

import pytest

from stafford.lakehouse.places import CLOUD, CLUSTER, EMBEDDED, batch_settings_for, settings_for
from stafford.lakehouse.session import SETTINGS


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
