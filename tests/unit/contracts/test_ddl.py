"""The Spark DDL of a contract."""

from stafford.contracts import Contract, spark_ddl, wire_ddl


def test_silver_types(contracts: dict[str, Contract]) -> None:
    """Silver holds instants as timestamps, money as BIGINT and lines as an array of structs."""
    assert spark_ddl(contracts["orders"]) == (
        "`event_id` STRING, `event_type` STRING, `occurred_at` TIMESTAMP, `contract_version` STRING, "
        "`order_id` STRING, `session_id` STRING, `customer_id` STRING, `placed_at` TIMESTAMP, "
        "`country` STRING, `lines` ARRAY<STRUCT<`line_number`: BIGINT, `product_id`: STRING, "
        "`quantity`: BIGINT, `unit_price_cents`: BIGINT, `discount_cents`: BIGINT, "
        "`line_total_cents`: BIGINT>>, `subtotal_cents` BIGINT, `shipping_cents` BIGINT, "
        "`coupon_code` STRING, `coupon_cents` BIGINT, `total_cents` BIGINT, `tax_cents` BIGINT, "
        "`currency` STRING"
    )
    assert "`marketing_consent` BOOLEAN" in spark_ddl(contracts["customers"])


def test_wire_types_differ_only_in_instants(contracts: dict[str, Contract]) -> None:
    """On the wire an instant is text, so that one that cannot be read is told from one that is absent."""
    for contract in contracts.values():
        assert "TIMESTAMP" not in wire_ddl(contract)
        assert wire_ddl(contract) == spark_ddl(contract).replace("TIMESTAMP", "STRING")
