"""Bytes and text from the wire, made safe for a terminal."""

LONGEST = 2_000


def show_bytes(value: bytes | None, longest: int = LONGEST) -> str:
    """Bytes as text in one line, with everything that is not plainly visible written as an escape.

    Whoever sends a record chooses its bytes: an escape sequence could move the cursor, change the title or
    type for the reader, and a mark for right-to-left writing could hide what is there.
    """
    if value is None:
        return "(no body)"
    text = show_text(value[: longest * 4].decode("utf-8", "backslashreplace"), longest)
    return text if len(text) <= longest and len(value) <= longest * 4 else f"{text} ({len(value):,} bytes)"


def show_text(text: str, longest: int = LONGEST) -> str:
    """Text in one line, escaped as `show_bytes` does, and cut where it is too long."""
    shown = "".join(char if char.isprintable() else _escape(char) for char in text[: longest + 1])
    return shown if len(text) <= longest else f"{shown[:longest]}…"


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004  # what two hexadecimal digits can say
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004
