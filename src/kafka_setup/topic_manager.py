"""The quick start's topic script, a few lines over `stafford topics`.

python src/kafka_setup/topic_manager.py --create-topics
python src/kafka_setup/topic_manager.py --list
python src/kafka_setup/topic_manager.py --describe orders
python src/kafka_setup/topic_manager.py --delete orders
"""

import argparse
import sys
from pathlib import Path

# Works in a clone where only the requirements are installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stafford import packages

with packages.needed():
    from stafford.cli import topics
    from stafford.errors import StaffordError
    from stafford.jobs import broker
    from stafford.settings import Settings

ALL = object()


def main() -> int:
    """Run one action; gives the exit code."""
    parser = argparse.ArgumentParser(description="Create, list, describe and delete the Kafka topics.")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--create-topics", action="store_true", help="create and update as config/topics.yaml says"
    )
    action.add_argument("--list", action="store_true", help="list the topics on the broker")
    action.add_argument("--describe", nargs="?", const=ALL, metavar="NAME", help="describe one topic, or all")
    action.add_argument("--delete", metavar="NAME", help="delete a topic and every record in it")
    parser.add_argument("--yes", action="store_true", help="do not ask before deleting")
    wanted = parser.parse_args()
    try:
        if wanted.create_topics:
            start_broker(Settings())
            return run("apply")
        if wanted.list:
            return run("list")
        if wanted.delete:
            return run("delete", wanted.delete, *(["--yes"] if wanted.yes else []))
        return run("describe", *([] if wanted.describe is ALL else [wanted.describe]))
    except StaffordError as error:
        say(f"error: {error}")
        return error.exit_code


def start_broker(settings: Settings) -> None:
    """Start the embedded broker, unless it runs or the settings name another one."""
    if settings.kafka.get("bootstrap.servers") or broker.status(settings):
        return
    say("No Kafka broker runs here and STAFFORD_KAFKA names none: starting the embedded one.")
    state = broker.build(settings, progress=say).start(settings.kafka_port, progress=say)
    say(f"Kafka runs at {state.bootstrap}; stop it with `stafford kafka stop`.")


def say(message: str) -> None:
    """Tell a person; stdout is for what was asked."""
    sys.stderr.write(f"{message}\n")


def run(*arguments: str) -> int:
    """Run one `stafford topics` command; gives its exit code."""
    return topics.app(list(arguments), prog_name="stafford topics", standalone_mode=False) or 0


if __name__ == "__main__":
    sys.exit(main())
