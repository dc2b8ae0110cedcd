"""How much a folder of events resembles a real shop, judged from the events alone.

`load_targets` reads what a kind of shop must be, `measure` reads events and judges, `render` draws the page.
Nothing here knows how the events were made: not the generator, not its profile, not the labels.
"""

from stafford.realism.measurement import Measurement, measure
from stafford.realism.page import render, say_verdict
from stafford.realism.result import Result, Verdict
from stafford.realism.seeds import Row, compare_seeds, find_worst
from stafford.realism.targets import Targets, load_targets

__all__ = [
    "Measurement",
    "Result",
    "Row",
    "Targets",
    "Verdict",
    "compare_seeds",
    "find_worst",
    "load_targets",
    "measure",
    "render",
    "say_verdict",
]
