"""One field of a refused body, to be shown: never more than a contract lets everybody see."""

import json

from stafford.contracts import Contract
from stafford.lakehouse.quarantine.changes import read_object

LONGEST = 60
MASK = "(personal data)"


def sample_value(body: bytes | None, path: str | None, contract: Contract | None) -> str:
    """What stands at a field, as JSON; masked where the contract marks the field as personal.

    A field that no contract describes is masked too, and of a body that cannot be read there is only its
    length: nobody can say what is in them. The text is from the wire: it may hold any character.

    Args:
        body: the bytes of the record.
        path: a field, or `lines.quantity` for those of all items; None for the whole body.
        contract: the contract of its topic, when it has one.
    """
    document = read_object(body)
    if path is None or document is None:
        return f"{len(body or b''):,} bytes"
    name, _, inner = path.partition(".")
    value = document.get(name, ...)
    if inner and isinstance(value, list):
        value = [item.get(inner, ...) if isinstance(item, dict) else ... for item in value]
    if value is ... or value is None:
        return "absent" if value is ... else "null"
    if contract is None or _is_personal(contract, name):
        return MASK
    text = json.dumps(value, ensure_ascii=False, default=lambda _: "absent")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _is_personal(contract: Contract, name: str) -> bool:
    try:
        field = contract.field(name)
    except KeyError:
        return True
    return any(part.pii for part in (field, *field.items))
