"""What retention took is named by partition and offset."""

import pytest

from stafford.jobs.kafka_to_bronze import Gap, describe, find_gaps


def test_a_gap_is_what_lies_between_bronze_and_the_start_of_the_log() -> None:
    """A partition of which bronze has nothing begins at 0."""
    stands = {"orders": {0: 10, 1: 5}}
    starts = {"orders": {0: 12, 1: 5, 2: 0}, "clickstream": {0: 3}}
    assert find_gaps([stands], starts) == [Gap("clickstream", 0, 0, 2), Gap("orders", 0, 10, 11)]


@pytest.mark.parametrize("start", [0, 9, 10])
def test_a_log_that_begins_before_or_where_bronze_stands_has_no_gap(start: int) -> None:
    """Negative control."""
    assert find_gaps([{"orders": {0: 10}}], {"orders": {0: start}}) == []


def test_a_person_reads_how_many_and_where() -> None:
    """All are counted, and the first few are named."""
    assert describe([Gap("orders", 0, 1_000, 2_499)]) == "1,500 records (orders/0 offsets 1,000 to 2,499)"
    many = describe([Gap("orders", partition, 0, 9) for partition in range(8)])
    assert many.startswith("80 records (orders/0 ")
    assert many.endswith(" and 3 partitions more)")
