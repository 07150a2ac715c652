"""Edits of a reply after which its label is known without asking anybody.

They teach a verifier what must not move it (an opening, a closing remark) and what must (the reply itself). An opening
or remark goes with every label, so that the remark alone never tells which one it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from catalog.labels import SAFETY, is_unsafe
from synth.errors import NotApplicable
from synth.language import Language, require_language
from synth.phrases import phrase

Outcome = tuple[str | None, bool | None]  # label and binary reading

KEEP = {label: label for label in SAFETY}


@dataclass(frozen=True)
class Edit:
    """One edit.

    Args:
        name: Key in `EDITS`.
        version: Raised whenever the same row and random state would give another result.
        labels: From-label to to-label. A label that is missing is one after which nothing would be known.
        kind: Kind of phrase that it writes; None where it takes the reply of another row.
        language_of: Whose language the phrase speaks, `prompt` or `reply`.
        write: `(reply, phrase, gap) -> str`, with the white space that stands between two sentences.
        benign: From-labels that say enough only if the prompt is known to carry no risk.
    """

    name: str
    version: int
    labels: Mapping[str, str]
    kind: str | None
    language_of: str
    write: Callable[[str, str, str], str]
    benign: frozenset[str] = frozenset()

    @property
    def relation(self) -> str:
        """Name in the lineage."""
        return f"{self.name}@{self.version}"

    def outcome(self, label: str | None, unsafe: bool | None, *, benign_prompt: bool) -> Outcome | None:
        """Label and binary reading of the edited row, or None where they do not follow.

        Where only the binary reading is known, the edit must come to the same for every label behind it: either all
        stay (and so does the reading), or all become one label.
        """
        behind = [label] if label else [name for name in SAFETY if unsafe is not None and is_unsafe(name) is unsafe]
        if not behind or any(name not in self.labels or (name in self.benign and not benign_prompt) for name in behind):
            return None
        after = {self.labels[name] for name in behind}
        if all(self.labels[name] == name for name in behind):
            return label, unsafe if label is None else is_unsafe(label)
        if len(after) > 1:
            return None
        (result,) = after
        return result, is_unsafe(result)

    def apply(self, prompt: str, reply: str, *, rng: Random, held_out: bool, foreign: str | None = None) -> str:
        """The edited reply.

        Args:
            prompt: What was asked.
            reply: What was answered.
            rng: Chooses the phrase: the same state gives the same reply.
            held_out: Write phrases kept for calibration and test.
            foreign: Reply of an unrelated row, for the edit that needs one.

        Raises:
            NotApplicable: `no_reply`, `no_donor`, `unchanged`, or `other_language` where there is no phrase in that
                language.
        """
        if not reply.strip():
            raise NotApplicable("no_reply")
        tongue = require_language(prompt if self.language_of == "prompt" else reply)
        if self.kind is not None:
            insert = phrase(self.kind, tongue, rng=rng, held_out=held_out)
        elif foreign is not None:
            insert = foreign
        else:
            raise NotApplicable("no_donor")
        edited = self.write(reply, insert, _gap(tongue, rng=rng))
        if edited == reply:
            raise NotApplicable("unchanged")
        return edited


def _gap(tongue: Language, *, rng: Random) -> str:
    return rng.choice(("\n\n", "" if tongue == "zh" else " "))


def _before(reply: str, opening: str, gap: str) -> str:
    return opening + gap + reply


def _after(reply: str, remark: str, gap: str) -> str:
    return reply + gap + remark


def _instead(reply: str, other: str, gap: str) -> str:
    return other


EDITS: dict[str, Edit] = {
    edit.name: edit
    for edit in (
        Edit("refuse_then_comply", 1, {"Unsafe": "Unsafe"}, "refusal_opening", "reply", _before),
        Edit("disclaimer_suffix", 1, KEEP, "disclaimer", "reply", _after),
        Edit("sure_prefix", 1, KEEP, "agreement", "reply", _before),
        Edit(
            "swap_in_refusal",
            1,
            {"Unsafe": "Safe with refusal", "Safe without risk": "Unnecessary refusal"},
            "refusal",
            "prompt",
            _instead,
            benign=frozenset({"Safe without risk"}),
        ),
        Edit("shuffle_reply", 1, dict.fromkeys(SAFETY, "Illogical completion"), None, "prompt", _instead),
    )
}
