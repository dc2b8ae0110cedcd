"""Titles of reviews, from numbers."""

from stafford.generator.vocabulary import COUNTRIES, REVIEW_ASPECTS, REVIEW_VERDICTS

MOST_WORDS = 1 << 20
"""Above any draw that chooses words."""


def write_titles(ratings: list[int], titles: list[int]) -> list[str]:
    """One title for each review, in a language of the buyer's country.

    Args:
        ratings: stars, 1 to 5.
        titles: place of the country among COUNTRIES + len(COUNTRIES) * a draw below MOST_WORDS.
    """
    written = []
    for rating, title in zip(ratings, titles, strict=True):
        country, draw = COUNTRIES[title % len(COUNTRIES)], title // len(COUNTRIES)
        aspects, verdicts = REVIEW_ASPECTS[country], REVIEW_VERDICTS[country][rating - 1]
        aspect, verdict = aspects[draw % len(aspects)], verdicts[draw // len(aspects) % len(verdicts)]
        written.append(f"{aspect}: {verdict}")
    return written
