"""A contract's rules as Spark SQL text: made without Spark, parsed by it in one call.

Building the same expressions column by column costs thousands of calls into the JVM for every batch.
"""

from collections.abc import Iterator
from datetime import datetime

from stafford.contracts import Contract, Field

RFC3339_UTC = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z\z"


def reasons(contract: Contract, text: str, corrupt: str, arrived_at: str) -> str:
    """SQL that lists what is wrong with a record; an empty array for one that fits its contract.

    Whole-body reasons (`empty_body`, `not_utf8`, `malformed_json`) stand alone; those about fields
    (`required:email`, `wrong_type:lines`, ...) come in the contract's order.

    Args:
        contract: the rules.
        text: column with the body as text.
        corrupt: column that is not null when from_json could not read the body as the contract says.
        arrived_at: column with the log-append time.
    """
    # from_json also marks a body whose JSON is fine but whose types are not; only the parser of variants
    # tells the two apart, and it is asked only then.
    malformed = (
        f"NOT (startswith(trim({text}), '{{') AND endswith(trim({text}), '}}')) "
        f"OR ({corrupt} IS NOT NULL AND try_parse_json({text}) IS NULL)"
    )
    cases = ", ".join(
        f"CASE WHEN {is_violated} THEN {literal(reason)} END"
        for field in contract.fields
        for reason, is_violated in _violations(field, text, corrupt, arrived_at)
    )
    return (
        "CASE WHEN value IS NULL OR octet_length(value) = 0 THEN array('empty_body') "
        f"WHEN NOT is_valid_utf8(CAST(value AS STRING)) THEN array('not_utf8') "
        f"WHEN {malformed} THEN array('malformed_json') "
        f"ELSE array_distinct(array_compact(array({cases}))) END"
    )


def timestamp(text: str) -> str:
    """SQL that reads a timestamp; null when it is not RFC 3339 in UTC.

    A plain cast would take "2026" or a local time.
    """
    return f"CASE WHEN {text} RLIKE {literal(RFC3339_UTC)} THEN try_to_timestamp({text}) END"


def literal(value: str) -> str:
    """A SQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _violations(field: Field, text: str, corrupt: str, arrived_at: str) -> Iterator[tuple[str, str]]:
    name = f"`{field.name}`"
    is_mistyped = _is_mistyped(field, name, text, corrupt)
    yield f"wrong_type:{field.name}", is_mistyped
    if field.required:
        yield f"required:{field.name}", f"{name} IS NULL AND NOT {is_mistyped}"
    for code, is_violated in _value_rules(field, name):
        yield f"{code}:{field.name}", is_violated
    if field.max_ahead_of_arrival is not None:
        seconds = int(field.max_ahead_of_arrival.total_seconds())
        latest = f"{arrived_at} + INTERVAL '{seconds}' SECOND"
        yield f"too_far_ahead:{field.name}", f"{timestamp(name)} > {latest}"
    for item in field.items:
        path = f"{field.name}.{item.name}"
        is_absent = f"exists({name}, line -> line.`{item.name}` IS NULL)"
        stands = f"get_json_object({text}, '$.{field.name}[*].{item.name}') IS NOT NULL"
        is_mistyped = f"({corrupt} IS NOT NULL AND {is_absent} AND {stands})"
        yield f"wrong_type:{path}", is_mistyped
        if item.required:
            yield f"required:{path}", f"{is_absent} AND NOT {is_mistyped}"
        for code, is_violated in _value_rules(item, f"line.`{item.name}`"):
            yield f"{code}:{path}", f"exists({name}, line -> {is_violated})"


def _is_mistyped(field: Field, name: str, text: str, corrupt: str) -> str:
    if field.type in {"string", "timestamp"}:
        # from_json takes a number for a string without a word, so look for the opening quote; the plain
        # search, which is how our own producers write, spares nearly every record the expression.
        plain = literal(f'"{field.name}":"')
        spaced = literal(rf'"{field.name}"\s*:\s*"')
        return f"({name} IS NOT NULL AND NOT (contains({text}, {plain}) OR {text} RLIKE {spaced}))"
    # A value of another type reads as null, so look for what stands there in the text itself.
    stands = f"get_json_object({text}, '$.{field.name}') IS NOT NULL"
    return f"({corrupt} IS NOT NULL AND {name} IS NULL AND {stands})"


def _value_rules(field: Field, value: str) -> Iterator[tuple[str, str]]:
    """What a value that is there may not be; null violates nothing."""
    comparable = value
    if field.type == "timestamp":
        comparable = timestamp(value)
        yield "bad_format", f"{value} IS NOT NULL AND {comparable} IS NULL"
    if field.pattern is not None:
        # In Java a final $ also matches before a last newline; \z does not.
        pattern = field.pattern.removesuffix("$") + r"\z"
        yield "bad_format", f"NOT {value} RLIKE {literal(pattern)}"
    if field.max_length is not None:
        yield "bad_format", f"length({value}) > {field.max_length}"
    if field.minimum is not None:
        yield "out_of_range", f"{comparable} < {_bound(field.minimum)}"
    if field.maximum is not None:
        yield "out_of_range", f"{comparable} > {_bound(field.maximum)}"
    if field.min_items is not None:
        yield "out_of_range", f"size({value}) < {field.min_items}"
    if field.max_items is not None:
        yield "out_of_range", f"size({value}) > {field.max_items}"
    if field.enum:
        yield "not_in_enum", f"{value} NOT IN ({', '.join(map(literal, field.enum))})"


def _bound(bound: int | datetime) -> str:
    return f"TIMESTAMP {literal(bound.isoformat())}" if isinstance(bound, datetime) else str(bound)
