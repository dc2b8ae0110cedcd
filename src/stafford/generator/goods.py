"""Names and brands of products, from numbers."""

from dataclasses import dataclass

from stafford.generator.vocabulary import BRANDS, CATEGORY_TREE, PRODUCT_STYLES

_NOUNS = {name: nouns for branch in CATEGORY_TREE.values() for name, nouns in branch.items()}


@dataclass(frozen=True, slots=True)
class Good:
    """How a product appears in events."""

    name: str
    brand: str


def write_goods(numbers: list[int], subcategories: list[str], names: list[int]) -> list[Good]:
    """One good for each product.

    Args:
        numbers: of the product, or of its group; they tell apart what is called the same.
        subcategories: of each.
        names: large draws that choose brand, style and noun.
    """
    goods = []
    for number, subcategory, draw in zip(numbers, subcategories, names, strict=True):
        nouns = _NOUNS[subcategory]
        brand, rest = BRANDS[draw % len(BRANDS)], draw // len(BRANDS)
        style, noun = PRODUCT_STYLES[rest % len(PRODUCT_STYLES)], nouns[rest // 16 % len(nouns)]
        goods.append(Good(f"{style} {noun} {number}", brand))
    return goods
