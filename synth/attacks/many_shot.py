"""Many-shot: a long dialogue in which every question was answered, and then the request."""

from random import Random

from synth.attacks.words import book
from synth.language import Language

SHOTS = (12, 24)  # at least and at most
SPEAKERS = {"en": ("User: ", "Assistant: "), "zh": ("用户：", "助手：")}


def many_shot(tongue: Language, *, rng: Random) -> str:
    """Some of the dialogues of `many_shot.yaml`, with `{}` as the last question.

    The papers take answers that no model should give. Ours are harmless: what is learnt is the form, not the content.

    Source:
        Wei et al. 2023, arXiv 2310.06387 (in-context attack), with more examples.
    """
    user, assistant = SPEAKERS[tongue]
    shots = rng.sample(book("many_shot.yaml")[tongue], rng.randint(*SHOTS))
    dialogue = [f"{user}{question}\n{assistant}{answer}" for question, answer in shots]
    return "\n\n".join([*dialogue, f"{user}{{}}\n{assistant.strip()}"])
