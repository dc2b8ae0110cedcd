"""Where the search for doubles looks: everywhere where an id of the batch can be, and hardly elsewhere."""

from hypothesis import given
from hypothesis import strategies as st

from stafford.lakehouse.silver.spans import MAX_SPANS, Span, find_spans


def test_near_prefixes_share_a_span_and_a_late_one_has_its_own():
    """An hour of ids and one of years ago are two spans, with the years between them left out."""
    spans = find_spans(["019b7a1", "019b7a2", "019b7a4", "0170000"] + [f"019b{n:03x}" for n in range(40)])
    assert Span("0170000", "0170000") in spans
    assert len(spans) <= MAX_SPANS


def test_no_ids_have_no_spans():
    """A batch whose records have no id at all asks for none."""
    assert find_spans([]) == []


@given(st.lists(st.text(max_size=7), max_size=60))
def test_every_prefix_is_in_a_span(prefixes):
    """Whatever ids begin with: nothing is left out, and there are never more than MAX_SPANS."""
    spans = find_spans(prefixes)
    assert len(spans) <= MAX_SPANS
    for prefix in prefixes:
        assert any(span.first.encode() <= prefix.encode() <= span.last.encode() for span in spans)
    # control: spans that leave one out are noticed
    if prefixes:
        least = min(prefixes, key=str.encode)
        assert not any(span.first.encode() <= least.encode() for span in spans[1:])
