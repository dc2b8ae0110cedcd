"""Writes docs/reference/cli.md from the command line itself: `python -m tests.docs.cli_reference`."""

from collections.abc import Iterator

import typer
from typer.core import TyperGroup
from typer.main import get_command

from stafford.cli.main import app
from stafford.settings import PROJECT_DIR

PATH = PROJECT_DIR / "docs" / "reference" / "cli.md"
INTRODUCTION = """\
<!-- Derived from the commands by `python -m tests.docs.cli_reference`; change the command, not this page. -->

# Command line

`stafford COMMAND --help` says the same in a terminal. `--home PATH` stands before the command and applies to
it. Commands that print something for people print JSON for scripts with `--json`.

| Exit code | Meaning |
| --- | --- |
| 0 | Done. |
| 1 | It failed, or what was asked about is not so; the message says which. |
| 2 | The command line cannot be understood. |
| 3 | Ledger and tables disagree. |
| 65 | The data are not what they must be: a contract, a spool segment, or offsets that are gone. |
| 74 | A disk is full or a folder cannot be written. |
| 75 | Not now: try again later. |
| 78 | A setting, a file or a tool is wrong or missing. |
| 130 | Stopped by Ctrl-C. |
"""


def walk(command: object, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every command with the words that call it; groups only hold others."""
    if not isinstance(command, TyperGroup):
        yield words, command
        return
    context = typer.Context(command)
    for name in command.list_commands(context):
        yield from walk(command.get_command(context, name), (*words, name))


def list_commands() -> list[tuple[tuple[str, ...], object]]:
    """The words of each command, such as ("stafford", "kafka", "start"), and the command."""
    return list(walk(get_command(app), ("stafford",)))


def find_example(command: object) -> str:
    """The example of a command's help; empty when it has none."""
    text = f"{command.help or ''}\n{command.epilog or ''}"
    return text.split("Example:", 1)[1].strip().splitlines()[0].strip() if "Example:" in text else ""


def render() -> str:
    """The page."""
    return "\n".join([INTRODUCTION, *(_section(words, command) for words, command in list_commands())])


def _section(words: tuple[str, ...], command: object) -> str:
    about = (command.help or "").split("Example:")[0].strip()
    paragraphs = [" ".join(paragraph.split()) for paragraph in about.split("\n\n")]
    parts = [f"## {' '.join(words)}", *paragraphs]
    if example := find_example(command):
        parts.append(f"Example: `{example}`")
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    if rows:
        parts.append("\n".join(["| Argument or option | Meaning | Default |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def _row(parameter: object) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.name.upper()
    else:
        name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    if callable(default) or default is None or default is False:
        shown = "required" if parameter.required else ""
    elif default is True:
        shown = parameter.opts[0]
    else:
        shown = str(getattr(default, "value", default))
    meaning = (getattr(parameter, "help", None) or "").replace("|", "\\|")
    return f"| `{name}` | {meaning} | {f'`{shown}`' if shown and shown != 'required' else shown} |"


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8", newline="\n")
    typer.echo(f"wrote {PATH}")
