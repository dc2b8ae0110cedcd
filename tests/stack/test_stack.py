"""The compose files as they stand, run for real: one story, whose tests begin where the last one ended."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.docs.stack_reference import is_default, read_services
from tests.stack.conftest import PORTS, Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

ONE_SHOTS = {"secrets", "topics", "postgres-init", "airflow-init", "superset-init"}
BROKERS = ("kafka", "kafka-2", "kafka-3")
SUPERSET = f"http://127.0.0.1:{PORTS['SUPERSET']}"
IN_TURN = (
    # Killed: no goodbye, and the next start finds what a crash leaves. A master that is back must still find
    # the worker, and give executors to a new driver.
    ("kill", "spark-master"), ("kill", "spark-worker"), ("kill", "streaming"), ("kill", "simulator"),
    ("kill", "kafka"), ("kill", "redis"), ("kill", "postgres"), ("kill", "airflow-scheduler"),
    # Restarted: as an upgrade does.
    ("restart", "spark-history"), ("restart", "airflow-api"), ("restart", "airflow-dag-processor"),
    ("restart", "airflow-triggerer"), ("restart", "superset"),
)  # fmt: skip
OF_THE_STREAM = {"spark-master", "spark-worker", "streaming", "simulator", "kafka", "redis"}
KEPT: dict[str, str] = {}
"""What a `down` and an `up` must leave as it was."""


def test_plain_compose_brings_it_up(stack: Stack) -> None:
    """`docker compose up -d`, with nothing before it: our images are built, and all becomes healthy."""
    stack.run("docker", "compose", "up", "--detach")
    # No image of Kafka UI can be had where these tests run.
    stays = {name for name, body in read_services().items() if is_default(body)} - {"kafka-ui"}
    stack.until("all are healthy", lambda: all(stack.is_healthy(service) for service in stays))


def test_before_the_shop_opens_the_dag_skips_itself(stack: Stack) -> None:
    """Nothing was sent: nothing is published, and nothing is red."""
    ended = {"publish": "skipped", "build": "skipped", "reconcile": "skipped"}
    first = {}

    def has_ended() -> bool:
        words = ("airflow", "dags", "list-runs", "marts", "--output", "json")
        text = stack.inside("airflow-scheduler", *words, check=False).stdout
        runs = json.loads(text[text.index("[{") :]) if "[{" in text else []
        first.update(stack.tasks(runs[-1]["run_id"]) if runs else {})
        return first == ended or "failed" in first.values()

    stack.until("the first run has ended", has_ended)
    assert first == ended


def test_one_command_brings_up_everything_healthy(stack: Stack) -> None:
    """`stafford stack up` ends well: services healthy, one-shots done, addresses shown."""
    done = stack.stafford("stack", "up", "--live", "--wait", "900")
    assert "Ready:" in done.stdout
    assert SUPERSET in done.stdout
    rows = json.loads(stack.stafford("stack", "status", "--json").stdout)
    ended = {row["service"] for row in rows if row["state"] == "exited" and row["exit_code"] == 0}
    assert ended == ONE_SHOTS
    assert {row["health"] for row in rows if row["service"] not in ONE_SHOTS} == {"healthy"}


def test_the_topics_are_as_planned(stack: Stack) -> None:
    """The one-shot made every topic with its partitions and retention, and its log says so."""
    assert "9 created" in stack.stafford("stack", "logs", "topics").stdout
    assert "are as planned" in stack.inside("streaming", "stafford", "topics", "verify").stdout


def test_no_container_may_more_than_it_must(stack: Stack) -> None:
    """Loopback ports alone, no root but who makes secrets, read-only, and limits for all."""
    for container in stack.containers():
        name = container["Config"]["Labels"]["com.docker.compose.service"]
        host = container["HostConfig"]
        bound = [row["HostIp"] for rows in (host["PortBindings"] or {}).values() for row in rows]
        assert set(bound) <= {"127.0.0.1"}, name
        if name != "secrets":
            assert container["Config"]["User"] not in {"", "0", "root", "0:0"}, name
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"] > 0, name
        assert host["NanoCpus"] > 0, name
        assert host["LogConfig"]["Config"]["max-size"], name


def test_no_secret_is_where_docker_shows_it(stack: Stack) -> None:
    """No secret stands in what `docker inspect` says, in a log, or in a list of processes."""
    shown = json.dumps(stack.containers())
    said = stack.compose("logs", "--no-color").stdout
    processes = stack.compose("top").stdout
    secrets = stack.secrets()
    assert len(secrets) == 12
    assert {pair["password"] for pair in stack.credentials().values()} <= {*secrets}
    for where in (shown, said, processes):
        assert not [secret for secret in secrets if secret in where]
    # Negative control: what is looked for would be found, were it there.
    assert "spark://spark-master:7077" in shown
    assert "are as planned" in said
    assert "spark://spark-master:7077" in processes


def test_who_need_not_talk_cannot(stack: Stack) -> None:
    """The simulator reaches Kafka alone; the stream no database but Redis; and so on, each with a control."""
    probe = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"

    places = {"kafka": 19092, "spark-master": 7077, "postgres": 5432, "redis": 6379, "airflow-api": 8080}

    def reached(service: str) -> set[str]:
        words = ("python3", "-c", probe)
        return {
            host
            for host, port in places.items()
            if stack.inside(service, *words, host, str(port), check=False).returncode == 0
        }

    assert reached("simulator") == {"kafka"}
    assert reached("streaming") == {"kafka", "spark-master", "redis"}
    assert reached("spark-worker") == {"kafka", "spark-master"}
    assert reached("airflow-scheduler") == {"postgres", "airflow-api"}
    assert reached("superset") == {"postgres", "redis", "airflow-api"}


def test_the_databases_have_one_owner_each(stack: Stack) -> None:
    """airflow, superset and warehouse own their databases, and none may connect to another's."""
    owners = stack.sql(
        "postgres",
        "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname !~ '^(postgres|template)'",
    )
    assert set(owners.splitlines()) == {"airflow|airflow", "superset|superset", "warehouse|warehouse"}
    assert stack.sql("postgres", "SELECT has_database_privilege('superset', 'airflow', 'CONNECT')") == "f"
    assert stack.sql("postgres", "SELECT has_database_privilege('superset', 'superset', 'CONNECT')") == "t"


