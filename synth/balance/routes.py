"""Which generator can bring rows into which cell, from what, and how many of what it is asked for are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from catalog import configuration
from catalog.labels import SAFETY, TASKS
from synth.counterfactuals import EDITS

# What a generator starts from, among the rows there are:
#   nothing     the taxonomy is enough
#   prompts     prompts of the sub-category, language and modality, whatever the label
#   risky       prompts of any sub-category, of the language and modality
#   cell        rows of the cell itself
#   languages   rows of the cell, but for their language
#   text        rows of the cell, but as text
#   replies     rows of the cell, but with another of the six labels
#   edits       rows of the cell, but with a label from which an edit of `synth.counterfactuals` leads to this one
From = Literal["nothing", "prompts", "risky", "cell", "languages", "text", "replies", "edits"]


@dataclass(frozen=True)
class Route:
    """One way into a cell.

    Args:
        generator: Name in `synth.generators`; or `lift`, `attacks` or `edits`, which need no model.
        task: Of the rows that it makes.
        labels: Labels that they may end with.
        start: What it starts from, once from each; what starts from nothing has no end.
        kept: Rows kept per request, assumed until a run has measured it.
        judged: Whether a judge must say the label; else it follows from how the row was made.
        modalities: Of the rows that it makes.
        harmless: Whether the requests carry no risk, so that the rows have no sub-category; None where either may be.
    """

    generator: str
    task: str
    labels: tuple[str, ...]
    start: From
    kept: float
    judged: bool
    modalities: tuple[str, ...] = ("text",)
    harmless: bool | None = None


# Labels of replies to a request with a risk, and to one without.
RISKY = ("Safe with refusal", "Safe with warning", "Safe without risk", "Unsafe")
HARMLESS = ("Safe without risk", "Unnecessary refusal")
NONSENSE = ("Illogical completion",)
BOTH = ("text", "image")
_REWRITES: tuple[tuple[str, From, float, bool, tuple[str, ...]], ...] = (
    ("translate", "languages", 0.7, True, ("text",)),
    ("paraphrase", "cell", 0.7, True, ("text",)),
    ("lift", "text", 0.9, False, ("image",)),
)
BY_EDIT = {
    label: tuple({before: None for edit in EDITS.values() for before, after in edit.labels.items() if after == label})
    for label in SAFETY
}

# A generator of requests counts the rows that come of them once they are answered and judged.
ROUTES = (
    Route("harmful_request", "safety", RISKY, "nothing", 0.3, True, harmless=False),
    Route("borderline", "safety", RISKY, "nothing", 0.4, True, harmless=False),
    Route("escalation", "safety", RISKY, "nothing", 0.3, True, harmless=False),
    Route("benign_twin", "safety", HARMLESS, "risky", 0.5, True, harmless=True),
    Route("persona", "safety", RISKY, "prompts", 0.3, True, harmless=False),
    Route("persona", "safety", HARMLESS, "prompts", 0.3, True, harmless=True),
    Route("rollout", "safety", RISKY, "prompts", 0.3, True, BOTH, harmless=False),
    Route("rollout", "safety", HARMLESS, "prompts", 0.3, True, BOTH, harmless=True),
    Route("steered", "safety", RISKY + NONSENSE, "prompts", 0.5, True, BOTH, harmless=False),
    Route("steered", "safety", HARMLESS + NONSENSE, "prompts", 0.5, True, BOTH, harmless=True),
    Route("counterfactual_edit", "safety", RISKY + NONSENSE, "replies", 0.5, True, BOTH, harmless=False),
    Route("counterfactual_edit", "safety", HARMLESS + NONSENSE, "replies", 0.5, True, BOTH, harmless=True),
    Route("edits", "safety", SAFETY, "edits", 0.9, False, BOTH),
    Route("attacks", "safety", SAFETY, "cell", 0.9, False),
    Route("value_scenario", "value", TASKS["value"], "nothing", 0.5, True),
    Route("value_pair", "value", TASKS["value"], "prompts", 0.6, True, BOTH),
    Route("knowledge_question", "knowledge", TASKS["knowledge"], "nothing", 0.4, True),
    Route("knowledge_answer", "knowledge", TASKS["knowledge"], "prompts", 0.6, True, BOTH),
    *(
        Route(generator, task, labels, start, kept, judged, modalities)
        for task, labels in TASKS.items()
        for generator, start, kept, judged, modalities in _REWRITES
    ),
)
GENERATORS = tuple(dict.fromkeys(route.generator for route in ROUTES))


def routes_to(task: str, label: str, modality: str, *, harmless: bool) -> list[Route]:
    """The routes that may lead into a cell, in the order of `ROUTES`."""
    return [
        route
        for route in ROUTES
        if route.task == task
        and label in route.labels
        and modality in route.modalities
        and route.harmless in (None, harmless)
    ]


def needs_judge(task: str, label: str) -> bool:
    """Whether the first row of this label can only come from a reply that was judged.

    What needs no judge is an edit of a row with another label. A translation, a lift or an attack keeps the label of
    the row that it is made of, and needs that one first.
    """
    return not (task == "safety" and set(BY_EDIT[label]) - {label})


def known_generators(names: Iterable[str]) -> list[str]:
    """The names, as they are.

    Raises:
        ValueError: If one is no generator; names the nearest, or all.
    """
    listed = list(names)
    for name in listed:
        if name not in GENERATORS:
            near = configuration.nearest(name, GENERATORS)
            raise ValueError(
                f"no generator {name!r}; " + (f"did you mean {near}?" if near else f"one of: {', '.join(GENERATORS)}")
            )
    return listed
