"""`stafford stack`: the whole platform in containers."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stafford.cli.doctor import show_checks
from stafford.errors import ConfigError
from stafford.jobs.stack import StackJob, build

app = typer.Typer(no_args_is_help=True, help="The whole platform in containers: up, down, status, logs.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
PAGES = {
    "kafka-ui": "Kafka's topics and records",
    "airflow-api": "Airflow",
    "superset": "Superset",
    "spark-master": "Spark's cluster",
    "spark-history": "what Spark did",
}
"""Services that have a page for people."""


@app.command(epilog="Example: stafford stack up --live")
def up(
    live: Annotated[bool, typer.Option("--live", help="Let the shop live too: the simulator.")] = False,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Three brokers with three copies, and two Spark workers.")
    ] = False,
    wait: Annotated[float, typer.Option(help="Give up after so many seconds; the start goes on.")] = 900,
    build_images: Annotated[
        bool, typer.Option("--build/--no-build", help="Make our images anew where something in them changed.")
    ] = True,
) -> None:
    """Start everything and wait until it is healthy; examines this machine first.

    Safe to repeat. `docker compose up -d` does the same without the waiting and the advice.
    """
    job = build()
    profiles = [name for name, is_on in {"live": live, "cluster": cluster}.items() if is_on]
    with Console(stderr=True).status("starting") as status:
        containers = job.up(status.update, profiles=profiles, wait_s=wait, build=build_images)
    typer.echo(f"Ready: {len(containers)} services are healthy or have done their work.\n")
    _show_addresses(job)


@app.command(epilog="Example: stafford stack down")
def down(
    volumes: Annotated[bool, typer.Option("--volumes", help="Delete all data and secrets too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Stop and remove the containers. Data stays, unless you ask for more."""
    if volumes and not yes:
        typer.confirm("Delete every topic, table, dashboard and password of the stack?", abort=True)
    raise typer.Exit(build().down(volumes=volumes))


@app.command(epilog="Example: stafford stack status --json")
def status(as_json: Json = False) -> None:
    """Show each service. Exit code 0 when all are well, 1 when one is not or nothing runs."""
    containers = build().containers()
    if as_json:
        typer.echo(json.dumps([asdict(container) for container in containers], indent=2))
    elif not containers:
        typer.echo("Nothing runs. Start it with: stafford stack up")
    else:
        table = Table("service", "condition", box=None, pad_edge=False, header_style="bold")
        for container in containers:
            colour = "green" if container.is_done else "red" if container.has_failed else "yellow"
            table.add_row(container.service, f"[{colour}]{container.condition}[/]")
        Console(highlight=False).print(table)
    if not containers or not all(container.is_done for container in containers):
        raise typer.Exit(1)


@app.command(epilog="Example: stafford stack logs streaming --follow")
def logs(
    services: Annotated[list[str] | None, typer.Argument(help="Which; all of them when left out.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
    tail: Annotated[int, typer.Option(help="Lines of each service to begin with.")] = 100,
) -> None:
    """Show what services say."""
    raise typer.Exit(build().logs(services or [], follow=follow, tail=tail))


@app.command(epilog="Example: stafford stack doctor")
def doctor(
    cluster: Annotated[bool, typer.Option("--cluster", help="With three brokers and two workers.")] = False,
    as_json: Json = False,
) -> None:
    """Examine whether the stack can run here: exit code 1 when something must be done first."""
    show_checks(build().examine(["cluster"] if cluster else []), as_json=as_json)


@app.command(epilog="Example: stafford stack credentials")
def credentials(as_json: Json = False) -> None:
    """Show how to sign in. The passwords are of this installation alone, made at its first start."""
    known = build().credentials()
    if as_json:
        typer.echo(json.dumps([asdict(pair) for pair in known], indent=2))
        return
    table = Table("service", "user", "password", box=None, pad_edge=False, header_style="bold")
    for pair in known:
        table.add_row(pair.service, pair.user, pair.password)
    Console(highlight=False, soft_wrap=True).print(table)


@app.command(epilog="Example: stafford stack images --check")
def images(
    check: Annotated[
        bool,
        typer.Option("--check", help="Ask the registries whether each is still there, for every processor."),
    ] = False,
) -> None:
    """List the pinned images that come from a registry."""
    job = build()
    if not check:
        for image in job.images():
            typer.echo(image)
        return
    with Console(stderr=True).status("asking") as asking:
        faults = job.faulty_images(asking.update)
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise ConfigError(
            f"not every image can be had:\n{lines}\ncheck the network, then pin one that can in docker/"
        )
    typer.echo(f"All {len(job.images())} images are there, for amd64 and arm64.")


def _show_addresses(job: StackJob) -> None:
    ports = {port.service: port.port for port in job.ports()}
    running = {container.service for container in job.containers() if container.state == "running"}
    for service, what in PAGES.items():
        if service in running:
            typer.echo(f"  {what:<28} http://127.0.0.1:{ports[service]}")
    typer.echo(f"  {'Kafka, for programs':<28} 127.0.0.1:{ports['kafka']}")
    typer.echo(f"  {'PostgreSQL, the marts':<28} 127.0.0.1:{ports['postgres']}, database warehouse\n")
    typer.echo("How to sign in: stafford stack credentials")