def test_the_dags_are_as_the_policy_wants(stack: Stack) -> None:
    """Each parses, has a doc, a tier, owners and bounds, and imports nothing of ours."""
    judge = (Path(__file__).parent / "dag_policy.py").read_text(encoding="utf-8")
    stack.inside("airflow-dag-processor", "python3", "-c", judge)
    broken = judge.replace("not dag.doc_md", "dag.doc_md")
    # Negative control: a policy that is turned round finds something in the same DAGs.
    done = stack.inside("airflow-dag-processor", "python3", "-c", broken, check=False)
    assert "marts has no doc" in done.stderr


@pytest.mark.parametrize(("how", "service"), IN_TURN)
def test_a_service_that_falls_comes_back_under_load(stack: Stack, how: str, service: str) -> None:
    """Killed or restarted while the shop is sending, it is healthy again, and the stream moves."""
    stack.compose(how, service)
    stack.compose("up", "--detach", "--no-build", "--no-deps", service)
    stack.until(f"{service} is healthy again", lambda: stack.is_healthy(service))
    if service in OF_THE_STREAM:
        stack.await_two_batches()


def test_a_process_that_dies_is_started_again(stack: Stack) -> None:
    """Nobody says `up`: the restart policy does it. A kill by Docker's own command would not show that."""
    before = stack.restarts("kafka")
    stack.inside("kafka", "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)", check=False)
    stack.until("kafka was started again", lambda: stack.restarts("kafka") > before)
    stack.until("kafka is healthy again", lambda: stack.is_healthy("kafka"))
    stack.await_two_batches()


def test_every_service_has_had_its_turn(stack: Stack) -> None:
    """What stays and was not broken above is nothing."""
    rows = json.loads(stack.stafford("stack", "status", "--json").stdout)
    assert {row["service"] for row in rows} - ONE_SHOTS == {service for _, service in IN_TURN}


def read_live(stack: Stack) -> dict[str, Any]:
    """The live numbers, as the command line says them."""
    numbers: dict[str, Any] = json.loads(stack.inside("streaming", "stafford", "live", "--json").stdout)[
        "numbers"
    ]
    return numbers


def test_nothing_was_lost_and_nothing_doubled(stack: Stack) -> None:
    """After all of that the shop rests, the stream catches up, and the ledger agrees with silver."""
    code, _ = stack.reconcile("--no-marts", "--at-rest", "5m")
    assert code == 75, "negative control: a shop that is sending has no verdict"
    stack.until("the simulator lives", lambda: stack.is_healthy("simulator"))
    # Who comes to a new shop takes minutes to order, and a fast machine is through with the above before.
    stack.until("somebody has ordered", lambda: read_live(stack)["today"]["orders"] > 0, limit_s=600)
    stack.compose("stop", "simulator")
    status = stack.stafford("stack", "status", check=False)
    assert (status.returncode, "stopped" in status.stdout) == (1, True), (
        "what should run and does not is not done"
    )
    stack.until("the stream caught up", lambda: stack.reconcile("--no-marts")[0] == 0, limit_s=420)
    _, verdict = stack.reconcile("--no-marts")
    assert verdict["totals"]["lost"] == verdict["totals"]["doubled"] == 0
    assert verdict["totals"]["acknowledged"] > 15_000
    assert verdict["totals"]["quarantined"] > 0
    KEPT["silver"] = str(verdict["totals"]["silver"])


