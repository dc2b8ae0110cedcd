"""Labels say the truth about every record."""

import json
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stafford.contracts import Contract, load_contracts
from stafford.domain.outcome import Outcome
from stafford.generator import Batch, Defect, Shop
from stafford.generator.accounts import SECOND_ACCOUNTS
from stafford.generator.calendar import DAY
from stafford.generator.defects import NEWER_FIELD, OLD_VERSION, can_spoil, list_changes
from stafford.generator.layout import CONTRACT_VERSION, LAYOUTS, Form
from stafford.generator.mess import MOST_DELAY
from stafford.generator.mess_profile import MessProfile
from stafford.generator.opinions import write_titles
from stafford.generator.rewording import REWORDINGS, garble, imitate
from stafford.generator.simulation import LOOKBACK
from stafford.generator.vocabulary import COUNTRIES, FIRST_NAMES, LAST_NAMES
from stafford.transport.topics.specification import load_topics

from .builders import OPENS_AT, PROJECT_DIR, find_profile, open_shop, run
from .contract_judge import Judge

Row = dict[str, Any]
Pair = tuple[Row, Row]
SOME = 40
RARE = {Defect.OVERSIZE: 0.03}
HARMLESS = {
    Defect.CLEAN, Defect.LATE, Defect.LATE_MINUTES, Defect.LATE_DAYS, Defect.OUT_OF_ORDER, Defect.CLOCK_SKEW,
    Defect.WHITESPACE, Defect.UNKNOWN_PRODUCT, Defect.UNKNOWN_CUSTOMER, Defect.OLD_VERSION, Defect.NEW_FIELD,
    Defect.MOJIBAKE, Defect.HOMOGLYPH, Defect.EMOJI, Defect.DOUBLE_SUBMITTED, Defect.SECOND_ACCOUNT,
    Defect.TEST_ORDER, Defect.BOT, Defect.FRAUD, Defect.CASING,
}  # fmt: skip


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    """The project's contracts."""
    return load_contracts(PROJECT_DIR / "contracts")


@pytest.fixture(scope="module")
def judges(contracts: dict[str, Contract]) -> dict[str, Judge]:
    """One judge for each topic."""
    return {topic: Judge(contract) for topic, contract in contracts.items()}


@pytest.fixture(scope="module")
def messy() -> Batch:
    """Six weeks of a shop where most records are spoilt; of its many clicks only the first."""
    rates: dict[Defect, float] = {defect: 0.02 for defect in Defect if defect is not Defect.CLEAN}
    rates |= {Defect.OVERSIZE: 0.004, Defect.OUT_OF_ORDER: 0.2, Defect.FRAUD: 0.1}
    profile = find_profile(products=600)
    profile = profile.model_copy(
        update={
            "mess": MessProfile(
                every_topic=rates, topics=dict.fromkeys(("products", "returns", "reviews"), RARE)
            ),
            # so that orders and payments have something that can be out of order
            "payments": profile.payments.model_copy(update={"declined": 0.3}),
            "fulfilment": profile.fulfilment.model_copy(update={"cancelled": 0.2}),
        }
    )
    batch = run(Shop(profile, 11, OPENS_AT, 9000), timedelta(days=42))
    is_click = pc.equal(batch.records["topic"], "clickstream")
    kept = pc.or_(pc.invert(is_click), pc.less(pa.array(range(len(batch))), 40_000))
    return Batch(batch.records.filter(kept), batch.labels.filter(kept))


@pytest.fixture(scope="module")
def pairs(messy: Batch) -> list[Pair]:
    """Record and label, row by row."""
    return _pair(messy)


def _pair(batch: Batch) -> list[Pair]:
    return list(zip(batch.records.to_pylist(), batch.labels.to_pylist(), strict=True))


def _find_lies(pairs: list[Pair], judges: dict[str, Judge]) -> list[str]:
    """Labels that an independent judge of the contract does not agree with."""
    lies = []
    for record, label in pairs:
        found = judges[record["topic"]].find_reasons(record["value"], record["emitted_at"])
        expected = {label["reason"]} if label["outcome"] == Outcome.QUARANTINE else set()
        if found != expected:
            lies.append(f"{record['topic']} {label['defect']}: {label['reason']}, but {found}")
    return lies


