"""What the mess does to a text that was written: in place, by compiled code."""

import numpy as np

from stafford.generator.compiled import kernel
from stafford.generator.defects import Action
from stafford.generator.fragments import Bytes

_MALFORM, _TRUNCATE, _EMPTY, _BREAK = Action.MALFORM, Action.TRUNCATE, Action.EMPTY, Action.BREAK_ENCODING


@kernel
def raise_text(out: Bytes, start: int, end: int) -> None:
    """ASCII letters become capitals."""
    for place in range(start, end):
        if ord("a") <= out[place] <= ord("z"):
            out[place] -= 32


@kernel
def pad(out: Bytes, start: int, end: int) -> int:
    """Two spaces after the opening quote of a text, one before the closing one."""
    for place in range(end - 2, start, -1):
        out[place + 2] = out[place]
    out[start + 1] = ord(" ")
    out[start + 2] = ord(" ")
    out[end + 1] = ord(" ")
    out[end + 2] = ord('"')
    return end + 3


@kernel
def put_comma(out: Bytes, start: int, end: int) -> int:
    """Cents that were written, as the text of a number with two digits behind a comma: 1250 is "12,50"."""
    last = start + max(end - start, 3) + 2
    source = end - 1
    out[last] = ord('"')
    for place in range(last - 1, start, -1):
        if place == last - 3:
            out[place] = ord(",")
            continue
        out[place] = out[source] if source >= start else ord("0")
        source -= 1
    out[start] = ord('"')
    return last + 1


@kernel
def spoil_whole(out: Bytes, start: int, at: int, action: int, dice: np.uint64) -> int:
    """Do to a body what concerns all of it; returns where it ends."""
    if action == _EMPTY:
        return start
    if action == _MALFORM:
        for place in range(start, at):
            if out[place] == ord(":"):
                out[place] = ord("=")
                break
    elif action == _TRUNCATE:
        cut = start + 1 + int(dice % np.uint64(at - start - 1))
        while out[cut] & 0xC0 == 0x80:  # noqa: PLR2004 - between characters, so that what is left is still UTF-8
            cut -= 1
        at = cut
    elif action == _BREAK:
        for place in range(at - 1, start + 2, -1):
            out[place + 2] = out[place]
        out[start + 3] = 0xFF
        out[start + 4] = 0xFE
        at += 2
    return at
