"""`stafford doctor`: whether this machine can run the platform."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from stafford.runtime.doctor import Check, Status, examine
from stafford.runtime.java import install_java
from stafford.settings import Settings

_COLOURS = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "red"}


def doctor(
    install: Annotated[
        bool, typer.Option("--install-java", help="First download Java 21 for this user alone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Examine this machine and say what to do: exit code 1 when something must be done first.

    Example: stafford doctor --json
    """
    settings = Settings()
    if install:
        install_java(Console(stderr=True, highlight=False, soft_wrap=True).print)
    checks = examine(
        settings.home_dir,
        settings.cache_dir,
        kafka_dir=settings.broker_dir,
        kafka_port=settings.kafka_port,
    )
    show_checks(checks, as_json=as_json)


def show_checks(checks: list[Check], *, as_json: bool) -> None:
    """Print each finding and below it what to do; exit code 1 when something must be done first."""
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks]))
    else:
        _print(checks)
    if any(check.status is Status.FAIL for check in checks):
        raise typer.Exit(1)


def _print(checks: list[Check]) -> None:
    # Lines rather than a table: they stay readable in a narrow terminal and in a pipe.
    console = Console(highlight=False, soft_wrap=True)
    for check in checks:
        mark = Text(f"{check.status.value:<5}", style=_COLOURS[check.status])
        console.print(mark + Text(f"{check.name}: {check.found}"))
        if check.advice:
            console.print(Text(f"      → {check.advice}"))