def test_labels_agree_with_the_contract(pairs: list[Pair], judges: dict[str, Judge]) -> None:
    """What a label calls spoilt breaks exactly the rule it names; everything else breaks none."""
    seen: Counter[tuple[str, str]] = Counter()
    sample = []
    for pair in pairs:
        seen[pair[0]["topic"], pair[1]["defect"]] += 1
        if seen[pair[0]["topic"], pair[1]["defect"]] <= SOME:
            sample.append(pair)
    assert len(sample) > 2500
    assert _find_lies(sample, judges) == []


def test_judge_finds_a_lie(pairs: list[Pair], judges: dict[str, Judge]) -> None:
    """Control: one wrong reason, one spoilt body called clean and one clean body called spoilt are seen."""
    spoilt = next(p for p in pairs if p[1]["defect"] == Defect.MISSING_REQUIRED)
    clean = next(p for p in pairs if p[1]["defect"] == Defect.CLEAN)
    assert _find_lies([spoilt, clean], judges) == []
    wrong = [
        (spoilt[0], spoilt[1] | {"reason": "required:nothing"}),
        (spoilt[0], spoilt[1] | {"outcome": Outcome.SILVER}),
        (clean[0], clean[1] | {"outcome": Outcome.QUARANTINE, "reason": "malformed_json"}),
    ]
    assert len(_find_lies(wrong, judges)) == 3


def test_every_defect_on_every_topic(pairs: list[Pair]) -> None:
    """Each defect occurs on each topic that can have it, so that no way to spoil goes untested."""
    found = {(label["topic"], label["defect"]) for _, label in pairs}
    assert found == {(t, d.value) for t in LAYOUTS for d in Defect if can_spoil(d, t)}


def test_outcomes_and_reasons(pairs: list[Pair]) -> None:
    """Quarantine alone has a reason, and copies after the first alone are duplicates."""
    for _, label in pairs:
        assert (label["reason"] is not None) == (label["outcome"] == Outcome.QUARANTINE)
        assert (label["copy"] > 0) == (label["outcome"] == Outcome.DUPLICATE)


def test_outcomes_are_those_of_the_page(pairs: list[Pair]) -> None:
    """What breaks no rule of the contract goes to silver; what breaks one does not."""
    outcome = {Defect(label["defect"]): Outcome(label["outcome"]) for _, label in pairs}
    assert {defect for defect in Defect if outcome[defect] == Outcome.SILVER} == HARMLESS
    assert {d for d in Defect if outcome[d] == Outcome.DUPLICATE} == {
        Defect.DUPLICATE,
        Defect.DUPLICATE_LATER,
    }


def test_copies_are_exact(pairs: list[Pair]) -> None:
    """A copy is byte for byte the clean record before it, at the same time or later."""
    first = {label["event_id"]: record for record, label in pairs if label["copy"] == 0}
    defects = {label["event_id"]: label["defect"] for _, label in pairs if label["copy"] == 0}
    copies = [(record, label) for record, label in pairs if label["copy"] > 0]
    assert {label["defect"] for _, label in copies} == {"duplicate", "duplicate_later"}
    for record, label in copies:
        original = first[record["event_id"]]
        assert defects[record["event_id"]] == Defect.CLEAN
        assert record | {"emitted_at": None} == original | {"emitted_at": None}
        waited = record["emitted_at"] - original["emitted_at"]
        assert (waited > timedelta(0)) == (label["defect"] == "duplicate_later")


def test_late_records_are_late(pairs: list[Pair]) -> None:
    """Late records leave minutes, hours or days after they occurred; clean ones within two seconds."""
    late = {
        Defect.LATE_MINUTES: (timedelta(minutes=2), timedelta(hours=1)),
        Defect.LATE: (timedelta(hours=1), timedelta(hours=13)),
        Defect.LATE_DAYS: (timedelta(days=1), timedelta(days=4)),
        Defect.CLOCK_SKEW: (timedelta(minutes=-180), timedelta(minutes=180)),
        Defect.OUT_OF_ORDER: (timedelta(0), timedelta(days=30)),
    }
    for record, label in pairs:
        waited = record["emitted_at"] - record["occurred_at"]
        least, most = late.get(label["defect"], (timedelta(0), timedelta(0)))
        if label["copy"] == 0:
            assert least <= waited <= most + timedelta(seconds=2)


def test_lookback_is_longer_than_any_delay() -> None:
    """A stream that starts later computes all that can still be on its way."""
    assert LOOKBACK >= MOST_DELAY + 2 * DAY


