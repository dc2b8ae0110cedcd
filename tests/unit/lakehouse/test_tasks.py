"""How work is dealt out to tasks."""

from stafford.lakehouse.tasks import share_out


def test_the_largest_goes_first_to_whom_has_least() -> None:
    """Two tasks end at about the same time; in the order of the pieces one would have twice the work."""
    pieces = [(50, "a"), (50, "b"), (100, "c"), (100, "d")]
    shares = share_out(pieces, 2)
    loads = sorted(sum(size for size, name in pieces if name in share) for share in shares)
    assert loads == [150, 150]
    assert sorted(name for share in shares for name in share) == ["a", "b", "c", "d"]


def test_no_share_is_empty() -> None:
    """A task without work is a round trip for nothing."""
    assert share_out([(1, "a")], 4) == [["a"]]
    assert share_out([], 4) == []
