"""Texts that are put together from words, for the few events that carry them: people, goods, opinions."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from orjson import dumps

from stafford.generator.compiled import BLOCK
from stafford.generator.draft import Draft
from stafford.generator.fragments import Bytes
from stafford.generator.goods import write_goods
from stafford.generator.layout import NOTHING, Form
from stafford.generator.opinions import write_titles
from stafford.generator.people import write_people
from stafford.generator.vocabulary import COUNTRIES, SUBCATEGORIES

Texts = Mapping[str, list[str | None]]
Rewording = tuple[int, str, Callable[[str], str]]
"""Place of an event, a field of it, and how its text is changed."""


def find_texts(draft: Draft) -> Texts:
    """The texts of each event, by field; none for topics without any."""

    def read(column: str) -> list[int]:
        return draft.column(column).tolist()

    if draft.topic == "customers":
        countries = [COUNTRIES[place] for place in read("country")]
        people = write_people(read("customer"), countries, read("name"), read("city"), read("address"))
        return {
            "full_name": [person.full_name for person in people],
            "email": [person.email for person in people],
            "city": [person.city for person in people],
        }
    if draft.topic == "products":
        subcategories = [SUBCATEGORIES[place] for place in read("subcategory")]
        group, product = draft.column("group"), draft.column("product")
        numbers = np.where(group == NOTHING, product, group).tolist()
        goods = write_goods(numbers, subcategories, read("name"))
        return {"name": [good.name for good in goods], "brand": [good.brand for good in goods]}
    if draft.topic == "reviews":
        return {"title": list(write_titles(read("rating"), read("title")))}
    return {}


def write_texts(draft: Draft, rewordings: Iterable[Rewording] = ()) -> tuple[Bytes, NDArray[np.int64]]:
    """The same as JSON, one after the other, and [field, event, (start, length)]."""
    texts = find_texts(draft)
    for place, name, reword in rewordings:
        text = texts[name][place]
        texts[name][place] = None if text is None else reword(text)
    fields = [field.name for field in draft.layout.fields if field.form is Form.TEXT]
    written = [list(_write(texts[name])) for name in fields]
    lengths = np.array([[len(text) for text in column] for column in written], np.int64).reshape(
        len(fields), len(draft)
    )
    starts = (np.cumsum(lengths.ravel()) - lengths.ravel()).reshape(lengths.shape)
    pool = np.frombuffer(b"".join(text for column in written for text in column) + bytes(BLOCK), np.uint8)
    return pool, np.stack([starts, lengths], axis=2)


def _write(texts: list[str | None]) -> Iterator[bytes]:
    for text in texts:
        yield b"" if text is None else dumps(text)
