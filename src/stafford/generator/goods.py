"""Names and brands of products, from numbers."""

from dataclasses import dataclass

from stafford.generator.vocabulary import BRANDS, PRODUCT_NOUNS, PRODUCT_STYLES


@dataclass(frozen=True, slots=True)
class Good:
    """How a product appears in events."""

    name: str
    brand: str


def write_goods(numbers: list[int], categories: list[str], names: list[int]) -> list[Good]:
    """One good for each product number.

    Args:
        numbers: product numbers; they make names unique.
        categories: of each.
        names: large draws that choose brand, style and noun.
    """
    goods = []
    for number, category, draw in zip(numbers, categories, names, strict=True):
        nouns = PRODUCT_NOUNS[category]
        brand, rest = BRANDS[draw % len(BRANDS)], draw // len(BRANDS)
        style, noun = PRODUCT_STYLES[rest % len(PRODUCT_STYLES)], nouns[rest // 16 % len(nouns)]
        goods.append(Good(f"{style} {noun} {number}", brand))
    return goods
