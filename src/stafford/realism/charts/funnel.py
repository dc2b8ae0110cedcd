"""How far sessions come."""

from stafford.page.chart import ACCENT, SERIES, Chart, NumberTable, bar_figure, bar_height
from stafford.realism.facts import Facts


def chart_funnel(facts: Facts) -> Chart:
    """Draw how many sessions reach each step."""
    counts = facts.visits.all
    if not counts.sessions:
        return Chart("funnel", "No session has been seen", "The way from visit to order appears here.")
    steps = {
        "Sessions": counts.sessions,
        "Saw a product": counts.with_views,
        "Put one into the cart": counts.with_add,
        "Began to check out": counts.with_checkout,
        "Ordered": counts.with_order,
    }
    texts = [f"{count:,} · {100 * count / counts.sessions:.1f} %" for count in steps.values()]
    title = f"{100 * counts.with_order / counts.sessions:.1f} % of sessions end in an order"
    return Chart(
        "funnel",
        title,
        "Sessions in which this happened at least once.",
        f"{title}: " + ", ".join(f"{name} {text}" for name, text in zip(steps, texts, strict=True)) + ".",
        bar_figure(
            list(steps),
            list(steps.values()),
            value_texts=texts,
            colors=[ACCENT if name == "Ordered" else SERIES for name in steps],
            x_title="Sessions",
            hover_texts=[f"{name}: {text}" for name, text in zip(steps, texts, strict=True)],
        ),
        height_px=bar_height(len(steps)),
        numbers=NumberTable(
            ("Step", "Sessions · of all"),
            tuple((name, text) for name, text in zip(steps, texts, strict=True)),
        ),
    )
