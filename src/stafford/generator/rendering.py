"""Bodies: one JSON object for each event, with exactly the fields of its contract, written by compiled code.

Fields that an event does not have are left out. What the mess does to a body is done while it is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from orjson import dumps

from stafford.generator import text
from stafford.generator.compiled import BLOCK, copy_block, kernel
from stafford.generator.defects import Action, list_changes
from stafford.generator.draft import Draft
from stafford.generator.fragments import Bytes, Fragments
from stafford.generator.layout import (
    DEFECT,
    KEY,
    LAYOUTS,
    LINE_FIELDS,
    MOST_LINES,
    NOTHING,
    OCCURRED,
    Field,
    Form,
    Layout,
)  # fmt: skip
from stafford.generator.mess_profile import DEFECTS, Defect
from stafford.generator.randomness import Ints, derive_one, name_stream
from stafford.generator.rewording import REWORDINGS
from stafford.generator.spoiling import pad, put_comma, raise_text, spoil_whole
from stafford.generator.wording import Rewording, write_texts

_OPS = np.uint64(name_stream("what a defect does"))
_LINE = 100  # fields of the first line are numbered from here
_LINES_AT_ONCE = 8192  # as many as stay in a processor's cache
_MOST_LINE = 256  # bytes of a line of an order
_MOST_TEXT = 256

_EVENT_ID, _WORD, _INTEGER, _INSTANT, _CODE, _NUMBER, _FLAG, _TEXT, _LINES, _CONSTANT = (int(f) for f in Form)
_DROP, _PLACE, _QUOTE, _PAD, _RAISE = Action.DROP, Action.PLACE, Action.QUOTE, Action.PAD, Action.RAISE
_COMMA, _EXTEND = Action.COMMA, Action.EXTEND
_MALFORM = Action.MALFORM


@dataclass(frozen=True, slots=True)
class Plan:
    """A layout as compiled code reads it.

    fields: [form, column, digits, fragment before the value, first word, index among the texts].
    changes: [action, field, fragment] of every way to spoil a body, and `of_defect` [first, how many] for
    each defect. reasons: beside `changes`.
    """

    pool: Bytes
    parts: Ints
    fields: Ints
    line_heads: Ints
    changes: Ints
    of_defect: Ints
    reasons: tuple[str | None, ...]
    most: int


@lru_cache(maxsize=16)
def plan(topic: str) -> Plan:
    """Lay out the fragments of a topic."""
    layout = LAYOUTS[topic]
    fragments = Fragments()
    fields, texts = [], 0
    for place, field in enumerate(layout.fields):
        before = fragments.add(_open(field, first=place == 0))
        first_word = -1
        for word in field.words:
            number = fragments.add(dumps(word))
            first_word = number if first_word < 0 else first_word
        column = layout.find(field.column) if field.column else 0
        fields.append([field.form, column, field.digits, before, first_word, texts])
        texts += field.form is Form.TEXT
    line_heads = [fragments.add(_open_line(name, place)) for place, name in enumerate(LINE_FIELDS)]
    changes, of_defect, reasons = _plan_changes(layout, fragments)
    pool, parts = fragments.freeze()
    words = [max((len(dumps(w)) for w in field.words), default=0) for field in layout.fields]
    most = int(sum(parts[f[3], 1] for f in fields)) + sum(words) + len(fields) * (BLOCK + 8) + 512
    most += texts * _MOST_TEXT
    return Plan(
        pool, parts, np.array(fields, np.int64), np.array(line_heads, np.int64), changes, of_defect, reasons,
        most,
    )  # fmt: skip


def _open(field: Field, *, first: bool) -> bytes:
    quoted = field.form in {Form.EVENT_ID, Form.INSTANT, Form.CODE, Form.NUMBER}
    return f'{"{" if first else ","}"{field.name}":{chr(34) * quoted}{field.prefix}'.encode()


def _open_line(name: str, place: int) -> bytes:
    return f'{"{" if place == 0 else ","}"{name}":{chr(34) + "p-" if name == "product_id" else ""}'.encode()


def _plan_changes(layout: Layout, fragments: Fragments) -> tuple[Ints, Ints, tuple[str | None, ...]]:
    numbers = {field.name: place for place, field in enumerate(layout.fields)}
    numbers |= {f"lines.{name}": _LINE + place for place, name in enumerate(LINE_FIELDS)}
    rows: list[list[int]] = []
    reasons: list[str | None] = []
    of_defect = []
    for defect in Defect:
        first = len(rows)
        for change in list_changes(defect, layout.topic):
            value = fragments.add(change.value)
            rows.append([change.action, numbers.get(change.field, -1), value])
            reasons.append(change.reason)
        of_defect.append([first, len(rows) - first])
    return np.array(rows, np.int64), np.array(of_defect, np.int64), tuple(reasons)


@dataclass(frozen=True, slots=True)
class Bodies:
    """Bodies one after the other: body i is data[ends[i - 1] : ends[i]]."""

    data: Bytes
    ends: Ints

    def to_arrow(self) -> pa.Array:
        """As binary values, without a copy of the bytes."""
        offsets = np.zeros(len(self.ends) + 1, np.int32)
        offsets[1:] = self.ends
        return pa.BinaryArray.from_buffers(
            pa.binary(), len(self.ends), [None, pa.py_buffer(offsets), pa.py_buffer(self.data)]
        )


def choose_changes(draft: Draft) -> Ints:
    """Which of the plan's changes each event gets; NOTHING for a body that stays as it is."""
    of_topic = plan(draft.topic)
    return _choose_changes(draft.rows, of_topic.of_defect)


