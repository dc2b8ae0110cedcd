"""What a fault is."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from chaos.platform import Platform


def _nothing(_: Platform) -> None:
    pass


def _always() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break a running platform.

    name, title: what is broken, for scripts and for people. recovery: in words, what was done. inject: breaks
    it, at a moment that the runner chose. repair: what an operator does beyond starting again what ended,
    which the runner does after it; both count as recovery. to_marts: whether the verdict is about the marts,
    too, which are built again before it. find_obstacle: why this machine cannot do it; empty where it can.
    """

    name: str
    title: str
    recovery: str
    inject: Callable[[Platform, Random], None]
    repair: Callable[[Platform], None] = _nothing
    to_marts: bool = False
    find_obstacle: Callable[[], str] = _always
