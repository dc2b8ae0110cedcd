"""The reasons that a contract gives quarantine."""

from stafford.contracts import Contract, reasons


def test_reasons_of_one_field(contracts: dict[str, Contract]) -> None:
    """A field has a reason for each rule that it states, and none for a rule that it does not."""
    found = [reason for reason in reasons(contracts["customers"]) if reason.endswith(":city")]
    assert found == ["wrong_type:city", "bad_format:city"]
    found = [reason for reason in reasons(contracts["orders"]) if reason.endswith(":occurred_at")]
    assert [reason.partition(":")[0] for reason in found] == [
        "required",
        "wrong_type",
        "bad_format",
        "out_of_range",
        "too_far_ahead",
    ]


def test_a_field_of_a_line_is_dotted(contracts: dict[str, Contract]) -> None:
    """A broken line is told from a broken order."""
    found = reasons(contracts["orders"])
    assert "out_of_range:lines" in found
    assert "out_of_range:lines.quantity" in found
    assert "out_of_range:quantity" not in found


def test_every_topic_can_have_an_unreadable_body(contracts: dict[str, Contract]) -> None:
    """Some reasons concern the body and no field."""
    for contract in contracts.values():
        assert reasons(contract)[:3] == ("empty_body", "not_utf8", "malformed_json")
