"""`stafford simulate`: a shop that lives until Ctrl-C."""

import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console

from stafford.cli.quantities import parse_duration, parse_rate, parse_speed
from stafford.cli.simulate_view import describe, show_progress
from stafford.generator.vocabulary import CATEGORIES
from stafford.jobs.simulate import PlannedSale, Progress, build
from stafford.settings import Settings

MOST_PERCENT, MOST_FACTOR = 90, 50  # of a flash sale, as in a profile


def parse_flash_sale(text: str) -> PlannedSale:
    """Read "in 2m for 5m electronics -30% x8": when, for how long, what, the discount, how much busier."""
    match = re.fullmatch(r"in (\S+) for (\S+) ([a-z]+) -(\d+)% x(\d+(?:\.\d+)?)", text.strip())
    if not match or not 1 <= int(match[4]) <= MOST_PERCENT or not 1 <= float(match[5]) <= MOST_FACTOR:
        raise typer.BadParameter(
            f"{text!r} is no flash sale; write: in 2m for 5m electronics -30% x8 "
            f"(1 to {MOST_PERCENT}%, x1 to x{MOST_FACTOR})"
        )
    if match[3] not in CATEGORIES:
        raise typer.BadParameter(f"{match[3]!r} is no category; there are {', '.join(CATEGORIES)}")
    begins_in, lasts = (timedelta(seconds=parse_duration(part)) for part in (match[1], match[2]))
    return PlannedSale(begins_in, lasts, match[3], int(match[4]), float(match[5]))


def simulate(
    rate: Annotated[
        float | None,
        typer.Option(
            parser=parse_rate,
            metavar="RATE",
            help="Size of the shop: records per shop second when it opens, as 50/s; from there they follow "
            "hour, weekday and season \\[default: 5/s, or what the home's shop has].",
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(parser=parse_speed, metavar="SPEED", help="Shop seconds per second, as 60x.")
    ] = "1x",  # type: ignore[assignment] # the parser reads the default too
    duration: Annotated[
        float | None,
        typer.Option("--for", parser=parse_duration, metavar="TIME", help="Stop after 30s, 5m or 2h."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Which shop of its kind \\[default: 42, or what the home's shop has].")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="Kind of shop \\[default: fashion-retail, or what the home's shop has]."),
    ] = None,
    flash_sale: Annotated[
        list[PlannedSale] | None,
        typer.Option(
            "--flash-sale",
            parser=parse_flash_sale,
            metavar="SALE",
            help='A sale to come, as "in 2m for 5m electronics -30% x8"; may be repeated.',
        ),
    ] = None,
    transport: Annotated[
        str,
        typer.Option(
            help="auto, kafka or files; auto takes files while no broker answers, and then gives Kafka those."
        ),
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Let a shop live and send its events, until Ctrl-C or for a time. Loses nothing when it is stopped.

    The next start in the same home goes on where this one stopped: the shop's clock has no gap. With a speed
    above 1x a new shop opens thirty days ago; its clock never passes ours.

    Example: stafford simulate --rate 50/s --for 30s
    """
    console = Console(stderr=True)

    def notify(message: str) -> None:
        console.print(message, style="bold yellow", soft_wrap=True, markup=False, highlight=False)

    with stop_on_signals() as stop:
        # How many sessions make the wanted rate is found by trying, which takes a second or two.
        with console.status("opening the shop"):
            job = build(
                Settings(), profile=profile, seed=seed, at_first=rate, sales=flash_sale or (), speed=speed,
                transport=transport, notify=notify,
            )  # fmt: skip
        with job, show_progress(console) as watch:
            done = job.live(duration_s=duration, speed=speed, stop=stop, watch=watch)
    typer.echo(json.dumps(_to_json(done, job.shop.run_id)) if as_json else f"Stopped. {describe(done)}")


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event, so that the batch in flight ends; the second kills."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _to_json(progress: Progress, run_id: str) -> dict[str, object]:
    facts = asdict(progress)
    facts["shop_time"] = progress.shop_time.isoformat().replace("+00:00", "Z")
    facts["behind_s"] = facts.pop("behind").total_seconds()
    return {"run_id": run_id, **facts}
