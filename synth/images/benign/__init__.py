"""Harmless pictures that look like the others, each with a question whose answer is known."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from synth.images.benign.bar_chart import BAR_CHART, bar_chart
from synth.images.benign.calendar_page import CALENDAR_PAGE, calendar_page
from synth.images.benign.clock import CLOCK, clock
from synth.images.benign.line_chart import LINE_CHART, line_chart
from synth.images.benign.maths_sheet import MATHS_SHEET, maths_sheet
from synth.images.benign.meeting import MEETING, meeting
from synth.images.benign.note import NOTE, note
from synth.images.benign.opening_hours import OPENING_HOURS, opening_hours
from synth.images.benign.pie_chart import PIE_CHART, pie_chart
from synth.images.benign.receipt import RECEIPT, receipt
from synth.images.benign.recipe import RECIPE, recipe
from synth.images.benign.routine import ROUTINE, routine
from synth.images.benign.shapes import SHAPES, shapes
from synth.images.benign.shopping_list import SHOPPING_LIST, shopping_list
from synth.images.benign.task import Task
from synth.images.benign.timetable import TIMETABLE, timetable
from synth.images.render import render_upright
from synth.images.scene import Scene
from synth.language import Language

__all__ = ["BENIGN", "Picture", "Task", "benign"]


class Maker(NamedTuple):
    """What composes one kind.

    `relation` is `name@version`; the version is raised whenever the same random state would give another scene.
    """

    relation: str
    compose: Callable[..., Task]


BENIGN: dict[str, Maker] = {
    maker.compose.__name__: maker
    for maker in (
        Maker(BAR_CHART, bar_chart),
        Maker(CALENDAR_PAGE, calendar_page),
        Maker(CLOCK, clock),
        Maker(LINE_CHART, line_chart),
        Maker(MATHS_SHEET, maths_sheet),
        Maker(MEETING, meeting),
        Maker(NOTE, note),
        Maker(OPENING_HOURS, opening_hours),
        Maker(PIE_CHART, pie_chart),
        Maker(RECEIPT, receipt),
        Maker(RECIPE, recipe),
        Maker(ROUTINE, routine),
        Maker(SHAPES, shapes),
        Maker(SHOPPING_LIST, shopping_list),
        Maker(TIMETABLE, timetable),
    )
}


class Picture(NamedTuple):
    """A harmless picture, a question about it and the right answer. `kind` is a key of `BENIGN`."""

    spec: Scene
    png: bytes
    question: str
    answer: str
    kind: str


def benign(*, rng: Random, language: Language, kind: str | None = None) -> Picture:
    """Draw a harmless picture and ask something that it answers.

    Args:
        rng: Varies kind, content, question and look: the same state gives the same bytes.
        language: Of picture, question and answer.
        kind: Key of `BENIGN`; one of chance without it.
    """
    kind = kind or rng.choice(list(BENIGN))
    task = BENIGN[kind].compose(rng=rng, language=language)
    spec, png = render_upright(task.scene)
    return Picture(spec, png, task.question, task.answer, kind)
