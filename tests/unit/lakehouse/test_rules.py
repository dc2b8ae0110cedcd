"""Silver's rules are derived from the contracts, and leave none of their reasons out."""

import re
from pathlib import Path

import pytest

from stafford.contracts import load_contracts
from stafford.contracts.reasons import reasons as foretold
from stafford.lakehouse.silver.parsing import NO_CONTRACT
from stafford.lakehouse.silver.rules import literal, reasons

CONTRACTS = load_contracts(Path(__file__).parents[3] / "contracts")
WHOLE_BODY = {"empty_body", "not_utf8", "malformed_json", NO_CONTRACT}


@pytest.mark.parametrize("topic", CONTRACTS)
def test_silver_gives_exactly_the_reasons_that_the_reference_names(topic):
    """What the contracts' page promises and what the SQL can say are the same set."""
    sql = reasons(CONTRACTS[topic], "body", "text", "arrived_at")
    given = set(re.findall(r"THEN '([a-z_]+:[a-z_.]+)'", sql))
    assert given == set(foretold(CONTRACTS[topic])) - WHOLE_BODY


def test_literals_cannot_be_left():
    """A quote or a backslash in a pattern stays inside its literal."""
    assert literal(r"^\d'+$") == r"'^\\d\'+$'"
