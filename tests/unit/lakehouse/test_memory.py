"""What silver remembers, compared with plain sets."""

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from stafford.domain.lake import Lake
from stafford.lakehouse.commits import append
from stafford.lakehouse.silver.memory import Memory, _Known, _Ranges
from stafford.lakehouse.tables import ARRIVALS, create_tables

NUMBERS = st.lists(st.integers(0, 60), max_size=20)


@given(st.lists(NUMBERS, max_size=6))
def test_ranges_are_a_set(portions):
    """Whatever is added in whatever order is contained, and nothing else."""
    ranges = _Ranges()
    for portion in portions:
        ranges.add(np.array(portion, dtype=np.int64))
    everything = np.arange(-1, 62)
    expected = np.isin(everything, [number for portion in portions for number in portion])
    assert np.array_equal(ranges.contain(everything), expected)


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=12), max_size=6))
def test_known_hashes_are_a_set_of_pairs(portions):
    """Upper halves that collide, at the end of a run too, do not make two pairs one."""
    known = _Known()
    for portion in portions:
        pairs = np.array(portion, dtype=np.uint64).reshape(-1, 2)
        known.add(pairs[:, 0], pairs[:, 1])
    asked = np.array([(high, low) for high in range(6) for low in range(11)], dtype=np.uint64)
    expected = {pair for portion in portions for pair in portion}
    found = known.contains(asked[:, 0], asked[:, 1])
    assert [tuple(pair) in expected for pair in asked.tolist()] == found.tolist()


def arrive(*offsets: int, source: str = "kafka") -> pa.Table:
    rows = [
        {
            "identity": f"orders/{source}-{n}",
            "topic": "orders",
            "_source": source,
            "_partition": 1,
            "_offset": n,
        }
        for n in offsets
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(ARRIVALS.items()))


@pytest.fixture
def arrivals(tmp_path) -> str:
    lake = Lake(str(tmp_path))
    create_tables(lake, [])
    return lake.arrivals


def test_it_is_made_of_arrivals(arrivals):
    """At a start, and again where somebody else wrote the table."""
    append(arrivals, arrive(1, 2, 3))
    memory = Memory(arrivals)
    memory.refresh()
    asked = arrive(2, 4)
    assert memory.knows(asked["identity"]).tolist() == [True, False]
    assert memory.has_judged(asked).tolist() == [True, False]
    append(arrivals, arrive(4))
    assert memory.knows(asked["identity"]).tolist() == [True, False]
    memory.refresh()
    assert memory.knows(asked["identity"]).tolist() == [True, True]


def test_its_own_rows_are_not_read_again(arrivals):
    """What `add` was told is known, and the table is read again only after another's commit."""
    memory = Memory(arrivals)
    memory.refresh()
    append(arrivals, arrive(7))
    memory.add(arrive(7))
    DeltaTable(arrivals).delete()  # a read would now find nothing
    memory._version += 1  # noqa: SLF001  # the deletion is taken for ours
    memory.refresh()
    assert memory.knows(arrive(7)["identity"]).all()


def test_a_position_is_one_of_its_own_log(arrivals):
    """The same offset in another source is another record."""
    append(arrivals, arrive(5))
    memory = Memory(arrivals)
    memory.refresh()
    both = pa.concat_tables([arrive(5, source="segment-1"), arrive(5)])
    assert memory.has_judged(both).tolist() == [False, True]
