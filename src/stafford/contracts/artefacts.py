"""The files that are derived from the contracts, and whether they are in step with them."""

from collections.abc import Mapping
from pathlib import Path

from stafford.contracts.dbt_sources import dbt_sources
from stafford.contracts.model import Contract
from stafford.contracts.reference import contracts_page, events_page
from stafford.errors import StorageError

DERIVATIONS = {
    "warehouse/models/staging/_sources.yml": dbt_sources,
    "docs/reference/contracts.md": contracts_page,
    "docs/reference/events.md": events_page,
}
"""Path below the project, and the function that derives its text."""


def out_of_step(contracts: Mapping[str, Contract], project_dir: Path) -> dict[Path, str]:
    """Derived files that are missing or differ from what the contracts say, with the text each should have.

    Raises:
        StorageError: a file is there and cannot be read.
    """
    texts = {project_dir / path: derive(contracts) for path, derive in DERIVATIONS.items()}
    return {path: text for path, text in texts.items() if _read(path) != text}


def write_artefacts(contracts: Mapping[str, Contract], project_dir: Path) -> list[Path]:
    """Bring every derived file in step; write only those that are not.

    Returns:
        The files written.

    Raises:
        StorageError: a file cannot be read or written.
    """
    stale = out_of_step(contracts, project_dir)
    for path, text in stale.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as exc:
            raise StorageError(f"{path} cannot be written ({exc}); free it, then derive again") from exc
    return list(stale)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return None  # not what we wrote, so it is out of step
    except OSError as exc:
        raise StorageError(f"{path} cannot be read ({exc}); make it readable, then try again") from exc
