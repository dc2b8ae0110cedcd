"""The JSON Schema of a contract, judged by another library."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from stafford.contracts import Contract, Field, example_body, json_schema, reasons

INSTANTS = st.datetimes().map(lambda instant: instant.isoformat(timespec="microseconds") + "Z")


def values(field: Field) -> st.SearchStrategy[Any]:
    """Values that the field allows."""
    if field.type == "integer":
        return st.integers(field.minimum, field.maximum)  # type: ignore[arg-type]
    if field.type == "array":
        return st.lists(bodies(field.items), min_size=field.min_items or 0, max_size=3)
    if field.enum:
        return st.sampled_from(field.enum)
    if field.pattern is not None:
        return st.from_regex(field.pattern, fullmatch=True).filter(
            lambda text: len(text) <= (field.max_length or len(text))
        )
    return {
        "boolean": st.booleans(),
        "timestamp": INSTANTS,
        "string": st.text(max_size=min(20, field.max_length or 20)),
    }[field.type]


def bodies(fields: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that keep every rule; optional members are there, null, or absent."""
    return st.fixed_dictionaries(
        {field.name: values(field) for field in fields if field.required},
        optional={field.name: st.none() | values(field) for field in fields if not field.required},
    )


def broken(body: dict[str, Any], fields: tuple[Field, ...], rule: str, path: str) -> dict[str, Any]:
    """A copy of the body in which one field breaks one rule and nothing else is wrong."""
    body = copy.deepcopy(body)
    name, _, member = path.partition(".")
    field = next(field for field in fields if field.name == name)
    if member:
        body[name][0] = broken(body[name][0], field.items, rule, member)
    elif rule == "required":
        del body[name]
    else:
        body[name] = wrong_value(field, rule)
    return body


def wrong_value(field: Field, rule: str) -> Any:
    """A value that breaks the rule."""
    if rule == "wrong_type":
        return 1 if field.type in {"string", "timestamp"} else "1"
    if rule == "not_in_enum":
        return "no such value"
    if rule == "bad_format":
        return "x" * ((field.max_length or 0) + 1) if field.pattern is None else "?"
    if field.type == "array":
        return []
    return field.minimum - 1 if isinstance(field.minimum, int) else None


def breakable(contract: Contract) -> list[str]:
    """Reasons on one field that JSON Schema has words for: all but bounds of instants."""
    instants = {field.name for field in contract.fields if field.type == "timestamp"}
    unsaid = {f"{rule}:{name}" for rule in ("out_of_range", "too_far_ahead") for name in instants}
    return [reason for reason in reasons(contract) if ":" in reason and reason not in unsaid]


@pytest.fixture(scope="module")
def judges(contracts: dict[str, Contract]) -> dict[str, Draft202012Validator]:
    """An independent validator of each topic's bodies."""
    return {topic: Draft202012Validator(json_schema(contract)) for topic, contract in contracts.items()}


def test_schemas_are_schemas(contracts: dict[str, Contract]) -> None:
    """Every schema is valid draft 2020-12 and survives JSON."""
    for contract in contracts.values():
        schema = json_schema(contract)
        Draft202012Validator.check_schema(schema)
        assert json.loads(json.dumps(schema)) == schema


@settings(max_examples=60)
@given(data=st.data())
def test_bodies_that_keep_the_contract_pass(
    contracts: dict[str, Contract], judges: dict[str, Draft202012Validator], data: st.DataObject
) -> None:
    """Whatever keeps the rules is accepted, with optional members there, null or absent."""
    topic = data.draw(st.sampled_from(sorted(contracts)))
    judges[topic].validate(data.draw(bodies(contracts[topic].fields)))


@settings(max_examples=60)
@given(data=st.data())
def test_bodies_that_break_a_rule_fail(
    contracts: dict[str, Contract], judges: dict[str, Draft202012Validator], data: st.DataObject
) -> None:
    """Negative control: any body fails once any one rule of any field is broken in it."""
    topic = data.draw(st.sampled_from(sorted(contracts)))
    body = data.draw(bodies(contracts[topic].fields))
    reason = data.draw(st.sampled_from(breakable(contracts[topic])))
    rule, _, path = reason.partition(":")
    assert not judges[topic].is_valid(broken(body, contracts[topic].fields, rule, path)), reason


def test_every_reason_is_a_rule_of_the_schema(
    contracts: dict[str, Contract], judges: dict[str, Draft202012Validator]
) -> None:
    """Quarantine has no reason that the schema does not know, but for those on instants."""
    for topic, contract in contracts.items():
        body = example_body(contract)
        judges[topic].validate(body)
        for reason in breakable(contract):
            rule, _, path = reason.partition(":")
            assert not judges[topic].is_valid(broken(body, contract.fields, rule, path)), (topic, reason)


def test_examples_keep_the_contract(
    contracts: dict[str, Contract], judges: dict[str, Draft202012Validator]
) -> None:
    """The example of each optional field is accepted too, so the documentation never lies."""
    for topic, contract in contracts.items():
        optional = {field.name: field.example for field in contract.fields if not field.required}
        judges[topic].validate(example_body(contract) | optional)


def test_a_producer_may_add_members(
    contracts: dict[str, Contract], judges: dict[str, Draft202012Validator]
) -> None:
    """A member that no contract names is allowed, so producers can change first."""
    for topic, contract in contracts.items():
        judges[topic].validate(example_body(contract) | {"added_later": {"by": "a producer"}})
