"""Commands of the pages that take minutes or never end: which test runs the same thing instead, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """Where the same thing is run: a file, and text in it that shows so."""

    path: str
    shows: str
    why: str


DEMO = Proof(
    "tests/e2e/test_demo.py",
    "def test_every_event_is_accounted_for",
    "a whole run takes minutes; the same command runs there with fewer events",
)
STEPS = Proof(
    "tests/e2e/test_commands.py",
    "def test_the_single_commands_reconcile",
    "Spark and dbt take a minute; the same commands run there, in the same order",
)
POSTGRES = Proof(
    "tests/e2e/test_commands.py",
    "def test_the_path_into_postgres_reconciles",
    "it needs a server; the same commands run there against a real one",
)
ALL_TESTS = Proof(".ci/run", "make test", "a test cannot run all tests; CI calls exactly this")
INSTALL = Proof(
    "tests/docs/test_requirements.py",
    "def test_pip_takes_the_quick_start_s_line",
    "a full install downloads half a gigabyte; pip resolves the same line there",
)
VENV = Proof("Makefile", "$(PYTHON) -m venv $(VENV)", "make, and so CI, makes its environment by this line")

STACK = Proof(
    "tests/stack/test_stack.py",
    "def test_one_command_brings_up_everything_healthy",
    "it needs Docker's engine and minutes; `make test-stack` runs the same on one, and CI calls it",
)
STACK_DOWN = Proof("tests/stack/test_stack.py", "def test_down_and_up_keeps_the_data", STACK.why)
STACK_CLUSTER = Proof("tests/stack/test_stack.py", "def test_one_broker_becomes_three", STACK.why)
STACK_KILLS = Proof("tests/stack/test_stack.py", "def test_a_broker_and_a_worker_die_under_load", STACK.why)
STACK_STORY = Proof("tests/stack/test_stack.py", "def test_the_dag_ends_in_marts_that_agree", STACK.why)
QUOTA = Proof(
    "tests/integration/kafka/test_quotas.py",
    "def test_a_quota_slows_its_client_and_no_other",
    "it needs a broker; the same tool sets, shows and removes a quota there, which is then seen to work",
)

QUARANTINE = Proof(
    "tests/e2e/test_quarantine.py",
    "def test_a_broken_contract_is_mended_and_its_records_replayed",
    "it needs a lake with refused records; the same commands run there, in this order",
)

BATCH = Proof(
    "tests/integration/lakehouse/test_gold.py",
    "def test_sessions_end_at_a_gap_and_belong_to_the_day_they_begin",
    "it needs a lake and Spark; the same commands run there, in this order",
)

ELSEWHERE = {
    "docker compose up -d": Proof(
        "tests/stack/test_stack.py", "def test_plain_compose_brings_it_up", STACK.why
    ),
    "stafford stack up": STACK,
    "stafford stack up --live": STACK,
    "stafford stack doctor": STACK,
    "stafford stack up --cluster --live": STACK_CLUSTER,
    "docker compose exec streaming stafford topics describe orders": STACK_CLUSTER,
    "docker compose --profile cluster kill kafka spark-worker": STACK_KILLS,
    "docker compose --profile cluster up -d": STACK_KILLS,
    "docker compose --profile cluster restart kafka-2": Proof(
        "tests/stack/test_stack.py", "def test_a_rolling_restart_stops_nobody", STACK.why
    ),
    "stafford stack credentials": Proof(
        "tests/stack/test_stack.py", "def test_no_secret_is_where_docker_shows_it", STACK.why
    ),
    "stafford stack down": STACK_DOWN,
    "docker compose exec streaming stafford topics describe clickstream": Proof(
        "tests/stack/test_stack.py", "def test_the_topics_are_as_planned", STACK.why
    ),
    "docker compose exec -e TERM streaming stafford live": Proof(
        "tests/stack/test_stack.py", "def test_the_live_numbers_are_the_marts_numbers", STACK.why
    ),
    "docker compose --profile live stop simulator": STACK_STORY,
    "docker compose exec streaming stafford reconcile --no-marts": Proof(
        "tests/stack/test_stack.py", "def test_nothing_was_lost_and_nothing_doubled", STACK.why
    ),
    "docker compose exec airflow-scheduler airflow dags trigger marts": STACK_STORY,
    "python -m pytest tests/unit/stack": Proof(
        "tests/unit/stack/test_compose_files.py", "def test_the_reference_is_in_step", "they are tests"
    ),
    "python -m tests.docs.stack_reference": Proof(
        "tests/unit/stack/test_compose_files.py", "def test_the_reference_is_in_step", "it renders there"
    ),
    "stafford kafka tool configs --alter --add-config producer_byte_rate=1000000 "
    "--entity-type clients --entity-name stafford": QUOTA,
    "stafford kafka tool configs --describe --entity-type clients": QUOTA,
    "stafford kafka tool configs --alter --delete-config producer_byte_rate "
    "--entity-type clients --entity-name stafford": QUOTA,
    "make demo": Proof(
        "Makefile", "$(BIN)/stafford demo", "`stafford demo` in make's environment: see below"
    ),
    "make test": ALL_TESTS,
    "make lint": ALL_TESTS,
    "make test-fast": Proof(
        "Makefile", "test-fast:", "a selection of the tests that `make test` runs all of"
    ),
    "python3 -m venv .venv": VENV,
    "pip install -r requirements.txt": INSTALL,
    ". .venv/bin/activate": VENV,
    "stafford demo": DEMO,
    "stafford ingest": STEPS,
    "stafford publish": STEPS,
    "stafford build": STEPS,
    "stafford publish --target postgres": POSTGRES,
    "stafford build --target postgres": POSTGRES,
    "stafford reconcile --target postgres": POSTGRES,
    "stafford reconcile": STEPS,
    "stafford reconcile --no-marts": QUARANTINE,
    "stafford quarantine list": QUARANTINE,
    "stafford quarantine list --json": QUARANTINE,
    "stafford quarantine show --topic orders --reason not_in_enum --field country": QUARANTINE,
    "stafford quarantine fix rules.yaml": QUARANTINE,
    "stafford quarantine replay rules.yaml": QUARANTINE,
    "stafford contracts check HEAD": QUARANTINE,
    "stafford batch refresh": BATCH,
    "stafford batch refresh --json": BATCH,
    "stafford batch backfill --from 2026-01-05 --to 2026-01-07": BATCH,
    "stafford batch refresh --table sessions --gap-minutes 15": BATCH,
    "stafford kafka stop": STEPS,
    "stafford report": STEPS,
    "python src/kafka_setup/topic_manager.py --create-topics": Proof(
        "tests/integration/test_topics.py",
        "def test_the_quick_start_script_does_the_same",
        "the same script and flag, on the session's broker",
    ),
    "python src/data_generator/stream_simulator.py": Proof(
        "tests/integration/test_simulate.py",
        "def test_a_stop_signal_loses_nothing",
        "it runs until Ctrl-C, and there it gets one",
    ),
}
"""Proof by exact command line."""
