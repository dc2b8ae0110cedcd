"""The file that says what is to become of quarantined records."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from stafford.contracts import Contract
from stafford.contracts import Field as ContractField
from stafford.contracts.reasons import RULES, UNREADABLE
from stafford.errors import ConfigError
from stafford.lakehouse.silver.body import NO_CONTRACT

JSON_TYPES = {"string": str, "timestamp": str, "integer": int, "boolean": bool}
"""What a value must be in Python to be written as a field of that type."""

Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Selection(_Strict):
    """Which records a rule may touch: those of a topic with this reason, and with this field in it."""

    topic: Text
    reason: Text
    field: Text | None = None
    """A field of the topic, or `lines.quantity` for one of each item; absent for an unreadable body."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.reason in RULES and self.field is None:
            raise ValueError(f"{self.reason} concerns one field; name it with field:")
        if self.reason in {*UNREADABLE, NO_CONTRACT} and self.field is not None:
            raise ValueError(f"{self.reason} concerns the whole body; take field: away")
        if self.reason not in {*RULES, *UNREADABLE, NO_CONTRACT}:
            raise ValueError(f"reason is none of {', '.join([*RULES, *UNREADABLE, NO_CONTRACT])}")
        return self

    @property
    def code(self) -> str:
        """The reason as quarantine writes it."""
        return self.reason if self.field is None else f"{self.reason}:{self.field}"


class Rename(_Strict):
    """Where the value stands now."""

    source: Annotated[Text, Field(alias="from")]


class Drop(_Strict):
    """Why the records are given up."""

    because: Annotated[str, Field(min_length=10)]


class Rule(_Strict):
    """One selection, and exactly one thing to do with the selected field or record."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    where: Selection
    rename: Rename | None = None
    """The field takes the value of another one, which goes."""
    cast: Literal["string", "integer", "boolean", "timestamp"] | None = None
    """The value is written as that type, when that loses nothing."""
    default: StrictBool | StrictInt | StrictStr | None = None
    """The value to put where there is none, or where the reason refuses the one that is there."""
    drop: Drop | None = None
    revalidate: Literal[True] | None = None
    """Change nothing, and judge by the contract as it is now."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        chosen = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise ValueError(f"give exactly one of {', '.join(ACTIONS)}; found {', '.join(chosen) or 'none'}")
        if self.where.field is None and chosen[0] in CHANGES:
            raise ValueError(
                f"{chosen[0]} changes one field, and {self.where.reason} names none; drop or revalidate"
            )
        if self.default is not None and "." in (self.where.field or "") and self.where.reason != "required":
            raise ValueError("default inside an array can only fill what is absent: reason: required")
        return self

    def selects(self, topic: str, reasons: Iterable[str]) -> bool:
        """Whether the rule may touch a record of that topic with those reasons."""
        return topic == self.where.topic and self.where.code in reasons

    @property
    def action(self) -> str:
        """The one of ACTIONS that it is."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    def to_json(self) -> str:
        """The rule, whole, for the history of the records that it touched."""
        return self.model_dump_json(exclude_none=True, by_alias=True)


CHANGES = ("rename", "cast", "default")
ACTIONS = (*CHANGES, "drop", "revalidate")


class RuleFile(_Strict):
    """Rules, applied in their order."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


def load_rules(path: Path, contracts: Mapping[str, Contract]) -> tuple[Rule, ...]:
    """Read a rule file, and check it against the contracts as they are now.

    Raises:
        ConfigError: the file cannot be read, is not such a file, or a rule means nothing for its topic; the
            message names the file, the rule and what is allowed.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        rules = RuleFile.model_validate(document).rules
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"{path} cannot be read as YAML ({exc}); correct it") from exc
    except ValidationError as exc:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in error['loc']) or 'the file'}: "
            f"{error['msg'].removeprefix('Value error, ')}"
            for error in exc.errors()
        )
        raise ConfigError(
            f"{path} is not a rule file: {problems}; see docs/reference/quarantine-rules.md"
        ) from exc
    names = [rule.name for rule in rules]
    for rule in rules:
        if names.count(rule.name) > 1:
            raise ConfigError(f"{path}: rule {rule.name}: the name stands twice; give each rule its own")
        for wrong in _misfits(rule, contracts):
            raise ConfigError(f"{path}: rule {rule.name}: {wrong}")
    return rules


def _misfits(rule: Rule, contracts: Mapping[str, Contract]) -> Iterator[str]:
    """Say what is wrong between a rule and the contract of its topic."""
    where = rule.where
    # A field may be gone from the contract since; what it refused can still be dropped or judged anew.
    if rule.action not in CHANGES:
        return
    if where.topic not in contracts:
        yield f"no contract for the topic {where.topic!r}; topics: {', '.join(contracts)}"
        return
    known = dict(_paths(contracts[where.topic].fields))
    if where.field not in known:
        yield f"{where.topic} has no field {where.field!r}; fields: {', '.join(known)}"
        return
    kind = known[where.field].type
    if rule.cast is not None and rule.cast != kind:
        yield f"casts to {rule.cast}, but {where.field} is of type {kind}; write cast: {kind}"
    if rule.default is not None and type(rule.default) is not JSON_TYPES.get(kind):
        yield f"default {rule.default!r} is no {kind}, as {where.field} is"
    if rule.rename is not None:
        if _parent(rule.rename.source) != _parent(where.field):
            yield f"renames {rule.rename.source!r} to {where.field!r}: both must stand in the same object"
        if rule.rename.source in known:
            yield f"would empty {rule.rename.source}, which the contract has as a field of its own"


def _paths(fields: Iterable[ContractField], parent: str = "") -> Iterable[tuple[str, ContractField]]:
    for field in fields:
        yield f"{parent}{field.name}", field
        yield from _paths(field.items, f"{parent}{field.name}.")


def _parent(path: str) -> str:
    return path.rpartition(".")[0]
