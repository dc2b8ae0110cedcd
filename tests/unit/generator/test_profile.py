"""A profile is right, or the error says what is wrong with it."""

from pathlib import Path

import pytest

from stafford.errors import ConfigError
from stafford.generator import load_profile

from .builders import NAMES, PROFILES


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_loads(name: str) -> None:
    """And names itself as its file does; there is no other."""
    assert load_profile(name, PROFILES).name == name
    assert {path.stem for path in PROFILES.glob("*.yaml")} == set(NAMES)


def test_default_profile_loads() -> None:
    """The default profile is found by its name, and by its path."""
    by_name = load_profile("fashion-retail", PROFILES)
    assert by_name == load_profile(PROFILES / "fashion-retail.yaml", Path("nowhere"))
    assert by_name.name == "fashion-retail"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "with_cart: 0.770",
            "with_cart: 0.200",
            "sessions.intents.fill_a_cart.*nobody checks out without a cart",
        ),
        (
            "popularity_head: 0.15",
            "popularity_head: 30",
            "catalogue.popularity_head is 30: .*less than or equal to 10",
        ),
        ("{least: 26, most: 174}", "{least: 0, most: 174}", "lifetime_weeks.least is 0; .* a week at least"),
        (
            "launches_per_week: 9",
            "launches_per_week: 0",
            "launches_per_week is 0, .* leave lifetime_weeks",
        ),
        ("declined: 0.035", "declined: 3.5", "payments.declined is 3.5: .*less than or equal to 1"),
        ("moves: 0.10", "movers: 0.10", "customers.movers is no field of a profile"),
        ("{DE: 40,", "{XX: 40,", "customers.countries is 'XX': .*'DE', 'FR'"),
        (
            "dispatch_h: {least: 4, most: 48}",
            "dispatch_h: {least: 4, most: 2}",
            "fulfilment.dispatch_h.*below least",
        ),
        ("duplicate: 0.0040", "triplicate: 0.0040", "mess.every_topic is 'triplicate': .*'duplicate'"),
        ("products: {whitespace", "goods: {whitespace", "mess.topics is 'goods': no topic; .*, orders, "),
        (
            "  topics:\n",
            "  event_types:\n    order_paid: {late: 0.1}\n  topics:\n",
            "mess.event_types is 'order_paid': no event type; there are .*order_placed, order_cancelled",
        ),
        (
            "  topics:\n",
            "  event_types:\n    order_placed: {late: 0.6}\n  topics:\n",
            "mess.event_types.order_placed.late is 0.6: .*less than or equal to 0.5",
        ),
        (
            "  topics:\n",
            "  event_types:\n    order_placed: {late: 0.5, late_days: 0.5}\n  topics:\n",
            "the rates of order_placed sum to 1.05., more than 1",
        ),
        (
            "  topics:\n",
            "  event_types:\n    order_placed: {test_order: 0.1}\n  topics:\n",
            "order_placed.test_order is 0.1: a whole session or order .*; give it under topics.orders",
        ),
        ("  removed:", "  #removed:", "carts.removed is missing"),
        ("duplicate: 0.0040", "clean: 0.0040", "mess.*clean is what is left over"),
        ("search: {product: 66, search: 20, category: 14}", "search: {}", "sessions.*leads nowhere"),
        ("nth: 4, weekday: thursday", "nth: 6, weekday: thursday", "nth is 6: .*less than or equal to 4"),
        ('dates: ["12-24"]', "dates: []", "traffic.days.*give one of dates"),
        ("conversion: 0.032", "conversion: 0", "sessions.conversion is 0: .*greater than 0"),
        ("declined: 0.035", "declined: -0.1", "payments.declined is -0.1: .*greater than or equal to 0"),
        ("  late: 0.07 ", "  late: .nan ", "fulfilment.late is nan"),
        ("{r: 0.24,", "{r: -0.24,", "customers.purchases.r is -0.24: .*greater than or equal to 0.05"),
        ("duplicate: 0.0040", "duplicate: -0.1", "duplicate is -0.1: .*greater than or equal to 0"),
        ("q: 3.74", "q: 0.9", "customers.spend.q is 0.9: .*greater than 1"),
        ("v: 15.45", "v: 0.1", "mean order of 0.23 EUR.* orders of 1.49 to"),
        ("steps: {least: 8, most: 30}", "steps: {least: 8, most: 300}", "session of buying could last"),
        ("steps: {least: 1, most: 12}", "steps: {least: 0, most: 12}", "steps.least must be at least 1"),
        ("steps: {least: 8, most: 30}", "steps: {least: 0, most: 30}", "buying.steps.least must be at least"),
        ("mobile:\n      hours: [22,", "phone:\n      hours: [22,", "traffic.curves is 'phone'"),
        ("months: [1.00, 0.90,", "months: [1.00,", "traffic.months.* at least 12 items"),
        ("WELCOME10: {percent: 10,", "WELCOME10: {percent: 95,", "WELCOME10.percent is 95: .*equal to 90"),
        ("WELCOME10: {", "GRATIS: {", "orders.coupons is 'GRATIS': .*'WELCOME10'"),
        ("months: [3, 4]", "months: [3, 13]", "SPRING15.months.1 is 13: .*less than or equal to 12"),
        ("gift_card_cents: [1000,", "gift_card_cents: [0,", "gift_card_cents.0 is 0: .*equal to 1"),
        ("  lost: 0.003", "  lost: 3", "fulfilment.lost is 3: .*less than or equal to 1"),
        ("packed_min: {least: 10,", "packed_min: {least: 100,", "fulfilment.packed_min.*below least"),
        ("pleased: [1, 2, 6, 22, 69]", "pleased: [1, 2, 6, 22]", "reviews.pleased.* at least 5 items"),
        ("{least: 2, most: 30}", "{least: 2, most: 130}", "reviews.*disappointed_percent.most is 130"),
        ("conversion: 0.032", "conversion: 1.2", "sessions.conversion is 1.2: .*less than or equal to 0.5"),
    ],
)
def test_wrong_profile_is_explained(tmp_path: Path, old: str, new: str, told: str) -> None:
    """A wrong field is an error that names it, its value and what is allowed."""
    text = (PROFILES / "fashion-retail.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "shop.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"(?s){told}") as caught:
        load_profile("shop", tmp_path)
    # One line for the file and a short one for each fault: no part of the profile is poured out.
    assert all(len(line) < 900 for line in str(caught.value).splitlines()[1:])


def test_unknown_profile_lists_the_known() -> None:
    """An unknown name is an error that lists the known ones."""
    with pytest.raises(ConfigError, match=r"known profiles: .*fashion-retail"):
        load_profile("corner-shop", PROFILES)


def test_broken_yaml_is_explained(tmp_path: Path) -> None:
    """A file that is not YAML is an error that names it."""
    (tmp_path / "shop.yaml").write_text("name: [", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"shop\.yaml cannot be read as YAML"):
        load_profile("shop", tmp_path)
