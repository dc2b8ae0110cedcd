"""Reads the JSON files that a run leaves beside the warehouse."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from stafford.errors import ContractViolation, StorageError
from stafford.report.data import Machinery, Reconciliation

Shape = TypeVar("Shape")

RECONCILIATION = TypeAdapter(Reconciliation)
MACHINERY = TypeAdapter(Machinery)


def read_reconciliation(path: Path) -> Reconciliation | None:
    """Read what the ledger found; None when nobody has asked it yet.

    Raises:
        ContractViolation: the file is not what `Reconciliation` describes.
        StorageError: the file is there but cannot be read.
    """
    return _read(path, RECONCILIATION, "`stafford reconcile`")


def read_machinery(path: Path) -> Machinery | None:
    """Read how the run was made; None when the run left no record of it.

    Raises:
        ContractViolation: the file is not what `Machinery` describes.
        StorageError: the file is there but cannot be read.
    """
    return _read(path, MACHINERY, "`stafford demo`")


def _read(path: Path, shape: TypeAdapter[Shape], writer: str) -> Shape | None:
    try:
        return shape.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StorageError(f"{path} cannot be read ({exc.strerror}); check who may read it") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "the whole file"
        raise ContractViolation(
            f"{path} is not what the report reads: {place}: {first['msg']}; run {writer} to write it again"
        ) from exc
