"""Rule files: what is refused and how it is said, and what a rule does to a body."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.docs.pages import read_page

from stafford.contracts import Contract, load_contracts
from stafford.errors import ConfigError
from stafford.lakehouse.quarantine.changes import change
from stafford.lakehouse.quarantine.rule_file import ACTIONS, Rule, load_rules
from stafford.lakehouse.quarantine.samples import MASK, sample_value


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    return load_contracts(Path(__file__).parents[3] / "contracts")


def rule(field: str = "total_cents", reason: str = "required", **action: object) -> Rule:
    where = {"topic": "orders", "reason": reason, "field": field}
    return Rule.model_validate({"name": "it", "where": where, **action})


def apply(body: object, wanted: Rule) -> object:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    changed = change(text, wanted)
    # whatever it does, doing it again does no more
    assert change(changed, wanted) == changed
    return changed if isinstance(body, bytes) else json.loads(changed)


UNREADABLE = "{topic: orders, reason: not_utf8}"
TOTAL = "{topic: orders, reason: required, field: total_cents}"
QUANTITY = "{topic: orders, reason: %s, field: lines.quantity}"


@pytest.mark.parametrize(
    ("where", "action", "said"),
    [
        ("{topic: orders, reason: required}", "default: 1", "name it with field:"),
        ("{topic: orders, reason: odd, field: x}", "default: 1", "reason is none of"),
        ("{topic: orders, reason: not_utf8, field: x}", "revalidate: true", "take field: away"),
        (UNREADABLE, "default: x", "default changes one field, and not_utf8 names none"),
        (UNREADABLE, "drop: {because: lost for good}, revalidate: true", "found drop, revalidate"),
        (UNREADABLE, "revalidate: false", "rules.0.revalidate"),
        (UNREADABLE, "drop: {because: gone}", "at least 10"),
        (UNREADABLE, "drpo: {}", "rules.0.drpo"),
        ("{topic: nowhere, reason: required, field: x}", "default: 1", "no contract for the topic 'nowhere'"),
        (
            "{topic: orders, reason: required, field: total}",
            "default: 1",
            "orders has no field 'total'; fields: event_id,",
        ),
        (TOTAL, "default: '1'", "default '1' is no integer"),
        (TOTAL, "default: true", "default True is no integer"),
        (TOTAL, "default: 2026-01-15T20:31:07Z", "rules.0.default"),
        (TOTAL, "cast: string", "write cast: integer"),
        (QUANTITY % "required", "rename: {from: units}", "both must stand in the same object"),
        (TOTAL, "rename: {from: tax_cents}", "would empty tax_cents"),
        (QUANTITY % "out_of_range", "default: 1", "can only fill what is absent"),
    ],
)
def test_a_wrong_rule_is_refused(where, action, said, contracts, tmp_path):
    """The message names the file and what is wrong with it."""
    check_refusal(f"rules: [{{name: a, where: {where}, {action}}}]", said, contracts, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: []", "at least 1 item"),
        ("rules: {", "cannot be read as YAML"),
        ("[]", "is not a rule file"),
        (f"rules: [{{name: a, where: {UNREADABLE}}}]", "exactly one of"),
        (f"rules: [&a {{name: a, where: {UNREADABLE}, revalidate: true}}, *a]", "the name stands twice"),
    ],
)
def test_a_wrong_file_is_refused(text, said, contracts, tmp_path):
    """So is one without rules, without an action, or with one name for two."""
    check_refusal(text, said, contracts, tmp_path)


def check_refusal(text, said, contracts, directory):
    path = directory / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"rules\.yaml") as refused:
        load_rules(path, contracts)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_refused(contracts, tmp_path):
    """So is one that cannot be read."""
    with pytest.raises(ConfigError, match=r"gone\.yaml cannot be read"):
        load_rules(tmp_path / "gone.yaml", contracts)


def test_only_what_is_stated_is_selected():
    """Topic, reason and field must all be those of the record."""
    wanted = rule(default=1)
    assert wanted.selects("orders", ["required:total_cents", "not_in_enum:country"])
    assert not wanted.selects("payments", ["required:total_cents"])
    assert not wanted.selects("orders", ["required:tax_cents"])
    assert not wanted.selects("orders", ["wrong_type:total_cents"])


def test_rename():
    """The value moves; one that is there already stays, and so does the other."""
    wanted = rule(rename={"from": "total"})
    assert apply({"total": 5, "a": 1}, wanted) == {"a": 1, "total_cents": 5}
    assert apply({"total": 5, "total_cents": None}, wanted) == {"total_cents": 5}
    assert apply({"total": 5, "total_cents": 6}, wanted) == {"total": 5, "total_cents": 6}
    inner = rule("lines.quantity", rename={"from": "lines.units"})
    assert apply({"lines": [{"units": 2}, {"quantity": 3}, 7]}, inner) == {
        "lines": [{"quantity": 2}, {"quantity": 3}, 7]
    }


def test_default():
    """It fills what is absent or null; where another reason refuses the value, it takes its place."""
    assert apply({"a": 1}, rule(default=5)) == {"a": 1, "total_cents": 5}
    assert apply({"total_cents": None}, rule(default=5)) == {"total_cents": 5}
    assert apply({"total_cents": 7}, rule(default=5)) == {"total_cents": 7}
    assert apply({"total_cents": -7}, rule(reason="out_of_range", default=0)) == {"total_cents": 0}
    assert apply({"lines": [{}, {"quantity": 3}]}, rule("lines.quantity", default=1)) == {
        "lines": [{"quantity": 1}, {"quantity": 3}]
    }


@pytest.mark.parametrize(
    ("kind", "value", "cast"),
    [
        ("integer", "10493", 10493),
        ("integer", " -5 ", -5),
        ("integer", 104.0, 104),
        ("integer", 104.93, 104.93),
        ("integer", "1_000", "1_000"),
        ("integer", "ten", "ten"),
        ("integer", True, True),
        ("integer", [1], [1]),
        ("boolean", "TRUE", True),
        ("boolean", 0, False),
        ("boolean", "maybe", "maybe"),
        ("string", 5, "5"),
        ("string", True, "true"),
        ("string", {"a": 1}, {"a": 1}),
        ("timestamp", "2026-01-15T21:31:07+01:00", "2026-01-15T20:31:07.000000Z"),
        ("timestamp", "2026-01-15 20:31:07", "2026-01-15 20:31:07"),
        ("timestamp", 1767225600, 1767225600),
    ],
)
def test_cast_never_guesses(kind, value, cast):
    """What can be written as the type without a loss is; everything else stays as it was."""
    assert apply({"x": value}, rule("x", reason="wrong_type", cast=kind)) == {"x": cast}


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 9999])
def test_a_body_that_is_no_object_stays(body):
    """Byte for byte."""
    assert apply(body, rule(default=5)) == body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["x", "y", "lines", "é"]) | st.text(), JSON), st.data())
def test_a_rule_touches_its_field_alone(body, data):
    """Whatever else is in a body is there afterwards, and applying the rule twice is applying it once."""
    wanted = data.draw(
        st.sampled_from(
            [
                rule("x", rename={"from": "y"}),
                rule("x", default="d"),
                *(
                    rule("x", "wrong_type", cast=kind)
                    for kind in ("string", "integer", "boolean", "timestamp")
                ),
            ]
        )
    )
    changed = apply(body, wanted)
    mine = {"x", "y"} if wanted.action == "rename" else {"x"}
    assert {k: v for k, v in changed.items() if k not in mine} == {
        k: v for k, v in body.items() if k not in mine
    }


def test_samples_are_masked_by_the_contract(contracts):
    """Personal fields, fields that no contract has, and bodies that cannot be read are not shown."""
    customers = contracts["customers"]
    body = json.dumps({"email": "ada@example.org", "country": "XX", "odd": "ada", "city": None}).encode()
    assert sample_value(body, "country", customers) == '"XX"'
    assert sample_value(body, "email", customers) == MASK
    assert sample_value(body, "odd", customers) == MASK
    assert sample_value(body, "country", None) == MASK
    assert sample_value(body, "city", customers) == "null"
    assert sample_value(body, "full_name", customers) == "absent"
    assert sample_value(body, None, customers) == f"{len(body)} bytes"
    assert sample_value(b'{"email": "ada@exam', "email", customers) == "19 bytes"
    orders = json.dumps({"lines": [{"quantity": 0}, {}, {"quantity": 2}]}).encode()
    assert sample_value(orders, "lines.quantity", contracts["orders"]) == '[0, "absent", 2]'


def test_the_examples_of_the_pages_are_valid(contracts, tmp_path):
    """Each rule file that the documentation shows can be used, and together they show every kind of rule."""
    shown = set()
    for page in ("docs/reference/quarantine-rules.md", "docs/how-to/quarantine.md"):
        for block in read_page(page):
            if block.language == "yaml":
                path = tmp_path / "rules.yaml"
                path.write_text(block.text, encoding="utf-8")
                shown |= {rule.action for rule in load_rules(path, contracts)}
    assert shown == set(ACTIONS)