def render(draft: Draft) -> Bodies:
    """Write the body of each event of a draft, spoilt where it has a defect."""
    chosen = choose_changes(draft)
    data = np.empty(_find_room(draft, chosen), np.uint8)
    ends = np.empty(len(draft), np.int64)
    end = _render(draft, chosen, 0, len(draft), data, ends, -1)
    return Bodies(data[:end], ends)


def render_lines(draft: Draft) -> Iterator[Bytes]:
    """Write bodies a line each, some thousands at a time; a piece is gone when the next one is asked for."""
    chosen = choose_changes(draft)
    data = np.empty(0, np.uint8)
    ends = np.empty(len(draft), np.int64)
    for start in range(0, len(draft), _LINES_AT_ONCE):
        end = min(start + _LINES_AT_ONCE, len(draft))
        room = _find_room(Draft(draft.topic, draft.rows[start:end]), chosen[start:end])
        if room > len(data):
            data = np.empty(room, np.uint8)
        yield data[: _render(draft, chosen, start, end, data, ends, ord("\n"))]


def _find_room(draft: Draft, chosen: Ints) -> int:
    of_topic = plan(draft.topic)
    lines = int(draft.column("lines").sum()) if draft.topic == "orders" else 0
    placed = int(of_topic.parts[of_topic.changes[chosen[chosen >= 0], 2], 1].sum())
    return len(draft) * of_topic.most + lines * _MOST_LINE + placed + BLOCK


def _render(draft: Draft, chosen: Ints, start: int, end: int, data: Bytes, ends: Ints, ending: int) -> int:
    of_topic = plan(draft.topic)
    piece = Draft(draft.topic, draft.rows[start:end])
    texts, places = write_texts(piece, _find_rewordings(piece, chosen[start:end]))
    return _write(
        draft.rows, start, end, chosen, of_topic.fields, of_topic.parts, of_topic.pool,
        of_topic.line_heads, of_topic.changes, places, texts, ending, data, ends,
    )  # fmt: skip


def _find_rewordings(draft: Draft, chosen: Ints) -> list[Rewording]:
    """Which event's field is written otherwise, and how."""
    if not any(field.form is Form.TEXT for field in draft.layout.fields):
        return []
    of_topic = plan(draft.topic)
    spoilt = np.flatnonzero(chosen >= 0)
    reworded = spoilt[of_topic.changes[chosen[spoilt], 0] == Action.REWORD]
    names = [draft.layout.fields[number].name for number in of_topic.changes[chosen[reworded], 1]]
    ways = [REWORDINGS[DEFECTS[defect]] for defect in draft.rows[reworded, DEFECT]]
    return list(zip(reworded.tolist(), names, ways, strict=True))


@kernel
def _choose_changes(rows: Ints, of_defect: Ints) -> Ints:
    chosen = np.full(len(rows), NOTHING, np.int64)
    for row in range(len(rows)):
        defect = rows[row, DEFECT]
        if defect > 0 and of_defect[defect, 1] > 0:
            dice = derive_one(np.uint64(rows[row, KEY]), _OPS, 0) >> np.uint64(8)
            chosen[row] = of_defect[defect, 0] + int(dice % np.uint64(of_defect[defect, 1]))
    return chosen


@kernel
def _copy(out: Bytes, at: int, pool: Bytes, start: int, length: int) -> int:
    copy_block(out, at, pool, start)
    done = BLOCK
    while done < length:
        copy_block(out, at + done, pool, start + done)
        done += BLOCK
    return at + length