def test_the_dag_ends_in_marts_that_agree_with_the_ledger(stack: Stack) -> None:
    """A run of the DAG publishes to PostgreSQL, builds the marts there, and reconciles to the cent."""
    scheduler = "airflow-scheduler"
    stack.until("it rests", lambda: stack.reconcile("--no-marts", "--at-rest", "15s")[0] == 0)
    run = "after-the-storm"
    stack.inside(scheduler, "airflow", "dags", "trigger", "marts", "--run-id", run)

    def has_ended() -> bool:
        states = {*stack.tasks(run).values()}
        return bool(states) and states <= {"success", "failed", "skipped", "upstream_failed"}

    stack.until("the run has ended", has_ended, limit_s=600)
    assert stack.tasks(run) == {"publish": "success", "build": "success", "reconcile": "success"}
    code, verdict = stack.reconcile("--target", "postgres")
    assert code == 0
    assert {money["measure"]: money["ledger_cents"] - money["mart_cents"] for money in verdict["money"]} == {
        "orders": 0,
        "captured": 0,
        "refunded": 0,
    }
    KEPT["orders"] = stack.sql("warehouse", "SELECT count(*) FROM marts.fct_orders")
    assert int(KEPT["orders"]) > 0


def test_the_live_numbers_are_the_marts_numbers(stack: Stack) -> None:
    """What the stream wrote to Redis, after all that befell the two, is what PostgreSQL adds up."""
    numbers = read_live(stack)
    today = numbers["today"]
    day = f"date_trunc('day', timestamp '{numbers['shop_time'].removesuffix('Z')}')"
    counted = stack.sql(
        "warehouse",
        f"SELECT count(*), coalesce(sum(total_cents), 0) FROM marts.fct_orders WHERE ordered_at >= {day}",
    )
    assert f"{today['orders']}|{today['revenue_cents']}" == counted


def test_superset_answers_with_the_chart_s_data(stack: Stack) -> None:
    """Its dashboard is there, and the data of its chart adds up to what the marts say."""
    titles, orders = ask_superset(stack.credentials()["superset"]["password"])
    assert titles == ["The shop"]
    assert orders == int(KEPT["orders"])
    read = "REDISCLI_AUTH=$(cat /run/secrets/redis_password) valkey-cli -n 1"
    ask = f"{read} --scan --pattern 'superset_data_*'"
    assert stack.inside("redis", "sh", "-c", ask).stdout.split(), "the answer is kept in Redis"


def test_one_wrong_cent_in_postgresql_is_noticed(stack: Stack) -> None:
    """Negative control of all the above: with one cent more in one order the verdict is no."""
    stack.sql(
        "warehouse",
        "UPDATE marts.fct_orders SET total_cents = total_cents + 1 "
        "WHERE order_id = (SELECT min(order_id) FROM marts.fct_orders)",
    )
    code, verdict = stack.reconcile("--target", "postgres")
    assert code == 3
    assert verdict["findings_by_kind"] == {"money": 1}
    stack.sql(
        "warehouse",
        "UPDATE marts.fct_orders SET total_cents = total_cents - 1 "
        "WHERE order_id = (SELECT min(order_id) FROM marts.fct_orders)",
    )


def test_down_and_up_keeps_the_data(stack: Stack) -> None:
    """After `stack down` and `stack up` topics, lake, marts, dashboard and passwords are as they were.

    One volume of secrets is lost in between: what only it had is made anew, and everybody takes it.
    """
    before = stack.credentials()
    stack.stafford("stack", "down")
    assert stack.compose("ps", "--all", "--quiet").stdout.split() == []
    stack.run("docker", "volume", "rm", "stafford-test_secrets-postgres")
    stack.stafford("stack", "up", "--no-build", "--wait", "900")
    assert stack.credentials() == before
    code, verdict = stack.reconcile("--target", "postgres")
    assert code == 0
    assert str(verdict["totals"]["silver"]) == KEPT["silver"]
    assert stack.sql("warehouse", "SELECT count(*) FROM marts.fct_orders") == KEPT["orders"]
    assert ask_superset(before["superset"]["password"])[0] == ["The shop"]


@pytest.mark.cluster
def test_one_broker_becomes_three(stack: Stack) -> None:
    """`--profile cluster` on the same volumes: three copies of what had one, and two workers."""
    assert stack.copies("streaming") == (1, 1)
    stack.stafford("stack", "up", "--cluster", "--live", "--no-build", "--wait", "900")
    assert stack.copies("streaming") == (3, 3)
    assert "are as planned" in stack.inside("streaming", "stafford", "topics", "verify").stdout
    assert len(stack.workers()) == 2
    done = stack.stafford("stack", "up", "--no-build", check=False)
    assert done.returncode == 78, "one broker of three would find no quorum, so nothing is started"
    assert "kafka-2 has data" in done.stderr


