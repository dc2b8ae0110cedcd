"""The command line: registers the commands, and turns errors into one line and an exit code."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from stafford.cli import (
    build,
    clean,
    contracts,
    demo,
    doctor,
    generate,
    ingest,
    kafka,
    live,
    profile,
    publish,
    realism,
    reconcile,
    report,
    simulate,
    stack,
    topics,
)
from stafford.errors import ConfigError, StaffordError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="An end-to-end e-commerce data platform that knows the truth about every event it sent.",
    epilog="Start with: stafford demo",
)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(simulate.simulate)
app.command()(generate.generate)
app.command()(ingest.ingest)
app.command()(live.live)
app.command()(publish.publish)
app.command()(build.build)
app.command()(reconcile.reconcile)
app.command()(report.report)
app.command()(realism.realism)
app.command()(clean.clean)
app.add_typer(kafka.app, name="kafka")
app.add_typer(topics.app, name="topics")
app.add_typer(contracts.app, name="contracts")
app.add_typer(profile.app, name="profile")
app.add_typer(stack.app, name="stack")


@app.callback()
def common(
    home: Annotated[
        Path | None,
        typer.Option(help="Where everything that a run writes goes \\[default: data/shop]."),
    ] = None,
) -> None:
    """Options of every command."""
    if home is not None:
        # Settings are read by each command; the option is one more way to set this one.
        os.environ["STAFFORD_HOME"] = str(home)


def main() -> None:
    """Run the command line.

    Exit codes: 0 done; 1 and above, see stafford.errors (3 does not reconcile, 74 disk, 75 try again,
    78 configuration); 130 stopped by Ctrl-C.
    """
    # A polite end lets every `with` close what it opened, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except StaffordError as error:
        _say_error(str(error))
        sys.exit(error.exit_code)
    except ValidationError as error:
        for wrong in error.errors():
            name = "_".join(str(part) for part in wrong["loc"]).upper()
            _say_error(f"STAFFORD_{name} is {wrong['input']!r}: {wrong['msg']}; set it right or unset it")
        sys.exit(ConfigError.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def _say_error(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] {escape(text)}")