def test_out_of_order_means_overtaken(pairs: list[Pair]) -> None:
    """A record that is out of order leaves after the next event of its key; clean ones never do."""
    stories: dict[tuple[str, bytes], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair[1]["copy"] == 0 and pair[1]["defect"] in {Defect.CLEAN, Defect.OUT_OF_ORDER}:
            stories[pair[0]["topic"], pair[0]["key"]].append(pair)
    overtaken = set()
    for story in stories.values():
        story.sort(key=lambda pair: pair[0]["occurred_at"])
        for (record, label), (following, _) in pairwise(story):
            is_late = record["emitted_at"] > following["emitted_at"]
            assert is_late == (label["defect"] == Defect.OUT_OF_ORDER)
            if is_late:
                assert record["emitted_at"] - following["emitted_at"] <= timedelta(seconds=2)
                overtaken.add(record["topic"])
    assert overtaken == {"clickstream", "orders", "payments", "returns", "shipments"}


def test_a_skewed_clock_is_a_device_s(pairs: list[Pair]) -> None:
    """All clicks of a session are off by the same whole minutes, either way, and nothing else is wrong."""
    skews: dict[bytes, set[int]] = defaultdict(set)
    defects: dict[bytes, set[str]] = defaultdict(set)
    for record, label in pairs:
        if record["topic"] == "clickstream":
            defects[record["key"]].add(label["defect"])
            waited = (record["emitted_at"] - record["occurred_at"]) // timedelta(minutes=1)
            if label["defect"] == Defect.CLOCK_SKEW:
                skews[record["key"]].add(waited)
    assert len(skews) > 20
    assert all(len(skew) == 1 and skew != {0} for skew in skews.values())
    assert min(min(skew) for skew in skews.values()) < 0 < max(max(skew) for skew in skews.values())
    assert all(defects[session] == {Defect.CLOCK_SKEW} for session in skews)


def test_unknown_products_and_customers_do_not_exist(pairs: list[Pair]) -> None:
    """What is named by mistake is well-formed and nobody's; clean events name nobody unknown."""
    known = {
        label["event_id"]: record for record, label in pairs if label["topic"] in {"products", "customers"}
    }
    names = {record["key"].decode() for record in known.values()}
    for record, label in pairs:
        if label["defect"] in {Defect.UNKNOWN_PRODUCT, Defect.UNKNOWN_CUSTOMER, Defect.CLEAN}:
            body = json.loads(record["value"])
            named = {body.get("product_id"), body.get("customer_id")} - {None}
            named |= {line["product_id"] for line in body.get("lines", [])}
            assert (not named <= names) == (label["defect"] != Defect.CLEAN)


def test_oversize_stays_below_the_broker_s_limit(pairs: list[Pair]) -> None:
    """An oversize record is hundreds of times a normal one, and every topic takes it."""
    topics = load_topics(PROJECT_DIR / "config" / "topics.yaml").values()
    sizes = [len(record["value"]) for record, label in pairs if label["defect"] == Defect.OVERSIZE]
    others = [len(record["value"]) for record, label in pairs if label["defect"] != Defect.OVERSIZE]
    assert 300_000 < min(sizes) <= max(sizes) < 0.4 * min(topic.max_message_bytes for topic in topics)
    assert max(others) < 10_000


def test_old_producers_say_so(pairs: list[Pair]) -> None:
    """Body and header carry the old version, and no field that it did not have."""
    for record, label in pairs:
        is_old = label["defect"] == Defect.OLD_VERSION
        assert record["contract_version"] == (OLD_VERSION if is_old else CONTRACT_VERSION)
        if is_old:
            body = json.loads(record["value"])
            assert body["contract_version"] == OLD_VERSION
            assert NEWER_FIELD.get(record["topic"]) not in body


def test_unannounced_fields_are_in_no_contract(pairs: list[Pair]) -> None:
    """A record with a new field has all it had before, and more."""
    for record, label in pairs:
        if label["defect"] in {Defect.NEW_FIELD, Defect.CLEAN}:
            known = {field.name for field in LAYOUTS[record["topic"]].fields}
            assert (not json.loads(record["value"]).keys() <= known) == (label["defect"] == Defect.NEW_FIELD)


def test_decimal_comma_writes_the_same_amount(pairs: list[Pair]) -> None:
    """Only the way of writing is wrong: the digits are those of the cents."""
    seen = set()
    for record, label in pairs:
        if label["defect"] == Defect.DECIMAL_COMMA:
            text = json.loads(record["value"])[label["reason"].removeprefix("wrong_type:")]
            assert re.fullmatch(r"(0|[1-9]\d*),\d\d", text)
            if label["reason"].endswith(("total_cents", ":amount_cents", "refund_cents")):
                seen.add(label["topic"])
                cents = label["amount_cents"]
                assert cents is None or "subtotal" in label["reason"] or int(text.replace(",", "")) == cents
    assert seen == {"orders", "payments", "returns"}


def test_rewordings_change_every_name() -> None:
    """Each makes another text of every name that can occur, which is still text and short enough."""
    firsts = {first for names in FIRST_NAMES.values() for first, _ in names}
    lasts = {last for names in LAST_NAMES.values() for last, _ in names}
    names = {f"{first} {last}" for first in firsts for last in lasts} | {"Linen Shirt 3"}
    titles = range(len(COUNTRIES) * 1000)
    names |= {title for stars in range(1, 6) for title in write_titles([stars] * len(titles), [*titles])}
    for reword in REWORDINGS.values():
        for name in names:
            assert reword(name) not in names
            assert len(reword(name).encode().decode()) < 100
    assert garble("Müller") == "MÃ¼ller"
    assert imitate("Ada") != "Ada"


def _find_flaws(body: dict[str, Any], contract: Contract) -> list[str]:
    """What the contract repairs in a body: each field with spaces around it, or capitals, by that name."""
    flaws = []
    for field in contract.fields:
        value = body.get(field.name)
        if isinstance(value, str) and "trim" in field.repair and value != value.strip():
            flaws.append("whitespace")
        if isinstance(value, str) and "lowercase" in field.repair and value != value.lower():
            flaws.append("casing")
    return flaws


def test_spaces_and_capitals_are_two_defects(pairs: list[Pair], contracts: dict[str, Contract]) -> None:
    """A record with either has one field to repair, in that one way; a clean one has none (the control)."""
    kinds = {Defect.WHITESPACE: ["whitespace"], Defect.CASING: ["casing"], Defect.CLEAN: []}
    seen = set()
    for record, label in pairs:
        if label["defect"] in kinds:
            flaws = _find_flaws(json.loads(record["value"]), contracts[record["topic"]])
            assert flaws == kinds[label["defect"]]
            seen.update((record["topic"], flaw) for flaw in flaws)
    assert seen == {
        *(("clickstream", kind) for kind in ("whitespace", "casing")),
        *(("customers", kind) for kind in ("whitespace", "casing")),
        ("products", "whitespace"),
        ("reviews", "whitespace"),
    }


def test_a_double_submitted_order_is_the_order_again(pairs: list[Pair]) -> None:
    """Seconds later, with another event_id, the same order; it owes nothing of its own."""
    placed = {
        record["key"]: (record, label)
        for record, label in pairs
        if label["event_type"] == "order_placed" and label["defect"] == Defect.CLEAN
    }
    agains = [pair for pair in pairs if pair[1]["defect"] == Defect.DOUBLE_SUBMITTED]
    assert len(agains) > 5
    for record, label in agains:
        first, money = placed[record["key"]]
        assert timedelta(seconds=1) <= record["occurred_at"] - first["occurred_at"] < timedelta(seconds=8)
        own = {"event_id", "occurred_at"}
        bodies = [json.loads(each["value"]) for each in (first, record)]
        assert {name for name in bodies[0] if bodies[0][name] != bodies[1][name]} == own
        assert (label["copy"], label["amount_cents"]) == (0, None)
        assert money["amount_cents"] > 0


def test_a_second_account_is_the_same_person(pairs: list[Pair]) -> None:
    """The same name with another number, and an address of the same mailbox."""
    first = {
        record["key"]: json.loads(record["value"])
        for record, label in pairs
        if label["event_type"] == "customer_registered" and label["defect"] == Defect.CLEAN
    }
    agains = [record for record, label in pairs if label["defect"] == Defect.SECOND_ACCOUNT]
    assert len(agains) > 5
    for record in agains:
        body = json.loads(record["value"])
        before = first[f"c-{int(body['customer_id'][2:]) - SECOND_ACCOUNTS:07d}".encode()]
        same = {"full_name", "country", "event_type"}
        assert {name: body[name] for name in same} == {name: before[name] for name in same}
        assert body["email"] == before["email"].replace("@", "+2@")
        assert body["registered_at"] == body["occurred_at"] > before["occurred_at"]


def test_staff_place_test_orders(pairs: list[Pair]) -> None:
    """Test orders are by accounts with the shop's own address, all events of an order alike; no other is."""
    staff = {
        record["key"].decode()
        for record, _ in pairs
        if record["topic"] == "customers" and b"@shop.example" in record["value"]
    }
    kinds: dict[bytes, set[bool]] = defaultdict(set)
    for record, label in pairs:
        if record["topic"] == "orders" and label["defect"] in {Defect.TEST_ORDER, Defect.CLEAN}:
            is_test = label["defect"] == Defect.TEST_ORDER
            assert (json.loads(record["value"]).get("customer_id") in staff) == is_test
            kinds[record["key"]].add(is_test)
    assert all(len(kind) == 1 for kind in kinds.values())
    assert {True} in kinds.values()


def test_stolen_cards_are_tried_one_after_the_other(pairs: list[Pair]) -> None:
    """All records of such an order say so; a guest tries three to six cards, none pays, nothing is sent."""
    tried: dict[bytes, list[Pair]] = defaultdict(list)
    for record, label in pairs:
        if record["key"].startswith(b"o-"):
            tried[record["key"]].append((record, label))
    told_until = OPENS_AT + timedelta(days=41)  # an order of the last day may be cancelled after it
    tried = {
        o: story
        for o, story in tried.items()
        if any(each["defect"] == Defect.FRAUD for _, each in story)
        and min(record["occurred_at"] for record, _ in story) < told_until
    }
    assert len(tried) > 5
    for story in tried.values():
        assert {label["defect"] for _, label in story} == {Defect.FRAUD}
        bodies = [
            json.loads(record["value"]) for record, _ in sorted(story, key=lambda p: p[0]["occurred_at"])
        ]
        cards = bodies[1:-1]
        assert [body["event_type"] for body in bodies] == [
            "order_placed", *["payment_declined"] * len(cards), "order_cancelled",
        ]  # fmt: skip
        assert "customer_id" not in bodies[0]
        assert [card["attempt"] for card in cards] == list(range(1, len(cards) + 1))
        assert 3 <= len(cards) <= 6
        assert {(card["method"], card["decline_reason"]) for card in cards} == {("card", "suspected_fraud")}
        times = [datetime.fromisoformat(card["occurred_at"]) for card in cards]
        assert all(timedelta(seconds=2) <= b - a <= timedelta(seconds=12) for a, b in pairwise(times))


def test_bots_are_fast_and_of_one_kind(pairs: list[Pair]) -> None:
    """A bot's session has no other defect, pages within a second of each other, and one device."""
    by_session: dict[bytes, list[Pair]] = defaultdict(list)
    for record, label in pairs:
        if record["topic"] == "clickstream":
            by_session[record["key"]].append((record, label))
    bots = [story for story in by_session.values() if story[0][1]["defect"] == Defect.BOT]
    assert len(bots) > 20
    for story in bots:
        assert {label["defect"] for _, label in story} == {Defect.BOT}
        times = [record["occurred_at"] for record, _ in story]
        assert all(timedelta(0) < gap <= timedelta(seconds=1) for gap in (b - a for a, b in pairwise(times)))
        bodies = [json.loads(record["value"]) for record, _ in story]
        assert {(body["device"], body["channel"]) for body in bodies} == {("desktop", "direct")}
        assert not any("customer_id" in body or "cart" in body["event_type"] for body in bodies)


def test_what_is_switched_off_does_not_happen() -> None:
    """Control: without rates there is no bot, no account of the staff, and no record with a label."""
    profile = find_profile(is_clean=True)
    batch = run(Shop(profile, 11, OPENS_AT, 6000), timedelta(days=3))
    assert set(batch.labels["defect"].to_pylist()) == {"clean"}
    assert not any(b"shop.example" in body for body in batch.records["value"].to_pylist())


def test_money_is_the_event_s(pairs: list[Pair]) -> None:
    """A label carries the cents of placed orders, captured payments and refunds, and of nothing else."""
    money = {
        "order_placed": "total_cents",
        "payment_captured": "amount_cents",
        "refund_issued": "refund_cents",
    }
    seen = set()
    for record, label in pairs:
        field = money.get(label["event_type"])
        counts = field is not None and label["defect"] != Defect.DOUBLE_SUBMITTED
        assert (label["amount_cents"] is not None) == counts
        if counts and label["outcome"] == Outcome.SILVER:
            seen.add(label["event_type"])
            assert json.loads(record["value"])[field] == label["amount_cents"]
    assert seen == set(money)


def test_mess_changes_nothing_else() -> None:
    """Headers of a spoilt record tell the truth: id, type, instant and key are those of the event."""
    batch = run(open_shop(), timedelta(hours=8))
    key = {"clickstream": "session_id", "customers": "customer_id", "products": "product_id"}
    key |= {"inventory": "product_id", "reviews": "product_id"}
    for record, label in _pair(batch):
        if label["defect"] == Defect.CLEAN:
            body = json.loads(record["value"])
            assert body["event_id"] == record["event_id"]
            assert body["event_type"] == record["event_type"]
            assert body[key.get(record["topic"], "order_id")] == record["key"].decode()
        assert record["occurred_at"].year == 2026


def test_default_profile_has_every_defect() -> None:
    """The default rates give three to four percent of mess, each kind on every topic that can have it."""
    mess = find_profile().mess
    for topic in LAYOUTS:
        # An order tried with stolen cards brings its payments along.
        rates = mess.rates(topic) | dict.fromkeys({Defect.FRAUD} & mess.rates("orders").keys(), 0.0)
        assert {d for d in rates if can_spoil(d, topic)} == {
            d for d in Defect if d is not Defect.CLEAN and can_spoil(d, topic)
        }
    rates = mess.rates("clickstream")
    # Few oversize records are many bytes.
    assert min(rate for defect, rate in rates.items() if defect is not Defect.OVERSIZE) * 200_000 > 20
    assert 0.03 <= sum(rate for d, rate in rates.items() if can_spoil(d, "clickstream")) <= 0.04


_FORMS = {
    "string": {Form.EVENT_ID, Form.WORD, Form.CODE, Form.NUMBER, Form.TEXT, Form.CONSTANT},
    "integer": {Form.INTEGER},
    "boolean": {Form.FLAG},
    "timestamp": {Form.INSTANT},
    "array": {Form.LINES},
}


def test_layouts_are_of_the_contracts(contracts: dict[str, Contract]) -> None:
    """Fields, their order, their types, their words, the key and the version are those of the contracts."""
    assert list(LAYOUTS) == sorted(contracts)
    for topic, contract in contracts.items():
        layout = LAYOUTS[topic]
        assert {contract.version} == {CONTRACT_VERSION}
        assert layout.key == contract.key
        assert [field.name for field in layout.fields] == [field.name for field in contract.fields]
        for field, promised in zip(layout.fields, contract.fields, strict=True):
            assert field.form in _FORMS[promised.type], field.name
            assert field.required == promised.required, field.name
            if promised.enum:
                assert field.words == promised.enum, field.name


def test_truncation_keeps_utf8(pairs: list[Pair]) -> None:
    """Bodies of many-byte characters are cut between characters, and never to nothing."""
    cut = [record["value"] for record, label in pairs if label["defect"] == Defect.TRUNCATED_JSON]
    assert len(cut) > 100
    assert all(body.decode() for body in cut)
    assert any(not body.isascii() for body in cut)


def test_bodies_that_typed_columns_can_hold() -> None:
    """Late, copied and repeated records are not spoilt; nor are those with another true value in a column."""
    untouched = {
        Defect.CLEAN, Defect.LATE, Defect.LATE_MINUTES, Defect.LATE_DAYS, Defect.OUT_OF_ORDER,
        Defect.CLOCK_SKEW, Defect.DUPLICATE, Defect.DUPLICATE_LATER, Defect.UNKNOWN_PRODUCT,
        Defect.UNKNOWN_CUSTOMER, Defect.DOUBLE_SUBMITTED, Defect.SECOND_ACCOUNT, Defect.TEST_ORDER,
        Defect.BOT, Defect.FRAUD,
    }  # fmt: skip
    assert {d for d in Defect if not any(list_changes(d, topic) for topic in LAYOUTS)} == untouched