@kernel
def _write_lines(  # noqa: C901, PLR0912 - one branch for each field
    out: Bytes, at: int, row: Ints, column: int, heads: Ints, parts: Ints, pool: Bytes, action: int,
    target: int, value: int,
) -> int:  # fmt: skip
    out[at] = ord("[")
    at += 1
    for line in range(row[column]):
        if line > 0:
            out[at] = ord(",")
            at += 1
        base = len(row) - 4 * MOST_LINES + 4 * line
        quantity, price, discount = row[base + 1], row[base + 2], row[base + 3]
        for place in range(6):
            act = action if (line == 0 and target == _LINE + place) else 0
            if act == _DROP:
                continue
            head = parts[heads[place], 0], parts[heads[place], 1]
            is_product = place == 1
            # A product's fragment ends with a quote and "p-", which belong to the value.
            length = head[1] - (3 if is_product and act == _PLACE else 0)
            at = _copy(out, at, pool, head[0], length)
            if act == _PLACE:
                at = _copy(out, at, pool, parts[value, 0], parts[value, 1])
                continue
            if act == _QUOTE:
                out[at] = ord('"')
                at += 1
            if place == 0:
                at = text.put_integer(out, at, line + 1)
            elif is_product:
                at = text.put_padded(out, at, row[base], 5)
                out[at] = ord('"')
                at += 1
            elif place == 2:  # noqa: PLR2004
                at = text.put_integer(out, at, quantity)
            elif place == 3:  # noqa: PLR2004
                at = text.put_integer(out, at, price)
            elif place == 4:  # noqa: PLR2004
                at = text.put_integer(out, at, discount)
            else:
                at = text.put_integer(out, at, quantity * price - discount)
            if act == _QUOTE:
                out[at] = ord('"')
                at += 1
        out[at] = ord("}")
        at += 1
    out[at] = ord("]")
    return at + 1


@kernel
def _write(  # noqa: C901, PLR0912, PLR0915 - one branch for each form
    rows: Ints, first: int, last: int, chosen: Ints, fields: Ints, parts: Ints, pool: Bytes,
    line_heads: Ints, changes: Ints, places: NDArray[np.int64], texts: Bytes, ending: int, out: Bytes,
    ends: Ints,
) -> int:  # fmt: skip
    at = 0
    for index in range(first, last):
        row = rows[index]
        start = at
        action, target, value = 0, -1, -1
        if chosen[index] >= 0:
            change = changes[chosen[index]]
            action, target, value = change[0], change[1], change[2]
            if action in (_PAD, _RAISE) and row[fields[target, 1]] == NOTHING:
                for other in range(len(changes)):
                    if changes[other, 0] == action:
                        target = changes[other, 1]
                        break
        is_first = True
        for number in range(len(fields)):
            form, held = fields[number, 0], row[fields[number, 1]]
            acts = action if number == target else 0
            if acts == _DROP or (held == NOTHING and form not in (_EVENT_ID, _CONSTANT, _CODE)):
                continue
            if form == _CODE and held == NOTHING:
                continue
            head, length = parts[fields[number, 3], 0], parts[fields[number, 3], 1]
            if acts == _PLACE:
                # The fragment may end with the beginning of the value; the name ends with its colon.
                colon = length
                while pool[head + colon - 1] != ord(":"):
                    colon -= 1
                at = _copy(out, at, pool, head, colon)
                at = _copy(out, at, pool, parts[value, 0], parts[value, 1])
                is_first = False
                continue
            opened = at
            at = _copy(out, at, pool, head, length)
            if is_first:
                out[opened] = ord("{")
                is_first = False
            begins = at
            if acts == _QUOTE:
                out[at] = ord('"')
                at += 1
            if form == _WORD:
                word = fields[number, 4] + held
                at = _copy(out, at, pool, parts[word, 0], parts[word, 1])
            elif form == _INTEGER:
                at = text.put_integer(out, at, held)
            elif form == _NUMBER:
                at = text.put_padded(out, at, held, fields[number, 2])
                out[at] = ord('"')
                at += 1
            elif form == _CODE:
                at = text.put_code(out, at, np.uint64(held))
                out[at] = ord('"')
                at += 1
            elif form == _INSTANT:
                at = text.put_instant(out, at, held)
                out[at] = ord('"')
                at += 1
            elif form == _EVENT_ID:
                at = text.put_event_id(out, at, row[OCCURRED], np.uint64(row[KEY]))
                out[at] = ord('"')
                at += 1
            elif form == _CONSTANT:
                word = fields[number, 4]
                at = _copy(out, at, pool, parts[word, 0], parts[word, 1])
            elif form == _FLAG:
                word = b"true" if held else b"false"
                for place in range(len(word)):
                    out[at + place] = word[place]
                at += len(word)
            elif form == _TEXT:
                spot = fields[number, 5]
                at = _copy(out, at, texts, places[spot, index - first, 0], places[spot, index - first, 1])
            else:
                at = _write_lines(
                    out, at, row, fields[number, 1], line_heads, parts, pool, action, target, value
                )
            if acts == _QUOTE:
                out[at] = ord('"')
                at += 1
            elif acts == _PAD:
                at = pad(out, begins, at)
            elif acts == _RAISE:
                raise_text(out, begins, at)
            elif acts == _COMMA:
                at = put_comma(out, begins, at)
        if action == _EXTEND:
            at = _copy(out, at, pool, parts[value, 0], parts[value, 1])
        out[at] = ord("}")
        at += 1
        if action >= _MALFORM:
            at = spoil_whole(out, start, at, action, derive_one(np.uint64(row[KEY]), _OPS, 1))
        if ending >= 0:
            out[at] = ending
            at += 1
        ends[index] = at
    return at
