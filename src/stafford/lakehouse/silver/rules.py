"""A contract's rules as Spark SQL text: made without Spark, parsed by it in one call.

Building the same expressions column by column costs thousands of calls into the JVM for every batch.
"""

from collections.abc import Iterator
from datetime import datetime

from stafford.contracts import Contract, Field

RFC3339_UTC = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z\z"


def reasons(contract: Contract, body: str, text: str, arrived_at: str) -> str:
    """SQL that lists what is wrong with the fields of a record: at most one reason a field.

    The most basic reason wins: `wrong_type:total_cents` before `required:total_cents` before
    `bad_format`, `out_of_range`, `not_in_enum` and `too_far_ahead`. Fields come in the contract's order.

    Args:
        contract: the rules.
        body: column with the struct that from_json read, with CORRUPT beside the contract's fields.
        text: column with the body as text.
        arrived_at: column with the log-append time.
    """
    cases = ", ".join(
        "CASE "
        + " ".join(f"WHEN {is_violated} THEN {literal(reason)}" for reason, is_violated in rules)
        + " END"
        for field in contract.fields
        for rules in _rules(field, body, text, arrived_at)
    )
    # concat_ws leaves out the nulls, and a record that is fine pays for no array. array_except makes a set of
    # it for each record, and array_compact would have Spark interpret all rules instead of compiling them.
    found = f"concat_ws(' ', {cases})"
    return f"CASE WHEN {found} = '' THEN CAST(array() AS ARRAY<STRING>) ELSE split({found}, ' ') END"


def value(field: Field, body: str) -> str:
    """SQL of a field as silver holds it: repaired where the contract says so, and typed."""
    column = f"{body}.`{field.name}`"
    if field.type == "timestamp":
        return timestamp(column)
    for repair in field.repair:
        column = (
            f"regexp_replace({column}, {literal(SPACE_AROUND)}, '')"
            if repair == "trim"
            else f"lower({column})"
        )
    return column


SPACE_AROUND = r"(?U)^\s+|\s+\z"
CORRUPT = "_corrupt"
"""The body, when from_json could not read all of it as the contract says; null otherwise."""


def timestamp(text: str) -> str:
    """SQL that reads a timestamp; null when it is not RFC 3339 in UTC.

    A plain cast would take "2026" or a local time.
    """
    return f"CASE WHEN {text} RLIKE {literal(RFC3339_UTC)} THEN try_to_timestamp({text}) END"


def literal(value: str) -> str:
    """A SQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


Rules = list[tuple[str, str]]
"""Reasons of one field with the SQL that is true when it is earned, the most basic first."""


def _rules(field: Field, body: str, text: str, arrived_at: str) -> Iterator[Rules]:
    column = f"{body}.`{field.name}`"
    rules = [(f"wrong_type:{field.name}", _is_mistyped(field, column, body, text))]
    if field.required:
        rules.append((f"required:{field.name}", f"{column} IS NULL"))
    rules += [
        (f"{code}:{field.name}", test) for code, test in _value_rules(field, column, value(field, body))
    ]
    if field.max_ahead_of_arrival is not None:
        seconds = int(field.max_ahead_of_arrival.total_seconds())
        latest = f"{arrived_at} + INTERVAL '{seconds}' SECOND"
        rules.append((f"too_far_ahead:{field.name}", f"{value(field, body)} > {latest}"))
    yield rules
    for item in field.items:
        yield list(_item_rules(field, item, column, body, text))


def _item_rules(field: Field, item: Field, column: str, body: str, text: str) -> Iterator[tuple[str, str]]:
    path, member = f"{field.name}.{item.name}", f"line.`{item.name}`"
    is_absent = f"exists({column}, line -> {member} IS NULL)"
    stands = f"get_json_object({text}, '$.{field.name}[*].{item.name}') IS NOT NULL"
    yield f"wrong_type:{path}", f"{body}.{CORRUPT} IS NOT NULL AND {is_absent} AND {stands}"
    if item.required:
        yield f"required:{path}", is_absent
    for code, is_violated in _value_rules(item, member, member):
        yield f"{code}:{path}", f"exists({column}, line -> {is_violated})"


def _is_mistyped(field: Field, column: str, body: str, text: str) -> str:
    if field.type in {"string", "timestamp"}:
        # from_json takes a number for a string without a word, so look for the opening quote, where what it
        # gave can be something else than a string at all; the plain search, which is how our own producers
        # write, spares nearly every record the expression.
        plain = literal(f'"{field.name}":"')
        spaced = literal(rf'"{field.name}"\s*:\s*"')
        return f"({_may_be_unquoted(column)}) AND NOT (contains({text}, {plain}) OR {text} RLIKE {spaced})"
    # A value of another type reads as null, so look for what stands there in the text itself.
    stands = f"get_json_object({text}, '$.{field.name}') IS NOT NULL"
    return f"{body}.{CORRUPT} IS NOT NULL AND {column} IS NULL AND {stands}"


def _may_be_unquoted(column: str) -> str:
    """Whether a text can be that of a number, a boolean, an object or an array: by its first character."""
    return (
        f"{column} < '/' OR ({column} >= '0' AND {column} < ':') OR {column} IN ('true', 'false') "
        f"OR startswith({column}, '[') OR startswith({column}, '{{')"
    )


def _value_rules(field: Field, raw: str, typed: str) -> Iterator[tuple[str, str]]:
    """What a value that is there may not be; null violates nothing."""
    if field.type == "timestamp":
        yield "bad_format", f"{raw} IS NOT NULL AND ({typed}) IS NULL"
    if field.pattern is not None:
        # In Java a final $ also matches before a last newline; \z does not.
        pattern = field.pattern.removesuffix("$") + r"\z"
        yield "bad_format", f"NOT {typed} RLIKE {literal(pattern)}"
    if field.max_length is not None:
        yield "bad_format", f"length({typed}) > {field.max_length}"
    if field.minimum is not None:
        yield "out_of_range", f"{typed} < {_bound(field.minimum)}"
    if field.maximum is not None:
        yield "out_of_range", f"{typed} > {_bound(field.maximum)}"
    if field.min_items is not None:
        yield "out_of_range", f"size({typed}) < {field.min_items}"
    if field.max_items is not None:
        yield "out_of_range", f"size({typed}) > {field.max_items}"
    if field.enum:
        yield "not_in_enum", f"{typed} NOT IN ({', '.join(map(literal, field.enum))})"


def _bound(bound: int | datetime) -> str:
    return f"TIMESTAMP {literal(bound.isoformat())}" if isinstance(bound, datetime) else str(bound)
