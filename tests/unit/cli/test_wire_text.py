"""What came over the wire is shown, and nothing in it is obeyed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.cli.wire_text import show_bytes


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"name": "Zo\xc3\xab"}', '{"name": "Zoë"}'),
        (b"\x1b]0;owned\x07\x1b[2J", r"\x1b]0;owned\x07\x1b[2J"),
        (b"a\r\nb\tc\x00", r"a\x0d\x0ab\x09c\x00"),
        ("\x9b31m\u202egnp.exe\u200b".encode(), r"\x9b31m\u202egnp.exe\u200b"),
        (b"\xff\xfe", r"\xff\xfe"),
        ("\U000e0041".encode(), r"\U000e0041"),
        (None, "(no body)"),
    ],
)
def test_nothing_is_left_that_a_terminal_obeys(value, shown):
    """Control characters, marks of direction and invisible ones are written as escapes."""
    assert show_bytes(value) == shown


@given(st.binary(max_size=300))
def test_any_bytes_become_printable_text(value):
    """Whatever is sent, what is shown is one line of visible characters."""
    assert show_bytes(value).isprintable()


def test_ten_megabytes_are_cut():
    """With their size, so that nobody takes the part for the whole."""
    shown = show_bytes(b"x" * 10_000_000)
    assert len(shown) < 2_100
    assert shown.endswith("… (10,000,000 bytes)")
