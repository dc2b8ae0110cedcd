"""The quick start's generator script, a few lines over `stafford simulate`; takes the same options.

    python src/data_generator/stream_simulator.py
    python src/data_generator/stream_simulator.py --rate 50/s --for 30s

It starts nothing by itself: when no broker answers, it writes to files and says so.
"""

import sys
from pathlib import Path

# Works in a clone where only the requirements are installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

try:
    import typer

    from stafford.cli.simulate import simulate
    from stafford.errors import StaffordError
except ModuleNotFoundError as missing:
    sys.stderr.write(
        f"error: {missing} in {sys.executable}; install with `pip install -r requirements.txt`, or call "
        "the Python of the environment that has it\n"
    )
    sys.exit(78)


def main() -> int:
    """Simulate; gives the exit code."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(simulate)
    try:
        app(standalone_mode=True)
    except StaffordError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
