"""The quick start's generator script, a few lines over `stafford simulate`; takes the same options.

    python src/data_generator/stream_simulator.py
    python src/data_generator/stream_simulator.py --rate 50/s --for 30s

It starts nothing by itself: when no broker answers, it writes to files and says so.
"""

import sys
from pathlib import Path

# Works in a clone where only the requirements are installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stafford import packages

with packages.needed():
    import typer

    from stafford.cli.simulate import simulate
    from stafford.errors import StaffordError


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
