"""One contract file as the Open Data Contract Standard describes it, with nothing lost on the way in."""

from pathlib import Path
from typing import Any, NoReturn

import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject
from pydantic import ValidationError

from stafford.errors import ContractViolation


def refuse(path: Path, where: str, wrong: str) -> NoReturn:
    """Raise ContractViolation that names the file, the field and what is wrong."""
    raise ContractViolation(f"{path.name}: {where}: {wrong}")


def read_document(path: Path) -> tuple[OpenDataContractStandard, SchemaObject]:
    """Read one contract file.

    The standard's reader silently drops keys that it does not know, so `requried: true` would make a
    field optional. Here a key that was dropped is an error.

    Returns:
        The document, and the one object that it describes.

    Raises:
        ContractViolation: the file is not such a document, holds a key that is not part of the
            standard, or describes no object or more than one.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        document = OpenDataContractStandard.from_file(str(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, TypeError) as exc:
        raise ContractViolation(
            f"{path.name}: is not a document of the Open Data Contract Standard; correct it: {exc}"
        ) from exc
    for where in _lost(raw, document.model_dump(exclude_unset=True, by_alias=True)):
        refuse(path, where, "is not part of the standard; correct the key or take it away")
    objects = document.schema_ or []
    if len(objects) != 1:
        refuse(path, "schema", f"holds {len(objects)} objects; describe exactly one, the topic's event")
    return document, objects[0]


def _lost(raw: Any, kept: Any, where: str = "") -> list[str]:
    if kept is ...:
        return [where]
    if isinstance(raw, dict) and isinstance(kept, dict):
        children = [(f"{where}.{key}".lstrip("."), value, kept.get(key, ...)) for key, value in raw.items()]
    elif isinstance(raw, list) and isinstance(kept, list):
        names = [
            item.get("name", place) if isinstance(item, dict) else place for place, item in enumerate(raw)
        ]
        children = [(f"{where}[{name}]", *pair) for name, *pair in zip(names, raw, kept, strict=True)]
    else:
        return []
    return [lost for path, value, other in children for lost in _lost(value, other, path)]
