"""The generators by name."""

from collections.abc import Iterator

from synth.generators.benign_twin import BENIGN_TWIN
from synth.generators.borderline import BORDERLINE
from synth.generators.counterfactual_edit import COUNTERFACTUAL_EDIT
from synth.generators.escalation import ESCALATION
from synth.generators.generator import Generator
from synth.generators.harmful_request import HARMFUL_REQUEST
from synth.generators.knowledge_answer import KNOWLEDGE_ANSWER
from synth.generators.knowledge_question import KNOWLEDGE_QUESTION
from synth.generators.paraphrase import PARAPHRASE
from synth.generators.persona import PERSONA
from synth.generators.rollout import ROLLOUT, ROLLOUT_THINK
from synth.generators.steered import STEERED
from synth.generators.translate import BACK_TRANSLATE, TRANSLATE
from synth.generators.value_pair import VALUE_PAIR
from synth.generators.value_scenario import VALUE_SCENARIO

GENERATORS: dict[str, Generator] = {
    generator.name: generator
    for generator in (
        HARMFUL_REQUEST,
        BENIGN_TWIN,
        BORDERLINE,
        PERSONA,
        ESCALATION,
        KNOWLEDGE_QUESTION,
        VALUE_SCENARIO,
        ROLLOUT,
        ROLLOUT_THINK,
        STEERED,
        KNOWLEDGE_ANSWER,
        VALUE_PAIR,
        TRANSLATE,
        BACK_TRANSLATE,
        PARAPHRASE,
        COUNTERFACTUAL_EDIT,
    )
}


def table() -> Iterator[dict[str, str]]:
    """What a list of the generators shows, one row each."""
    for one in GENERATORS.values():
        yield {
            "name": one.relation,
            "task": one.task or "of the parent",
            "makes": one.makes,
            "needs": ", ".join(one.needs),
            "languages": ", ".join(one.languages),
            "note": one.note,
        }
