"""Which changes of a contract break with it: nothing that was accepted may be refused."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from stafford.contracts import Contract, Field, compare
from stafford.contracts.record import from_record, to_record

PLAIN = Field(name="note", type="string", required=False, description="A note.")
COUNT = Field(name="count", type="integer", required=True, description="How many.", minimum=0, maximum=9)
WORD = Field(name="word", type="string", required=True, description="One word.", enum=("a", "b"))
ITEM = Field(name="size", type="integer", required=True, description="How large.")
LINES = Field(
    name="lines", type="array", required=True, description="Lines.", items=(ITEM,), min_items=1, max_items=5
)
AT = Field(
    name="at",
    type="timestamp",
    required=True,
    description="When.",
    minimum=datetime(2000, 1, 1, tzinfo=UTC),
    max_ahead_of_arrival=timedelta(hours=1),
)


def contract(*wanted: Field, **changes: object) -> Contract:
    plain = {"version": "1.0.0", "key": "word", "description": "Things.", "grain": "one row a thing"}
    return Contract(topic="things", fields=wanted, events=(), **{**plain, **changes})


def find(old: Contract, new: Contract) -> list[tuple[str | None, bool]]:
    return [(c.field, c.is_breaking) for c in compare({"things": old}, {"things": new})]


@pytest.mark.parametrize(
    ("old", "changes", "what"),
    [
        (COUNT, {"type": "string", "minimum": None, "maximum": None}, "the type was integer and is string"),
        (PLAIN, {"required": True}, "the field is required now"),
        (COUNT, {"minimum": 1}, "minimum was 0 and is 1"),
        (PLAIN, {"max_length": 9}, "max length was none and is 9"),
        (COUNT, {"maximum": 8}, "maximum was 9 and is 8"),
        (COUNT, {"unit": "cent"}, "the unit was None and is cent"),
        (LINES, {"min_items": 2}, "min items was 1 and is 2"),
        (LINES, {"max_items": 4}, "max items was 5 and is 4"),
        (
            AT,
            {"minimum": datetime(2001, 1, 1, tzinfo=UTC)},
            "minimum was 2000-01-01 00:00:00+00:00 and is 2001",
        ),
        (
            AT,
            {"max_ahead_of_arrival": timedelta(minutes=1)},
            "max ahead of arrival was 1:00:00 and is 0:01:00",
        ),
        (WORD, {"enum": ("a", "c")}, "the enum has no b any more"),
        (PLAIN, {"enum": ("a",)}, "an enum is new"),
        (PLAIN, {"pattern": "^a$"}, "the pattern was none and is ^a$"),
        (replace(PLAIN, pattern="^a$"), {"pattern": "^[ab]$"}, "the pattern was ^a$ and is ^[ab]$"),
        (PLAIN, {"unique": True}, "uniqueness was False and is True"),
        (replace(PLAIN, repair=("trim",)), {"repair": ()}, "the repair was trim and is none"),
    ],
)
def test_a_narrower_field_breaks(old, changes, what):
    """It is named with its field, what changed, and what to do; the way back is allowed, or breaks too."""
    new = replace(old, **changes)
    (change,) = compare({"things": contract(old)}, {"things": contract(new)})
    assert change.is_breaking
    assert str(change).startswith(f"things.{old.name}: {what}")
    assert change.then
    # the other direction widens, where there is one
    back = find(contract(new), contract(old))
    both_ways = {"type", "unit"} & changes.keys() or (old.pattern and new.pattern) or old.enum == ("a", "b")
    assert back == [(old.name, bool(both_ways))]


def test_fields_that_go_or_come():
    """Removed and renamed fields break, a new one only when it is required; in an array as anywhere."""
    assert find(contract(PLAIN, WORD), contract(WORD)) == [("note", True)]
    assert find(contract(WORD), contract(WORD, PLAIN)) == [("note", False)]
    assert find(contract(WORD), contract(WORD, replace(PLAIN, required=True))) == [("note", True)]
    new_item = replace(LINES, items=(ITEM, replace(ITEM, name="colour")))
    assert find(contract(LINES), contract(new_item)) == [("lines.colour", True)]
    optional = replace(LINES, items=(ITEM, replace(ITEM, name="colour", required=False)))
    assert find(contract(LINES), contract(optional)) == [("lines.colour", False)]
    assert find(contract(optional), contract(LINES)) == [("lines.colour", True)]

    renamed = replace(PLAIN, name="remark")
    gone, came = compare({"things": contract(PLAIN)}, {"things": contract(renamed)})
    assert (gone.field, gone.what, gone.is_breaking) == ("note", "the field was renamed to remark", True)
    assert (came.field, came.is_breaking) == ("remark", False)


def test_topics_and_keys():
    """A topic may come and not go; what orders events stays."""
    here, there = {"things": contract(WORD)}, {}
    assert [c.is_breaking for c in compare(here, there)] == [True]
    assert [c.is_breaking for c in compare(there, here)] == [False]
    assert find(contract(WORD), contract(WORD, key="note")) == [(None, True)]


def test_texts_change_nothing():
    """Descriptions, examples, references and versions are for people."""
    new = replace(WORD, description="Another.", example="b", references="other.word", events=("x",))
    assert find(contract(WORD), contract(new, version="1.0.1", description="x", grain="y")) == []


def test_every_attribute_of_a_field_is_thought_of():
    """A new rule of contracts must be compared, or be listed here as one that no record can tell."""
    compared = {
        "type", "required", "unique", "minimum", "maximum", "pattern", "max_length", "min_items", "max_items",
        "enum", "pii", "repair", "unit", "max_ahead_of_arrival", "items",
    }  # fmt: skip
    assert {field.name for field in fields(Field)} - compared == {
        "name",
        "description",
        "references",
        "example",
        "events",
    }


def test_a_lake_remembers_a_contract_whole(contracts):
    """The record of each real contract gives the same contract back, and equal ones the same text."""
    for each in contracts.values():
        assert from_record(to_record(each)) == each
    assert to_record(contract(AT, LINES)) == to_record(contract(AT, LINES)) != to_record(contract(AT))
