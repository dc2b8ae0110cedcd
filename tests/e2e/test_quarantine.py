"""A contract breaks, records are refused, the contract is mended, and they come back: by commands alone."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from tests.docs.shell import Clone
from tests.e2e.conftest import LIMIT_S, Ran

from stafford.runtime.home import HomeLock

pytestmark = [pytest.mark.spark, pytest.mark.slow]

# Every sixth order is from there, so that a short run has some; of the rarest country it may have one.
MISSING = "          - value: FR\n"
RULES = """\
rules:
  - name: shop-in-france
    where: {topic: orders, reason: not_in_enum, field: country}
    revalidate: true
"""


class Shop:
    """A clone of the project whose contracts a test may change, and a home in it."""

    def __init__(self, clone: Clone) -> None:
        self.clone, self.home = clone, clone.path / "data" / "shop"
        self.contract = clone.path / "contracts" / "orders.odcs.yaml"
        self.whole = self.contract.read_text(encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "stafford", *words]

    def run(self, *words: str) -> Ran:
        """Run a command of the clone to its end."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.clone.path,
            env=self.clone.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_S,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str) -> Ran:
        """Run a command that must succeed."""
        ran = self.run(*words)
        assert ran.status == 0, ran.err
        return ran

    def kill_after_the_decision(self, *words: str) -> None:
        """Kill -9 a replay when its decision is committed and little or nothing that follows from it."""
        commit = self.home / "lake" / "replays" / "_delta_log" / f"{1:020d}.json"
        with subprocess.Popen(
            self.command(*words),
            cwd=self.clone.path,
            env=self.clone.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            deadline = time.monotonic() + LIMIT_S
            while not commit.exists():
                assert process.poll() is None, "it ended before it was killed"
                assert time.monotonic() < deadline, "it decided nothing"
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop that never opened."""
    return Shop(Clone.make(tmp_path_factory.mktemp("quarantine")))


def count_by_reason(shop: Shop) -> tuple[int, dict[tuple[str, str, str | None], int]]:
    """What an alert would look at: the open records, and how many there are for each reason."""
    listed = shop.ok("quarantine", "list", "--json").json
    return listed["open"], {(g["topic"], g["reason"], g["field"]): g["records"] for g in listed["groups"]}


def test_a_broken_contract_is_mended_and_its_records_replayed(shop):
    """The number of open records rises and falls again, and in the end the ledger reconciles."""
    rules = shop.clone.path / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    # somebody forgets a country; the check against what is committed says so
    assert MISSING in shop.whole
    shop.contract.write_text(shop.whole.replace(MISSING, "", 1), encoding="utf-8")
    refused = shop.run("contracts", "check", "HEAD")
    assert refused.status == 65
    assert "orders.country: the enum has no FR any more" in refused.out

    # nobody looked: orders are refused that the ledger knows to be good
    size = ("--rate", "200/h", "--speed", "86400x", "--for", "4s", "--seed", "5")
    shop.ok("simulate", "--transport", "files", *size)
    shop.ok("ingest")
    broken, by_reason = count_by_reason(shop)
    assert by_reason["orders", "not_in_enum", "country"] > 0
    verdict = shop.run("reconcile", "--no-marts", "--json")
    assert (verdict.status, set(verdict.json["findings_by_kind"])) == (3, {"misjudged"})
    listed = shop.ok("quarantine", "list").out
    assert "country" in listed
    assert f"{broken:,} records are open" in listed

    # the contract is mended, which is a compatible change, and a dry run says what a replay would do
    shop.contract.write_text(shop.whole, encoding="utf-8")
    assert "no difference" in shop.ok("contracts", "check", "HEAD").out
    forecast = shop.ok("quarantine", "fix", "rules.yaml", "--json").json
    assert forecast["selected"] == by_reason["orders", "not_in_enum", "country"]
    assert forecast["silver"] > 0
    assert count_by_reason(shop)[0] == broken

    shop.kill_after_the_decision("quarantine", "replay", "rules.yaml")
    outcome = shop.ok("quarantine", "replay", "rules.yaml", "--json").json
    assert outcome["silver"] == 0
    mended, by_reason = count_by_reason(shop)
    assert mended == broken - forecast["silver"] - forecast["duplicates"]
    # What stays has a country that no contract knows: the shop's own mess. A short run may have none.
    unknown = [
        group["records"] for group in forecast["refused_for"] if group["reason"] == "not_in_enum:country"
    ]
    assert by_reason.get(("orders", "not_in_enum", "country"), 0) == sum(unknown)
    assert sum(unknown) <= forecast["selected"] - forecast["silver"] - forecast["duplicates"]
    verdict = shop.ok("reconcile", "--no-marts", "--json").json
    assert verdict["totals"]["replayed"] == forecast["silver"]
    assert verdict["totals"]["lost"] == verdict["totals"]["doubled"] == 0
    group = ("--topic", "orders", "--reason", "not_in_enum", "--field", "country")
    resolved = shop.ok("quarantine", "show", *group, "--json").json
    assert {json.loads(step["rules"][0])["name"] for row in resolved for step in row["history"]} == {
        "shop-in-france"
    }
    is_cut = "there are more"
    assert is_cut in shop.ok("quarantine", "show", *group, "--limit", "1").out
    assert is_cut not in shop.ok("quarantine", "show", *group, "--limit", "100000").out

    # and the contract without the country is refused by the lake itself from now on
    shop.contract.write_text(shop.whole.replace(MISSING, "", 1), encoding="utf-8")
    refused = shop.run("ingest")
    assert refused.status == 65
    assert "orders.country: the enum has no FR any more" in refused.err


def test_what_cannot_be_replayed_is_said_before_spark_starts(shop):
    """A home without a lake, a rule file that is not there, and a home that an ingestion holds."""
    rules = shop.clone.path / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    nothing = shop.run("quarantine", "replay", "rules.yaml")
    assert (nothing.status, "run `stafford ingest` first" in nothing.err) == (78, True)
    wrong = shop.run("quarantine", "fix", "gone.yaml")
    assert (wrong.status, "gone.yaml cannot be read" in wrong.err) == (78, True)
    with HomeLock(shop.home / "checkpoints"):
        held = shop.run("quarantine", "replay", "rules.yaml")
    assert (held.status, f"process {os.getpid()} is writing to" in held.err) == (1, True)
