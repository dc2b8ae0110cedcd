"""Which products earn most."""

from stafford.page.chart import ACCENT, SERIES, Chart, NumberTable, bar_figure, bar_height
from stafford.report.data import ReportData
from stafford.report.wording import say_count, say_euros, say_share, shorten

NAME_LIMIT = 30  # characters beside their amount on a phone of 360 pixels
TITLE_LIMIT = 60


def chart_products(data: ReportData) -> Chart:
    """Draw the products that sold for most."""
    products = data.products.to_pylist()
    if not products:
        return Chart("products", "Nothing has been sold yet", "The products that earn most appear here.")
    names = [row["product_name"] or row["product_id"] for row in products]
    cents = [row["revenue_cents"] for row in products]
    amounts = [say_euros(amount) for amount in cents]
    share = say_share(cents[0], data.totals.items_cents)
    rows = tuple(
        (name, row["category"] or "unknown", say_count(row["units"]), amount)
        for name, row, amount in zip(names, products, amounts, strict=True)
    )
    return Chart(
        "products",
        f"“{shorten(names[0], TITLE_LIMIT)}” earns most: {amounts[0]}, {share} of what was sold",
        f"The first {len(products)} of {say_count(data.totals.sold_product_count, 'product')} sold, "
        "by the euros of their order lines, without shipping.",
        f"Bars of revenue for {say_count(len(products), 'product')}, {amounts[0]} down to {amounts[-1]}.",
        bar_figure(
            [shorten(name, NAME_LIMIT) for name in names],
            [amount / 100 for amount in cents],
            value_texts=amounts,
            colors=[ACCENT, *[SERIES] * (len(products) - 1)],
            x_title="EUR",
            hover_texts=[
                f"{shorten(name, TITLE_LIMIT)}: {amount}, {say_count(row['units'], 'unit')}"
                for name, amount, row in zip(names, amounts, products, strict=True)
            ],
        ),
        height_px=bar_height(len(products)),
        numbers=NumberTable(("Product", "Category", "Units", "Revenue"), rows),
    )
