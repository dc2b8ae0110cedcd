"""What happens to names on their way through forms and exports: still text, and no longer the same."""
# ruff: noqa: RUF001 - look-alikes are the point

from collections.abc import Callable, Mapping

from stafford.generator.mess_profile import Defect

_LOOK_ALIKES = str.maketrans(
    "aceijopsxyABCEHIKMOPSTX",
    "асеіјорѕхуАВСЕНІКМОРЅТХ",  # Cyrillic
) | str.maketrans("小", "⼩")  # a radical, for the name without Latin letters
_EMOJI = ("🛍️", "👩🏽‍💻", "❤️‍🔥", "🇪🇺")  # each of several code points


def garble(text: str) -> str:
    """Mojibake: UTF-8 that was read as Latin-1. A name in ASCII gets the no-break space of a web form."""
    typed = text.replace(" ", "\u00a0", 1) if text.isascii() else text
    return typed.encode().decode("latin-1")


def imitate(text: str) -> str:
    """Latin letters replaced by others that look the same."""
    return text.translate(_LOOK_ALIKES)


def decorate(text: str) -> str:
    """An emoji at the end."""
    return f"{text} {_EMOJI[len(text) % len(_EMOJI)]}"


REWORDINGS: Mapping[Defect, Callable[[str], str]] = {
    Defect.MOJIBAKE: garble,
    Defect.HOMOGLYPH: imitate,
    Defect.EMOJI: decorate,
}
"""Each changes every name that the generator makes, so that no label lies."""
