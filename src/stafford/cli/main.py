"""The command line: registers the commands, and turns errors into one line and an exit code."""

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from stafford.errors import ConfigError, StaffordError

COMMANDS = {
    "demo": "Send a shop's month and a live day through Kafka, Spark and dbt, reconcile, and write a report.",
    "doctor": "Examine this machine and say what to do: exit code 1 when something must be done first.",
    "simulate": (
        "Let a shop live and send its events, until Ctrl-C or for a time. Loses nothing when it is stopped."
    ),
    "generate": (
        "Write the events of a shop to files, a folder per topic, with the truth about each under labels/."
    ),
    "ingest": "Read Kafka and the spool into bronze, and bronze into silver and quarantine.",
    "quarantine": "What silver refused and why, and the way back into silver.",
    "batch": "Make sessions and daily numbers from silver, by whole UTC days of event time.",
    "maintain": "Join small files, delete unneeded ones, and see what tables are made of.",
    "live": "Watch revenue, orders, sessions and top products, until Ctrl-C.",
    "publish": "Copy the newest version of every silver table into the warehouse, all of them or none.",
    "build": "Build the marts from what was published, and test them; the first run installs dbt.",
    "reconcile": "Compare the ledger with bronze, silver, quarantine and marts, by sets of ids and by cents.",
    "report": "Write one HTML file about the shop and the run; it opens offline.",
    "realism": "Measure generated events against what real shops look like, from the events alone.",
    "clean": "Stop the home's broker and delete the home: topics, lake, ledger, warehouse and report.",
    "kafka": "Start, stop and look at the embedded Kafka broker of this home.",
    "topics": "Plan, apply and verify the Kafka topics of config/topics.yaml.",
    "groups": "List consumer groups, show how far behind each is, and reset one.",
    "bench": "Measure on this machine, beside the tools of others.",
    "spool": "Look at, check and empty the spool: records that were accepted while Kafka was away.",
    "contracts": "The data contracts, and what is derived from them.",
    "profile": "The kinds of shop that the generator knows.",
    "stack": "The whole platform in containers: up, down, status, logs.",
}
"""Each is a module of this package, with a function of its name or an `app` of several commands. Its first
line of help stands here as well, so that the list of all needs none of them imported."""


class Commands(TyperGroup):
    """Imports a command when it is asked for: together they import Spark, numba, scipy and DuckDB."""

    _only_lists = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order in which the help shows them."""
        del ctx
        return list(COMMANDS)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Of each command it shows one line."""
        self._only_lists = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._only_lists = False

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C is answered, where the command does not answer it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("stopped by Ctrl-C; what is written stands, and the same command goes on", err=True)
            raise typer.Exit(130) from None

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, if there is one."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        if self._only_lists:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name])
        module = import_module(f"stafford.cli.{cmd_name}")
        if hasattr(module, "app"):
            group = get_group(module.app)
            group.name = cmd_name
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(getattr(module, cmd_name))
        return get_command(alone)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="An end-to-end e-commerce data platform that knows the truth about every event it sent.",
    epilog="Start with: stafford demo",
)


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


def run() -> None:
    """The program: `main`, and an end by which no thread of a library can change how it ended.

    Arrow reads through Python from threads of its own. One that is still at it while the interpreter is taken
    down hangs, or ends the process by SIGABRT: "terminate called without an active exception".
    """
    status: Any = 0
    try:
        main()
    except SystemExit as end:
        status = end.code or 0
    # Waits for what is no daemon, as the interpreter does.
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  # there is no public way
    atexit._run_exitfuncs()  # noqa: SLF001  # nor here
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it is gone
            stream.flush()
    os._exit(status if isinstance(status, int) else 1)


def main() -> None:
    """Run the command line.

    Exit codes: 0 done; 1 and above, see stafford.errors (3 does not reconcile, 74 disk, 75 try again,
    78 configuration); 130 stopped by Ctrl-C.
    """
    # A polite end lets every `with` close what it opened, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        status = app(prog_name="stafford", standalone_mode=False)
    except typer.TyperException as error:
        said: Any = error  # its public type does not name what it has
        if text := said.format_message().rstrip("."):
            if "No such option: --home" in text:
                text = "--home goes before the command, as in `stafford --home DIR live`"
            _say_error(f"{text}; see: {said.ctx.command_path if said.ctx else 'stafford'} --help")
        else:  # a group without a command: the help is the answer
            said.show()
        sys.exit(said.exit_code)
    except typer.Abort:
        sys.exit(1)
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
    sys.exit(status if isinstance(status, int) else 0)


def _say_error(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] {escape(text)}")
