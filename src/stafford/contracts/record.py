"""A contract as one line of JSON, for a lake to remember by which contract its tables were made."""

from pydantic import TypeAdapter, ValidationError

from stafford.contracts.model import Contract
from stafford.errors import StorageError

_CONTRACT = TypeAdapter(Contract)


def to_record(contract: Contract) -> str:
    """The contract as JSON; equal contracts give equal text."""
    return _CONTRACT.dump_json(contract).decode()


def from_record(text: str) -> Contract:
    """The contract that `to_record` wrote, by this version or an older one.

    Raises:
        StorageError: it is none.
    """
    try:
        return _CONTRACT.validate_json(text)
    except ValidationError as exc:
        raise StorageError(f"the lake remembers a contract that cannot be read: {exc}") from exc
