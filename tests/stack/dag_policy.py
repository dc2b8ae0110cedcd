"""Judges the DAGs in Airflow's own environment: run inside a container of it, on standard input."""

import ast
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

FOLDER = Path("/srv/dags")

bag = DagBag(str(FOLDER))
wrong = [f"{path}: {error}" for path, error in bag.import_errors.items()]
for dag_id, dag in bag.dags.items():
    wrong += [f"{dag_id} has no doc"] if not dag.doc_md else []
    wrong += [f"{dag_id} has no tier"] if not any(tag.startswith("tier-") for tag in dag.tags) else []
    for task in dag.tasks:
        wrong += [f"{dag_id}.{task.task_id} has no owner"] if task.owner in {"", "airflow"} else []
        wrong += [f"{dag_id}.{task.task_id} has no bound"] if task.execution_timeout is None else []
for path in FOLDER.glob("*.py"):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        wrong += [f"{path.name} imports {name}" for name in names if name.split(".")[0] == "stafford"]
if not bag.dags:
    wrong.append("there is no DAG")
sys.exit("\n".join(wrong) or 0)
