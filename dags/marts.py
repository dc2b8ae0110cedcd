"""Publish silver to PostgreSQL, build the marts there, and reconcile them with the ledger. Owner: platform.

Every hour, and whenever you press Trigger. Each task calls Stafford's command line and nothing else, and
each may be repeated: a publish replaces what changed, a build makes the marts anew, reconcile only reads.

If `publish` or `build` fails: its log says what to do; then clear it, and it runs again. If `reconcile`
fails, do not clear it until it passes: the ledger and the tables disagree, and its log names the events.
Start from docs/how-to/troubleshooting.md, "ledger and tables disagree". Skipped is not failed: before the
shop opens there is nothing to publish, and while it sends, events are under way and there is no verdict.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

DEFAULTS = {
    "owner": "platform",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "execution_timeout": timedelta(minutes=20),
    # Airflow's environment comes first on its path; the command line has one of its own.
    "env": {"PATH": "/opt/stafford/bin:/usr/local/bin:/usr/bin:/bin"},
    "append_env": True,
}

HAS_OPENED = '[ -d "$STAFFORD_HOME/ledger" ] && [ -d "$STAFFORD_HOME/lake/silver" ]'
NOTHING_YET = 99
"""Airflow's own word for a task that skips itself, and no exit code of the command line."""

with DAG(
    "marts",
    schedule=timedelta(hours=1),
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001  # Airflow takes it in the zone of its settings, UTC
    catchup=False,
    # Two publishes at once would wait for each other.
    max_active_runs=1,
    tags=["tier-1"],
    doc_md=__doc__,
    default_args=DEFAULTS,
):
    publish = BashOperator(
        task_id="publish",
        bash_command=f"{HAS_OPENED} || exit {NOTHING_YET}; stafford publish --target postgres",
        skip_on_exit_code=NOTHING_YET,
    )
    build = BashOperator(task_id="build", bash_command="stafford build --target postgres")
    reconcile = BashOperator(
        task_id="reconcile",
        bash_command="stafford reconcile --target postgres --at-rest ${STAFFORD_STACK_REST:-5m}",
        # "Not now", by the command line's exit codes: the shop is sending.
        skip_on_exit_code=75,
        # Disagreement is no accident that a second try mends.
        retries=0,
    )
    publish >> build >> reconcile
