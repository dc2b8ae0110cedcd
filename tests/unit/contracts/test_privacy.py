"""Personal data is classified where it is described."""

import re
from collections.abc import Callable
from pathlib import Path

from stafford.contracts import Contract, load_contracts

PERSONAL = re.compile(
    r"(first|last|full)_?name|e?mail|phone|street|address|city|postcode|birth|(^|_)ip|customer_id|session_id"
)
"""Names of fields that are about a person: what they say, or a pseudonym that leads to them."""


def unclassified(contracts: dict[str, Contract]) -> list[str]:
    """Fields that look personal by name and carry no kind of personal data."""
    return [
        f"{topic}.{field.name}"
        for topic, contract in contracts.items()
        for array in contract.fields
        for field in (array, *array.items)
        if PERSONAL.search(field.name) and field.pii is None
    ]


def test_what_looks_personal_is_classified(contracts: dict[str, Contract]) -> None:
    """Names, addresses, customers and sessions are personal wherever they occur."""
    assert unclassified(contracts) == []
    assert contracts["customers"].field("full_name").pii == "name"
    assert contracts["clickstream"].field("session_id").pii == "pseudonym"


def test_an_unclassified_field_is_found(spoil: Callable[[str, str, str], Path]) -> None:
    """Negative control: a city that lost its classification is named."""
    classified = "        classification: personal\n        customProperties:\n"
    pii = "          - property: pii\n            value: location\n"
    folder = spoil("customers", f"{classified}{pii}", "        customProperties:\n")
    assert unclassified(load_contracts(folder)) == ["customers.city"]
