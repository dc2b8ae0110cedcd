"""Runs the dbt project as a process of its own: dbt's dependencies never meet ours."""

import json
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stafford.errors import ConfigError, HomeInUse, StorageError, Terminal
from stafford.warehouse.dbt_results import Outcome, compiled_paths, read_outcomes
from stafford.warehouse.dbt_targets import DbtTarget
from stafford.warehouse.duckdb import says_in_use

TAIL_LINES = 30


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What dbt did. `passed`, `failed` and `warned` count tests; a failure raises, so `failed` is 0 here."""

    models: int
    tests: int
    passed: int
    failed: int
    warned: int
    seconds: float


def build(
    project_dir: Path,
    warehouse: DbtTarget,
    dbt_bin: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> BuildResult:
    """Build and test every model, in the order of their dependencies.

    Delivery: each model is replaced in one transaction; running again after a kill or a failure
    builds all of them anew from `raw`. A model downstream of a failed test is not built.

    Args:
        project_dir: the dbt project, with its profiles.yml; nothing is written there.
        warehouse: where schema `raw` is published, and where the marts go.
        dbt_bin: the folder of the dbt executable, in its own environment.
        progress: told about each model and test as it ends.

    Raises:
        ConfigError: there is no warehouse or no dbt, or the project does not parse.
        HomeInUse: another process holds the warehouse.
        NotReady: the warehouse's server does not answer.
        StorageError: the target's `work_dir` cannot be written, or dbt cannot be started.
        Terminal: a model or a test failed; the message names each with its compiled SQL.
    """
    work = warehouse.work_dir.resolve()
    target = work / "target"
    with warehouse.hold() as variables:
        command = [_executable(dbt_bin), "--log-format", "json", "--log-level", "info", "build"]
        command += ["--project-dir", str(project_dir), "--profiles-dir", str(project_dir)]
        command += [
            "--target",
            warehouse.name,
            "--target-path",
            str(target),
            "--log-path",
            str(work / "logs"),
        ]
        try:
            target.mkdir(parents=True, exist_ok=True)
            # A dbt that stops early writes no results, and those of the run before must not pass for its own.
            (target / "run_results.json").unlink(missing_ok=True)
            status, tail = _run(command, _environment(variables), progress)
        except OSError as exc:
            raise StorageError(f"dbt could not run in {work}: {exc}") from exc
    outcomes, seconds = read_outcomes(target)
    failed = [outcome for outcome in outcomes if outcome.has_failed]
    if failed or status != 0:
        raise _failure(failed, tail, target, work / "logs")
    return _summary(outcomes, seconds)


def _executable(dbt_bin: Path) -> str:
    found = shutil.which("dbt", path=str(dbt_bin))
    if found is None:
        raise ConfigError(
            f"there is no dbt in {dbt_bin}; delete that environment and run `stafford build` again"
        )
    return found


def _environment(variables: Mapping[str, str]) -> Mapping[str, str]:
    return {
        **os.environ,
        **variables,
        # Otherwise Windows would write the log in the code page of the console.
        "PYTHONUTF8": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def _run(
    command: list[str], environment: Mapping[str, str], progress: Callable[[str], None]
) -> tuple[int, list[str]]:
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            tail = _follow(process.stdout, progress) if process.stdout else []
        except BaseException:
            process.terminate()
            raise
    return process.returncode, tail


def _follow(lines: IO[str], progress: Callable[[str], None]) -> list[str]:
    """Report results as they come; return the last messages, which say why dbt stopped."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    done = 0
    for line in lines:
        try:
            event = json.loads(line)
            name, message, data = event["info"]["name"], event["info"]["msg"], event["data"]
        except (ValueError, KeyError, TypeError):
            tail.append(line.rstrip())
            continue
        # A model's result counts the nodes as `total`, a test's as `num_models`.
        total = data.get("total") or data.get("num_models")
        if name != "LogStartLine" and total and "node_info" in data:
            done += 1
            node = data["node_info"]
            # Of some tests dbt's node has the status "None", and only the event knows it.
            status = data.get("status", "done") if node["node_status"] == "None" else node["node_status"]
            progress(f"{done} of {total}: {status} {node['node_name']}")
        elif message.strip() and name != "LogStartLine":
            tail.append(message)
    return list(tail)


def _failure(failed: list[Outcome], tail: list[str], target: Path, logs: Path) -> Terminal:
    said = "\n".join(tail)
    if says_in_use(said) or any(says_in_use(outcome.message) for outcome in failed):
        return HomeInUse("the warehouse is open in another process; close it there and build again")
    if not failed:
        return ConfigError(f"dbt stopped before it built anything; its log is in {logs}\n{said}")
    paths = compiled_paths(target)
    lines = [
        f"  {o.name}: {o.message} (compiled: {paths.get(o.unique_id, 'never compiled')})" for o in failed
    ]
    return Terminal(
        f"{len(failed)} of the warehouse's models and tests failed; run the compiled SQL to see the rows\n"
        + "\n".join(lines)
    )


def _summary(outcomes: list[Outcome], seconds: float) -> BuildResult:
    tests = [outcome for outcome in outcomes if outcome.is_test]
    return BuildResult(
        models=len(outcomes) - len(tests),
        tests=len(tests),
        passed=sum(outcome.status == "pass" for outcome in tests),
        failed=sum(outcome.has_failed for outcome in tests),
        warned=sum(outcome.status == "warn" for outcome in tests),
        seconds=seconds,
    )
