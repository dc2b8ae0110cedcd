"""How far sessions came."""

from itertools import pairwise

from stafford.page.chart import ACCENT, SERIES, Chart, NumberTable, bar_figure, bar_height
from stafford.report.data import ReportData
from stafford.report.wording import say_count, say_share


def chart_funnel(data: ReportData) -> Chart:
    """Draw how many sessions came to each step, and name the step that loses the largest share."""
    chart_id = "funnel"
    steps = data.funnel
    if not steps or not steps[0].sessions:
        return Chart(chart_id, "No session has been seen yet", "The way from visit to order appears here.")
    first, last = steps[0], steps[-1]
    # A step that nobody reached has no share to lose.
    losses = [
        (1 - after.sessions / before.sessions if before.sessions else 0.0, before, after)
        for before, after in pairwise(steps)
    ]
    loss, before, after = max(losses, key=lambda step: step[0])
    steepest = (
        f"; of those who {before.name}, {say_share(loss, 1)} leave before they have {_perfect(after.name)}"
        if loss > 0
        else ""
    )
    shares = [say_share(step.sessions, first.sessions) for step in steps]
    labels = [step.name.capitalize() for step in steps]
    return Chart(
        chart_id,
        f"{shares[-1]} of sessions end in an order{steepest}",
        "Sessions that came at least this far: whoever reached a step counts for all steps before it.",
        f"Five bars, from {say_count(first.sessions, 'session')} to {say_count(last.sessions)} that ordered: "
        + ", ".join(f"{step.name} {share}" for step, share in zip(steps, shares, strict=True))
        + ".",
        bar_figure(
            labels,
            [step.sessions for step in steps],
            value_texts=[
                f"{say_count(step.sessions)} · {share}" for step, share in zip(steps, shares, strict=True)
            ],
            colors=[ACCENT if step is after and loss > 0 else SERIES for step in steps],
            x_title="Sessions",
            hover_texts=[
                f"{label}: {say_count(step.sessions)}" for label, step in zip(labels, steps, strict=True)
            ],
        ),
        height_px=bar_height(len(steps)),
        numbers=NumberTable(
            ("Step", "Sessions", "Of all"),
            tuple(
                (label, say_count(step.sessions), share)
                for label, step, share in zip(labels, steps, shares, strict=True)
            ),
        ),
    )


def _perfect(name: str) -> str:
    verb, *rest = name.split(" ", 1)
    return " ".join([{"saw": "seen", "began": "begun"}.get(verb, verb), *rest])
