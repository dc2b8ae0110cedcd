"""What a product is: its place in the category tree, and the goods that it differs from in size or colour."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.layout import NOTHING
from stafford.generator.profile import CategoryProfile
from stafford.generator.profile_parts import Category
from stafford.generator.randomness import Flags, Ints, Keys, derive, draw_below, draw_unit, name_stream
from stafford.generator.vocabulary import CATEGORIES, CATEGORY_TREE, COLORS, SHADED, SIZES

PRODUCT = name_stream("product")
_CATEGORY, _SUBCATEGORY, _SIZE, _COLOR = 0, 10, 11, 12

_BRANCHES = [CATEGORY_TREE[category] for category in CATEGORIES]
_BRANCH_LENGTH = np.array([len(branch) for branch in _BRANCHES], np.int64)
_BRANCH_FIRST = np.cumsum(_BRANCH_LENGTH) - _BRANCH_LENGTH
_IS_SHADED = np.array([name in SHADED for name in CATEGORIES], np.bool_)
_SIZE_COUNT = np.array([len(SIZES.get(name, ())) for name in CATEGORIES], np.int64)
_SIZE_FIRST = np.cumsum(_SIZE_COUNT) - _SIZE_COUNT


@dataclass(frozen=True, slots=True)
class Traits:
    """Columns of products: places among the words of vocabulary, or NOTHING; group: its first product."""

    category: Ints
    subcategory: Ints
    group: Ints
    color: Ints
    size: Ints


class Assortment:
    """Places products in the tree and in groups, each by its number alone.

    So many consecutive products as there are variants are of one category. Where its goods come in sizes or
    colours they are a group: one thing, of which each product is a variant. Otherwise each is for itself.
    """

    def __init__(self, categories: Mapping[Category, CategoryProfile], variants: int, root: int) -> None:
        self._codes: Ints = np.array([CATEGORIES.index(name) for name in categories], np.int64)
        self._bounds = accumulate_shares([category.weight for category in categories.values()])
        self._variants = variants
        self._root = root

    def categorise(self, products: Ints) -> Ints:
        """Index into the profile's categories of each product."""
        first = products - products % self._variants
        return choose(draw_unit(derive(self._root, PRODUCT, first), _CATEGORY), self._bounds)

    def find_categories(self, products: Ints) -> Ints:
        """The place in CATEGORIES of each product's."""
        return self._codes[self.categorise(products)]

    def has_size(self, products: Ints) -> Flags:
        """Whether each product comes in sizes."""
        return _SIZE_COUNT[self.find_categories(products)] > 0

    def derive(self, products: Ints) -> Keys:
        """The keys of what the products of one group have in common."""
        return derive(self._root, PRODUCT, self._find_first(products, self.find_categories(products)))

    def describe(self, products: Ints) -> Traits:
        """What each product is. No two products of a group have the same size and colour."""
        category = self.find_categories(products)
        first = self._find_first(products, category)
        keys = derive(self._root, PRODUCT, first)
        sizes = _SIZE_COUNT[category]
        size = _SIZE_FIRST[category] + products - first
        size += draw_below(keys, _SIZE, np.maximum(sizes - self._variants + 1, 1))
        # What comes in sizes has one colour in all of them.
        shade = draw_below(keys, _COLOR, len(COLORS)) + np.where(sizes > 0, 0, products - first)
        is_alone = (self._variants == 1) | ~_varies(category)
        return Traits(
            category,
            _BRANCH_FIRST[category] + draw_below(keys, _SUBCATEGORY, _BRANCH_LENGTH[category]),
            np.where(is_alone, NOTHING, first),
            np.where(_IS_SHADED[category], shade % len(COLORS), NOTHING),
            np.where(sizes > 0, size, NOTHING),
        )

    def _find_first(self, products: Ints, category: Ints) -> Ints:
        return np.where(_varies(category), products - products % self._variants, products)


def _varies(category: Ints) -> Flags:
    return _IS_SHADED[category] | (_SIZE_COUNT[category] > 0)
