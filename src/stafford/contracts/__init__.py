"""The data contracts, and every schema that is derived from them.

`contracts/*.odcs.yaml` is the one source of every schema; nothing else in the project states a field.
"""

from stafford.contracts.artefacts import out_of_step, write_artefacts
from stafford.contracts.body_schema import json_schema
from stafford.contracts.compatibility import Change, compare
from stafford.contracts.dbt_sources import dbt_sources
from stafford.contracts.loader import load_contracts
from stafford.contracts.model import Contract, Field
from stafford.contracts.reasons import reasons
from stafford.contracts.reference import contracts_page, events_page, example_body

__all__ = [
    "Change",
    "Contract",
    "Field",
    "compare",
    "contracts_page",
    "dbt_sources",
    "events_page",
    "example_body",
    "json_schema",
    "load_contracts",
    "out_of_step",
    "reasons",
    "write_artefacts",
]
