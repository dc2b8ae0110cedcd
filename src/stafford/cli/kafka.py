"""`stafford kafka`: the embedded broker."""

import json
from typing import Annotated

import typer
from rich.console import Console

from stafford.jobs import broker as broker_job
from stafford.jobs import kafka_tool
from stafford.runtime.broker_process import BrokerState
from stafford.settings import Settings

app = typer.Typer(
    help="Start, stop and look at the embedded Kafka broker of this home.",
    no_args_is_help=True,
    epilog="Example: stafford kafka start && stafford kafka status",
)

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command(epilog="Example: stafford kafka start --port 9092")
def start(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="First port to try; default STAFFORD_KAFKA_PORT.")
    ] = None,
    wait: Annotated[float, typer.Option(min=1, help="Seconds to wait for the broker to answer.")] = 60,
    as_json: _AsJson = False,
) -> None:
    """Start the broker, or say which one is running already.

    It keeps running after this command; stop it with `stafford kafka stop`.
    """
    settings = Settings()
    log = Console(stderr=True, highlight=False, soft_wrap=True)
    broker = broker_job.build(settings, progress=log.print)
    _show(broker.start(port or settings.kafka_port, wait, log.print), as_json=as_json)


@app.command(epilog="Example: stafford kafka stop")
def stop(as_json: _AsJson = False) -> None:
    """Stop the broker of this home and no other. Its data stays."""
    was_running = broker_job.stop(Settings())
    if as_json:
        typer.echo(json.dumps({"stopped": was_running}))
    else:
        typer.echo("Kafka is stopped." if was_running else "Kafka was not running.")


@app.command(epilog="Example: stafford kafka status --json")
def status(as_json: _AsJson = False) -> None:
    """Say whether the broker runs: exit code 0 when it does, 1 when it does not."""
    settings = Settings()
    state = broker_job.status(settings)
    if state is None:
        typer.echo(
            json.dumps({"running": False})
            if as_json
            else f"Kafka is not running; start it with: {settings.command('kafka start')}"
        )
        raise typer.Exit(1)
    _show(state, as_json=as_json)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Example: stafford kafka tool configs --describe --entity-type clients",
)
def tool(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="As Kafka's script, without kafka- and .sh: configs, topics, …")
    ],
) -> None:
    """Run one of Kafka's own tools against the broker; its arguments follow its name.

    `--bootstrap-server` is added. Other client settings, such as a login, go into a file that the tool is
    given with --command-config.
    """
    log = Console(stderr=True, highlight=False, soft_wrap=True)
    raise typer.Exit(kafka_tool.run(Settings(), name, context.args, log.print))


def _show(state: BrokerState, *, as_json: bool) -> None:
    facts = {
        "running": True,
        "bootstrap": state.bootstrap,
        "pid": state.pid,
        "started_at": state.started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "cluster_id": state.cluster_id,
        "log_path": str(state.log_path),
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    # One fact a line: nothing to wrap in a narrow terminal or to parse in a pipe.
    typer.echo(f"Kafka is running at {state.bootstrap}")
    for name in ("pid", "started_at", "log_path"):
        typer.echo(f"  {name}: {facts[name]}")
