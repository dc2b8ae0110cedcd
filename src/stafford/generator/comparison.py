"""In what two profiles differ, field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stafford.generator.profile import Profile

_ABOUT = {"name", "description"}
_UNITS = ("cents", "days", "h", "minutes", "percent", "s", "units", "weeks")
_MODEL_UNITS: dict[tuple[str, ...], str] = {("purchases", "alpha"): "weeks", ("spend", "v"): "EUR"}
_KEYS = ("name", "at")
"""What tells the members of a list apart: special days have a name, flash sales a time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same in both. values: as the profile has them; None where it has no such field.

    section: where the field is, such as sessions.intents.browse; unit: empty where it has none.
    """

    section: str
    field: str
    unit: str
    values: tuple[Any, Any]


def compare(one: Profile, other: Profile) -> list[Difference]:
    """Every field that differs, in the order of the file. Name and description are not compared.

    What only one of them has is one field, however much is in it.
    """
    trees = [profile.model_dump(mode="json", exclude=_ABOUT) for profile in (one, other)]
    return list(_walk((), trees[0], trees[1]))


def _walk(path: tuple[str, ...], one: Any, other: Any) -> Iterator[Difference]:
    one, other = _index(one), _index(other)
    if one == other:
        return
    if _is_section(one) and _is_section(other):
        names = [*one, *(name for name in other if name not in one)]
        # What a section says itself comes before the sections in it.
        names.sort(key=lambda name: all(_is_section(_index(tree.get(name))) for tree in (one, other)))
        for name in names:
            yield from _walk((*path, name), one.get(name), other.get(name))
    else:
        yield Difference(".".join(path[:-1]), path[-1], _find_unit(path), (one, other))


def _index(value: Any) -> Any:
    """A list whose members have names, as a mapping; everything else as it is."""
    for key in _KEYS:
        if isinstance(value, list) and value and all(isinstance(v, Mapping) and key in v for v in value):
            return {str(member[key]): member for member in value}
    return value


def _is_section(value: Any) -> bool:
    """Whether a field holds fields. From least to most is one value."""
    return isinstance(value, Mapping) and value.keys() != {"least", "most"}


def _find_unit(path: tuple[str, ...]) -> str:
    suffix = path[-1].rpartition("_")[2]
    return suffix if suffix in _UNITS else _MODEL_UNITS.get(path[-2:], "")