@pytest.mark.cluster
def test_a_broker_and_a_worker_die_under_load(stack: Stack) -> None:
    """The shop goes on selling and the stream goes on reading, with a broker and the busy worker dead.

    With a second broker dead the shop goes on in the spool, and drains it when the brokers are back.
    """
    busy = next(worker["host"] for worker in stack.workers() if worker["coresused"])
    worker = busy.removesuffix(".processing")
    stack.compose("kill", "kafka", worker)
    assert stack.sells()
    stack.until("the other worker took over", lambda: bool(sum(w["coresused"] for w in stack.workers())))
    stack.await_two_batches()
    # Kafka gives a broker nine seconds before others lead for it, and the shop waits for five.
    stack.until("what was spooled meanwhile is drained", lambda: stack.spooled() == 0, limit_s=120)
    # Negative control: with a second broker dead Kafka takes nothing, and the shop goes on in the spool.
    stack.compose("kill", "kafka-2")
    stack.until("the shop goes on in the spool", lambda: stack.spooled() > 0, limit_s=120)
    assert stack.sells()
    stack.compose("up", "--detach", "--no-build", "--no-deps", "kafka", "kafka-2", worker)
    stack.until("all copies are in sync", lambda: stack.copies("streaming") == (3, 3))
    stack.until("both workers are back", lambda: len(stack.workers()) == 2)
    stack.until("the spool is drained", lambda: stack.spooled() == 0)
    assert stack.sells()


@pytest.mark.cluster
@pytest.mark.parametrize("broker", BROKERS)
def test_a_rolling_restart_stops_nobody(stack: Stack, broker: str) -> None:
    """One broker after the other, each only when all copies are in sync; the shop sells meanwhile."""
    stack.compose("stop", broker)
    assert stack.sells()
    stack.compose("start", broker)
    stack.until(f"{broker} is healthy again", lambda: stack.is_healthy(broker))
    stack.until("all copies are in sync", lambda: stack.copies("streaming") == (3, 3))


@pytest.mark.cluster
def test_the_cluster_lost_nothing_and_doubled_nothing(stack: Stack) -> None:
    """The ledger agrees with silver once more, about more than before."""
    stack.until("the simulator lives", lambda: stack.is_healthy("simulator"))
    stack.compose("stop", "simulator")
    stack.until("the stream caught up", lambda: stack.reconcile("--no-marts")[0] == 0, limit_s=420)
    _, verdict = stack.reconcile("--no-marts")
    assert verdict["totals"]["lost"] == verdict["totals"]["doubled"] == 0
    assert verdict["totals"]["silver"] > int(KEPT["silver"])


@pytest.mark.cluster
def test_a_batch_takes_executors_as_it_needs_them(stack: Stack) -> None:
    """With the stream away, `docker compose run --rm batch` ingests by dynamic allocation what was left."""
    stack.compose("stop", "streaming")
    stack.compose("start", "simulator")
    assert stack.sells(120)
    stack.compose("stop", "simulator")
    assert stack.reconcile("--no-marts")[0] == 3, "negative control: nobody has read the last events yet"
    stack.compose("run", "--rm", "--no-deps", "batch")
    code, verdict = stack.reconcile("--no-marts")
    assert (code, verdict["totals"]["lost"], verdict["totals"]["doubled"]) == (0, 0, 0)
    stack.until("history shows the batch", lambda: bool(stack.history("batch")))
    (run,) = stack.history("batch")
    executors = stack.history(f"{run['id']}/allexecutors")
    assert [executor for executor in executors if executor["id"] != "driver" and executor["completedTasks"]]


def ask_superset(password: str) -> tuple[list[str], int]:
    """Sign in; give the titles of the dashboards, and the orders that the dataset's metric counts."""

    def call(path: str, body: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(SUPERSET + path, data=data, headers=headers)  # noqa: S310  # ours
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310  # ours
            return dict(json.load(answer))

    sign_in = {"username": "admin", "password": password, "provider": "db"}
    token = call("/api/v1/security/login", sign_in)["access_token"]
    titles = [row["dashboard_title"] for row in call("/api/v1/dashboard/", token=token)["result"]]
    dataset = call("/api/v1/dataset/", token=token)["result"][0]["id"]
    query = {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [{"columns": [], "metrics": ["orders"]}],
        "result_format": "json",
        "result_type": "full",
    }
    data = call("/api/v1/chart/data", query, token)["result"][0]["data"]
    return titles, int(data[0]["orders"] or 0)
