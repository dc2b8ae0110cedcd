"""What load_contracts understands, and what it refuses."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stafford.contracts import Contract, load_contracts
from stafford.errors import ContractViolation

TOPICS = [
    "clickstream", "customers", "inventory", "orders", "payments", "products", "returns", "reviews",
    "shipments",
]  # fmt: skip


def test_every_topic_has_a_contract(contracts: dict[str, Contract]) -> None:
    """The nine topics are there, each keyed by a field of its own."""
    assert list(contracts) == TOPICS
    assert {topic: contract.key for topic, contract in contracts.items()} == {
        "clickstream": "session_id",
        "customers": "customer_id",
        "inventory": "product_id",
        "orders": "order_id",
        "payments": "order_id",
        "products": "product_id",
        "returns": "order_id",
        "reviews": "product_id",
        "shipments": "order_id",
    }


def test_event_types_belong_to_one_topic(contracts: dict[str, Contract]) -> None:
    """No event type is sent on two topics, so a type alone says where an event belongs."""
    types = [name for contract in contracts.values() for name in contract.event_types]
    assert len(types) == len(set(types)) == 24


def test_a_field_carries_every_rule(contracts: dict[str, Contract]) -> None:
    """Rules of text, instants, numbers and arrays arrive with their units and types."""
    email = contracts["customers"].field("email")
    assert (email.type, email.required, email.max_length, email.pii) == ("string", True, 254, "email")
    assert email.repair == ("trim", "lowercase")
    occurred_at = contracts["orders"].field("occurred_at")
    assert occurred_at.minimum == datetime(2000, 1, 1, tzinfo=UTC)
    assert occurred_at.max_ahead_of_arrival == timedelta(hours=24)
    lines = contracts["orders"].field("lines")
    assert (lines.min_items, lines.max_items) == (1, 100)
    price = next(item for item in lines.items if item.name == "unit_price_cents")
    assert (price.minimum, price.maximum, price.unit) == (1, 1_000_000_000, "cent")
    assert contracts["orders"].field("customer_id").references == "customers.customer_id"
    assert contracts["orders"].field("event_id").unique


def test_an_unknown_field_is_a_key_error(contracts: dict[str, Contract]) -> None:
    """A contract answers for its own fields only."""
    with pytest.raises(KeyError, match="colour"):
        contracts["orders"].field("colour")


SPOILED = {
    "a key that the standard does not know": ("orders", "required: true", "requried: true", "requried"),
    "a type that does not exist": ("orders", "logicalType: integer", "logicalType: int", "'int' is none of"),
    "a field that does not say whether it is required": (
        "customers",
        "        required: false\n",
        "",
        "city: does not say",
    ),
    "an option that nothing enforces": ("orders", "minItems: 1", "exclusiveMinimum: 1", "nothing enforces"),
    "a custom property that nothing reads": ("orders", "property: unit", "property: units", "'units'"),
    "a bare NO, which YAML reads as false": ("customers", "value: NL", "value: NO", "country: has an enum"),
    "an enum value twice": ("customers", "value: NL", "value: DE", "country: names an enum value twice"),
    "a pattern that is no regular expression": (
        "payments",
        "^y-[0-9a-z]",
        "^y-[0-9a-z",
        "regular expression",
    ),
    "a pattern without anchors": ("payments", "^y-[0-9a-z]{4,32}$", "y-[0-9a-z]{4,32}", "not anchored"),
    "a repair that nothing does": ("customers", "- lowercase", "- uppercase", "email: asks for repairs"),
    "a minimum above the maximum": (
        "payments",
        "maximum: 10\n",
        "maximum: 0\n",
        "attempt: has minimum 1 above",
    ),
    "a bound that is text": ("payments", "maximum: 10\n", "maximum: ten\n", "attempt: has a bound"),
    "an instant without a time zone": ("orders", "00:00Z", "00:00", "occurred_at: bound"),
    "an instant that is none": ("orders", "2000-01-01T00:00:00Z", "long ago", "occurred_at: "),
    "a duration that is none": ("orders", "PT24H", "a day", "occurred_at: "),
    "a rule that its type has no meaning for": (
        "orders",
        "minItems: 1\n          maxItems: 100",
        "maxLength: 5",
        "lines: has max_length",
    ),
    "personal data without its kind": ("customers", "property: pii", "property: unit", "stand only together"),
    "a kind of personal data without classification": (
        "customers",
        "classification: personal",
        "classification: public",
        "customer_id: classification",
    ),
    "an array of something else than structs": (
        "orders",
        "          logicalType: object\n",
        "          logicalType: string\n",
        "lines: items",
    ),
    "an array of arrays": (
        "orders",
        "              logicalType: integer\n              physicalType: bigint\n",
        "              logicalType: array\n              physicalType: array\n",
        "lines.line_number: has",
    ),
    "a physical type that silver does not hold": (
        "orders",
        "physicalType: bigint",
        "physicalType: int",
        "'bigint'",
    ),
    "a quality rule, which nothing acts on": (
        "orders",
        "        unique: true\n",
        "        unique: true\n        quality: []\n",
        "event_id: says 'quality'",
    ),
    "a reference to nothing": ("payments", "to: orders.order_id", "to: orders.id", "order_id: refers to"),
    "a key that is no field": ("orders", "value: order_id", "value: order", "key: 'order'"),
    "a key that may be absent": ("orders", "value: order_id", "value: customer_id", "key: 'customer_id'"),
    "an envelope without its id": ("orders", "name: event_id", "name: uuid", "event_id: is missing"),
    "an id that is not unique": ("orders", "unique: true", "unique: false", "event_id: is not unique"),
    "an event without a description": (
        "orders",
        "            description: A visitor placed an order.\n",
        "",
        "event_type: does not name",
    ),
    "an event without its place in the funnel": (
        "orders",
        "              - property: stage\n                value: purchase\n",
        "",
        "event_type[order_placed]: has the stage 'None'",
    ),
    "a place in the funnel that is none": (
        "orders",
        "value: purchase",
        "value: buying",
        "event_type[order_placed]: has the stage 'buying'",
    ),
    "an event after one that does not exist": (
        "orders",
        "- checkout_started",
        "- checkout",
        "event_type[order_placed]: comes after checkout, which",
    ),
    "a custom property of an event that nothing reads": (
        "orders",
        "property: stage",
        "property: step",
        "event_type[order_placed]: customProperties has 'step'",
    ),
    "a custom property of another enum": (
        "orders",
        "          - value: DE\n",
        "          - value: DE\n            customProperties: [{property: stage, value: visit}]\n",
        "country[DE]: customProperties has 'stage'",
    ),
    "a field of an event that the topic does not have": (
        "inventory",
        "              - stock_sold\n",
        "              - order_placed\n",
        "order_id: is carried by ['order_placed']",
    ),
    "a required field that only some events have": (
        "payments",
        "required: false",
        "required: true",
        "decline_reason: is required, so every event carries it",
    ),
    "an order line's field that only some events have": (
        "orders",
        "                - property: unit\n",
        "                - {property: events, value: [order_placed]}\n                - property: unit\n",
        "has events, which only a field of the event",
    ),
    "a field without a description": (
        "orders",
        "description: What happened.",
        "description: ''",
        "event_type",
    ),
    "a field described twice": (
        "orders",
        "name: session_id",
        "name: order_id",
        "order_id: is described twice",
    ),
    "a name that is no column": ("orders", "name: session_id", "name: sessionId", "snake_case"),
    "a version that is none": ("orders", "version: 1.0.0", "version: latest", "version: 'latest'"),
    "a topic that is not the file's": ("orders", "value: orders\n", "value: order\n", "topic: is 'order'"),
    "a violation that is dropped": ("orders", "value: quarantine", "value: drop", "onViolation"),
    "no grain": (
        "orders",
        "    dataGranularityDescription: one row per",
        "    businessName: one",
        "Granularity",
    ),
    "two objects": ("orders", "schema:\n", "schema:\n  - name: other\n", "schema: holds 2 objects"),
    "YAML that is none": ("orders", "schema:", "schema: [", "is not a document"),
    "a document of another standard": ("orders", "kind: DataContract", "sort: Contract", "is not a document"),
}


@pytest.mark.parametrize(("topic", "old", "new", "says"), SPOILED.values(), ids=list(SPOILED))
def test_a_bad_contract_is_refused(
    spoil: Callable[[str, str, str], Path], topic: str, old: str, new: str, says: str
) -> None:
    """What nothing could enforce is refused, by a message that names the file and what is wrong."""
    with pytest.raises(ContractViolation) as refusal:
        load_contracts(spoil(topic, old, new))
    assert str(refusal.value).startswith(f"{topic}.odcs.yaml: ")
    assert says in str(refusal.value)


def test_the_copies_that_are_spoiled_were_good(spoil: Callable[[str, str, str], Path]) -> None:
    """Control: an innocent change of the same kind is accepted."""
    assert list(load_contracts(spoil("orders", "What happened.", "What came to pass."))) == TOPICS


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """No contract at all is a mistake, not a shop without events."""
    with pytest.raises(ContractViolation, match="point to the folder"):
        load_contracts(tmp_path)
