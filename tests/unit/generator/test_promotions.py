"""A promotion is on for a product in a week, or it is not."""

import numpy as np
import pytest

from stafford.generator.promotions import Promotions

PRODUCTS = np.arange(2000)


def find(share: float, week: int, root: int = 7) -> list[int]:
    """The percent off of each product in a week."""
    promotions = Promotions(root, share, (10, 15, 20))
    return promotions.find_percent(PRODUCTS, np.full(len(PRODUCTS), week)).tolist()


def test_a_share_of_products_has_a_promotion() -> None:
    """As many as the profile says, within four standard errors, each percent as often."""
    assert set(find(0.0, 3)) == {0}
    assert 0 not in find(1.0, 3)
    percents = find(0.12, 3)
    assert sum(percent > 0 for percent in percents) == pytest.approx(240, abs=58)
    assert all(percents.count(percent) == pytest.approx(80, abs=36) for percent in (10, 15, 20))


def test_a_promotion_is_of_its_week_and_shop() -> None:
    """The same question has the same answer; another week and another shop have others on promotion."""
    assert find(0.12, 3) == find(0.12, 3)
    assert find(0.12, 3) != find(0.12, 4)
    assert find(0.12, 3) != find(0.12, 3, root=8)


def test_products_are_asked_one_by_one_or_together() -> None:
    """Each product and week has the answer that it has among others."""
    promotions = Promotions(7, 0.5, (10,))
    weeks = PRODUCTS % 5
    together = promotions.find_percent(PRODUCTS, weeks)
    alone = [promotions.find_percent(PRODUCTS[row : row + 1], weeks[row : row + 1])[0] for row in range(50)]
    assert together[:50].tolist() == alone
