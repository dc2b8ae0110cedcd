"""The category tree, and goods that come in several sizes or colours."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.generator import Shop
from stafford.generator.assortment import Assortment, Traits
from stafford.generator.layout import NOTHING
from stafford.generator.profile import Profile
from stafford.generator.vocabulary import CATEGORIES, CATEGORY_TREE, COLORS, SIZE_NAMES, SIZES, SUBCATEGORIES

from .builders import OPENS_AT, Event, find_profile, read_clean, run

PROFILES = ("fashion-retail", "marketplace", "electronics")
PRODUCTS = np.arange(3000)


def describe(profile: Profile, variants: int, seed: int = 7) -> Traits:
    return Assortment(profile.catalogue.categories, variants, seed).describe(PRODUCTS)


@given(st.sampled_from(PROFILES), st.integers(1, 5), st.integers(0, 1 << 60))
def test_every_product_has_its_place(name: str, variants: int, seed: int) -> None:
    """A subcategory of its category; sizes and colours just where goods have them, and words that exist."""
    traits = describe(find_profile(name), variants, seed)
    rows = zip(traits.category, traits.subcategory, traits.color, traits.size, strict=True)
    for category, subcategory, color, size in set(rows):
        word = CATEGORIES[category]
        assert SUBCATEGORIES[subcategory] in CATEGORY_TREE[word]
        assert (size == NOTHING) == (word not in SIZES)
        assert size == NOTHING or SIZE_NAMES[size] in SIZES[word]
        assert (color == NOTHING) == (word == "beauty")
        assert color == NOTHING or 0 <= color < len(COLORS)


@given(st.sampled_from(PROFILES), st.integers(2, 5), st.integers(0, 1 << 60))
def test_variants_of_one_thing_differ_and_are_one_thing(name: str, variants: int, seed: int) -> None:
    """One category and subcategory; all that have a size have one colour; no two are alike."""
    traits = describe(find_profile(name), variants, seed)
    assert find_bad_groups(traits, variants) == []
    grouped = traits.group != NOTHING
    assert (np.array([CATEGORIES[category] for category in traits.category]) == "beauty").tolist() == (
        ~grouped
    ).tolist()


def find_bad_groups(traits: Traits, variants: int) -> list[int]:
    """Groups whose members are alike, or are no one thing."""
    bad = []
    for group in np.unique(traits.group[traits.group != NOTHING]):
        rows = np.flatnonzero(traits.group == group)
        of_group = [column[rows].tolist() for column in (traits.category, traits.subcategory)]
        options = list(zip(traits.color[rows].tolist(), traits.size[rows].tolist(), strict=True))
        is_sized = options[0][1] != NOTHING
        is_good = (
            len(rows) == min(variants, len(PRODUCTS) - group)
            and all(len(set(column)) == 1 for column in of_group)
            and len(set(options)) == len(options)
            and (not is_sized or len({color for color, _ in options}) == 1)
        )
        if not is_good:
            bad.append(int(group))
    return bad


def test_two_that_are_alike_are_found() -> None:
    """Control: of variants with one size too many, some group has two of the same."""
    traits = describe(find_profile(), 3)
    assert find_bad_groups(replace(traits, size=traits.size // 2), 3) != []


def test_without_variants_nothing_is_grouped() -> None:
    """Each product is for itself, and still has its size and colour."""
    traits = describe(find_profile(), 1)
    assert set(traits.group) == {NOTHING}
    assert len(set(traits.size)) == 1 + len(SIZE_NAMES)


def launch(events: list[Event]) -> list[Event]:
    return [event for event in events if event.event_type == "product_launched"]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Of a clean shop, over three weeks."""
    shop = Shop(find_profile(is_clean=True, products=120), 7, OPENS_AT, 4000)
    return read_clean(run(shop, timedelta(days=21)))


def test_a_group_has_one_name_brand_and_first_price(events: list[Event]) -> None:
    """As a visitor sees it. Prices change for each variant alone, so later ones differ."""
    groups: defaultdict[str, list[Event]] = defaultdict(list)
    for event in launch(events):
        if "product_group_id" in event.body:
            groups[event.body["product_group_id"]].append(event)
    assert len(groups) > 20
    same = ("name", "category", "subcategory", "brand", "price_cents")
    for members in groups.values():
        assert all(len({member.body[field] for member in members}) == 1 for field in same)
        for one, other in combinations(members, 2):
            assert (one.body.get("size"), one.body["color"]) != (other.body.get("size"), other.body["color"])
    assert Counter(len(members) for members in groups.values())[3] > 20
    names = Counter(members[0].body["name"] for members in groups.values())
    assert max(names.values()) == 1


def test_a_name_says_what_the_subcategory_is(events: list[Event]) -> None:
    """A Jumper is knitwear."""
    for event in launch(events):
        nouns = CATEGORY_TREE[event.body["category"]][event.body["subcategory"]]
        assert any(f" {noun} " in event.body["name"] for noun in nouns)


def test_a_product_stays_what_it_is(events: list[Event]) -> None:
    """Only its price moves."""
    fixed = ("name", "category", "subcategory", "brand", "product_group_id", "color", "size", "launched_at")
    seen: defaultdict[str, set[tuple[str | None, ...]]] = defaultdict(set)
    for event in events:
        if event.topic == "products":
            seen[event.body["product_id"]].add(tuple(event.body.get(field) for field in fixed))
    assert all(len(kinds) == 1 for kinds in seen.values())


def test_what_has_no_size_is_never_the_wrong_size(events: list[Event]) -> None:
    """And what has one often is."""
    sized = {event.body["product_id"] for event in launch(events) if "size" in event.body}
    wrong = {
        event.body["product_id"]
        for event in events
        if event.topic == "returns" and event.body["return_reason"] == "wrong_size"
    }
    assert wrong
    assert wrong <= sized
