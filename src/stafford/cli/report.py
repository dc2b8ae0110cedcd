"""`stafford report`: writes the report of this home, and opens it when asked."""

import json
import webbrowser
from typing import Annotated

import typer

from stafford.jobs.report import build
from stafford.settings import Settings

VERDICTS = {
    True: "every event is accounted for",
    False: "NOT every event is accounted for",
    None: "nobody has reconciled yet; run `stafford reconcile` first",
}


def report(
    *,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a sentence.")
    ] = False,
) -> None:
    """Write one HTML file about the shop and the run; it opens offline.

    Example: stafford report --open
    """
    written = build(Settings()).run()
    if as_json:
        facts = {
            "path": str(written.path),
            "bytes": written.size_bytes,
            "reconciled": written.is_reconciled,
        }
        typer.echo(json.dumps(facts))
    else:
        typer.echo(f"{written.path} ({written.size_bytes / 1e6:.1f} MB): {VERDICTS[written.is_reconciled]}")
    if open_it and not webbrowser.open(written.path.as_uri()):
        typer.echo(f"no browser to open it with; open {written.path} yourself", err=True)
