"""What changed between two sets of contracts, and whether what was sent and stored before still fits.

Compatible means: every record that fits the old contract fits the new one, and silver takes it in the tables
that are there. So a contract may be widened, and never narrowed. Readers of silver may meet something new
after a compatible change, such as a value that they do not know; such a change says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stafford.contracts.model import Contract, Field

READERS = "readers of silver may meet it: look at the models that use the field"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    field: a dotted path, or None for the contract itself; then: what to do, or to look at.
    """

    topic: str
    field: str | None
    what: str
    then: str
    is_breaking: bool

    @property
    def place(self) -> str:
        """The contract, and the field where it concerns one."""
        return self.topic if self.field is None else f"{self.topic}.{self.field}"

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" + (f"; {self.then}" if self.then else "")


def compare(old: Mapping[str, Contract], new: Mapping[str, Contract]) -> list[Change]:
    """Every difference that a record or a table can tell; texts and examples are none.

    Returns:
        The changes, topic by topic in the old order and then the new topics, fields in the contract's order.
    """
    changes: list[Change] = []
    for topic, contract in old.items():
        if topic not in new:
            changes.append(_broken(topic, None, "the contract is gone", "put the file back"))
        else:
            changes += _compare_contracts(contract, new[topic])
    added = [topic for topic in new if topic not in old]
    return [*changes, *(_allowed(topic, None, "a new topic", "") for topic in added)]


def _compare_contracts(old: Contract, new: Contract) -> Iterator[Change]:
    topic = old.topic
    if old.key != new.key:
        what = f"the key was {old.key} and is {new.key}"
        yield _broken(topic, None, what, "events of one story would change their order; keep the key")
    yield from _compare_fields(topic, old.fields, new.fields, "")


def _compare_fields(
    topic: str, old: tuple[Field, ...], new: tuple[Field, ...], parent: str
) -> Iterator[Change]:
    before, after = ({field.name: field for field in fields} for fields in (old, new))
    for field in old:
        path = f"{parent}{field.name}"
        if field.name not in after:
            heir = next((f for f in new if f.name not in before and _is_alike(f, field)), None)
            if heir is None:
                then = "keep it, with required: false when it is no longer sent"
                yield _broken(topic, path, "the field was removed", then)
            else:
                then = f"keep {field.name}, and add {heir.name} beside it with required: false"
                yield _broken(topic, path, f"the field was renamed to {heir.name}", then)
        else:
            yield from _compare_field(topic, path, field, after[field.name])
    for field in new:
        if field.name in before:
            continue
        if field.required:
            then = "records without it are under way and in the lake; add it with required: false"
            yield _broken(topic, f"{parent}{field.name}", "the field is new and required", then)
        else:
            yield _allowed(topic, f"{parent}{field.name}", "a new optional field", "")


def _is_alike(one: Field, other: Field) -> bool:
    """Whether a field that came may be one that went, under another name."""
    return one.type == other.type and (
        one.description == other.description or (one.example == other.example and one.example is not None)
    )


def _compare_field(topic: str, path: str, old: Field, new: Field) -> Iterator[Change]:
    if old.type != new.type:
        then = "add a field of another name with the new type, and required: false"
        yield _broken(topic, path, f"the type was {old.type} and is {new.type}", then)
        return
    if old.required != new.required:
        if new.required:
            yield _broken(topic, path, "the field is required now", "leave it at required: false")
        else:
            yield _allowed(topic, path, "the field may be absent now", READERS)
    if old.unit != new.unit:
        then = "the same number would mean something else; add a field of another name"
        yield _broken(topic, path, f"the unit was {old.unit} and is {new.unit}", then)
    if old.unique != new.unique:
        yield _wider(topic, path, "uniqueness", old.unique, new.unique, is_wider=old.unique)
    if old.pii != new.pii:
        yield _allowed(topic, path, f"pii was {old.pii} and is {new.pii}", "look at who may see it")
    yield from _compare_rules(topic, path, old, new)
    yield from _compare_fields(topic, old.items, new.items, f"{path}.")


def _compare_rules(topic: str, path: str, old: Field, new: Field) -> Iterator[Change]:
    for name, is_lower in (("minimum", True), ("min_items", True), ("maximum", False), ("max_items", False),
                           ("max_length", False), ("max_ahead_of_arrival", False)):  # fmt: skip
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            is_wider = now is None or (was is not None and (now < was if is_lower else now > was))
            yield _wider(topic, path, name.replace("_", " "), was, now, is_wider=is_wider)
    if old.pattern != new.pattern:
        # Whether one regular expression takes all that another one takes is nothing to be decided here.
        yield _wider(topic, path, "the pattern", old.pattern, new.pattern, is_wider=new.pattern is None)
    if set(old.enum) != set(new.enum):
        gone = [value for value in old.enum if value not in new.enum]
        came = [value for value in new.enum if value not in old.enum]
        if new.enum and (gone or not old.enum):
            what = f"the enum has no {', '.join(gone)} any more" if gone else "an enum is new"
            yield _broken(topic, path, what, "keep the old values; they are in records already")
        else:
            what = f"the enum has {', '.join(came)} now" if came else "any value is allowed now"
            yield _allowed(topic, path, what, READERS)
    if old.repair != new.repair:
        # A value that passed after a repair need not pass without it.
        is_wider = new.repair[: len(old.repair)] == old.repair
        yield _wider(topic, path, "the repair", old.repair, new.repair, is_wider=is_wider)


def _wider(topic: str, path: str, rule: str, was: object, now: object, *, is_wider: bool) -> Change:
    what = f"{rule} was {_say(was)} and is {_say(now)}"
    if is_wider:
        return _allowed(topic, path, what, READERS)
    return _broken(topic, path, what, "what was allowed would be refused; keep the old rule or loosen it")


def _say(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _broken(topic: str, field: str | None, what: str, then: str) -> Change:
    return Change(topic, field, what, then, is_breaking=True)


def _allowed(topic: str, field: str | None, what: str, then: str) -> Change:
    return Change(topic, field, what, then, is_breaking=False)
