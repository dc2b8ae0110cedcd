"""The reference of commands and settings is in step with the code, and its examples can be typed."""

import re
import shlex

import pytest
from tests.docs import cli_reference, metrics_reference, topics_reference
from tests.docs.elsewhere import ELSEWHERE
from tests.docs.pages import COMMANDS, list_pages, read_page
from typer.main import get_command
from typer.testing import CliRunner

from stafford.cli.main import app
from stafford.settings import PROJECT_DIR, Settings

COMMAND_LINES = sorted(
    {
        command
        for page in list_pages()
        for block in read_page(page)
        if block.language in COMMANDS
        for command in block.commands
        if command.startswith("stafford ")
    }
    | {command for command in ELSEWHERE if command.startswith("stafford ")}
)
"""Every call of ours in the pages, also those that are run elsewhere or not at all."""


def find_misuse(line: str) -> str:
    """What is wrong with a command line; empty when it can be understood. Nothing is run."""
    words = shlex.split(line, comments=True)
    end = next(
        (place for place, word in enumerate(words) if word in {"|", ">", ">>", "&&", "||", ";", "2>&1"}), None
    )
    words = words[1:end]
    command, context = get_command(app), None
    try:
        while True:
            context = command.make_context(command.name or "stafford", words, parent=context)
            if not hasattr(command, "commands"):
                return ""
            rest = [*context._protected_args, *context.args]  # noqa: SLF001 - as Typer itself resolves a group
            _, command, words = command.resolve_command(context, rest)
    except SystemExit as stopped:
        return "" if stopped.code in (0, None) else f"exit code {stopped.code}"
    except Exception as exc:  # noqa: BLE001 - Typer brings a parser of its own, with its own errors
        if type(exc).__name__ in {"Exit", "NoArgsIsHelpError"}:
            return ""
        return str(getattr(exc, "message", exc)) or type(exc).__name__


def test_the_page_of_commands_is_in_step() -> None:
    """docs/reference/cli.md says what the commands say."""
    assert cli_reference.PATH.read_text(encoding="utf-8") == cli_reference.render(), (
        "run `python -m tests.docs.cli_reference`"
    )


def test_the_page_of_topics_is_in_step() -> None:
    """docs/reference/topics.md says what plan and contracts say."""
    assert topics_reference.PATH.read_text(encoding="utf-8") == topics_reference.render(), (
        "run `python -m tests.docs.topics_reference`"
    )


def test_the_page_of_metrics_is_in_step() -> None:
    """docs/reference/metrics.md says what an ingestion tells, and each metric is told by something."""
    assert metrics_reference.PATH.read_text(encoding="utf-8") == metrics_reference.render(), (
        "run `python -m tests.docs.metrics_reference`"
    )
    assert all(family.samples for family in metrics_reference.families())


@pytest.mark.parametrize("words", [words for words, _ in cli_reference.list_commands()], ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    """--help of every command succeeds and says what the command is for."""
    result = CliRunner().invoke(app, [*words[1:], "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "example",
    sorted(
        {
            example
            for _, command in cli_reference.list_commands()
            if (example := cli_reference.find_example(command))
        }
    ),
)
def test_examples_in_the_help_are_understood(example: str) -> None:
    """Each command line of an example parses."""
    for line in example.split("&&"):
        assert find_misuse(line.strip()) == ""


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_commands_in_the_pages_are_understood(line: str) -> None:
    """Each `stafford` line of a page parses, also where running it would take too long."""
    assert find_misuse(line) == ""


@pytest.mark.parametrize(
    "line", ["stafford no-such-command", "stafford demo --evnets 7", "stafford topics delete"]
)
def test_a_wrong_command_is_found(line: str) -> None:
    """Negative control: a wrong command, a wrong option and a missing argument are noticed."""
    assert find_misuse(line)


def test_the_example_of_settings_is_complete() -> None:
    """config/.env.example has every setting, and none that does not exist; defaults are the code's."""
    text = (PROJECT_DIR / "config" / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"(?m)^# STAFFORD_(\w+)=(.*)$", text))
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    assert set(shown) == set(fields)
    for name, field in fields.items():
        if field.default_factory is None:
            default = "" if field.default is None else str(field.default)
            assert shown[name] == default.replace("\\", "/"), name


def test_the_example_of_settings_can_be_read(tmp_path) -> None:
    """With every # taken off, the file is one that the settings accept."""
    text = (PROJECT_DIR / "config" / ".env.example").read_text(encoding="utf-8")
    path = tmp_path / ".env"
    path.write_text(re.sub(r"(?m)^# (STAFFORD_\w+=.+)$", r"\1", text), encoding="utf-8")
    settings = Settings(_env_file=path)
    assert settings.kafka == {"bootstrap.servers": "127.0.0.1:9092"}
    assert settings.kafka_port == 9092
