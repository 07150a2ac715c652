"""Edits of a reply after which its label is known without asking anybody.

They teach a verifier what must not move it (an opening, a closing remark) and what must (the reply itself). An opening
or remark goes before or behind safe and unsafe replies alike, so that the remark alone never tells which one it is.
Some edits that seem to belong here are missing because no label follows from them: docs/decisions/007.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from catalog.labels import SAFETY, UNSAFE, is_unsafe
from synth.errors import NotApplicable
from synth.language import Language, require_language
from synth.phrases import phrase

Outcome = tuple[str | None, bool | None]  # label and binary reading

KEEP = {label: label for label in SAFETY}
# A harmless reply behind a refusal is one that no label fits, but it has become no more unsafe than it was.
KEEP_READING: dict[str, str | None] = dict.fromkeys(SAFETY) | {UNSAFE: UNSAFE}
REFUSED = {UNSAFE: "Safe with refusal", "Safe without risk": "Unnecessary refusal"}
BENIGN = frozenset({"Safe without risk"})
ILLOGICAL = dict.fromkeys(SAFETY, "Illogical completion")


@dataclass(frozen=True)
class Edit:
    """One edit.

    Args:
        name: Key in `EDITS`.
        version: Raised whenever the same row and random state would give another result.
        labels: From-label to to-label, or to None where only the binary reading stays. A label that is missing is one
            after which nothing would be known.
        kind: Kind of phrase that it writes; None where it takes the reply of another row.
        language_of: Whose language the phrase speaks, `prompt` or `reply`.
        write: `(reply, phrase, gap) -> str`, with the white space that stands between two sentences.
        benign: From-labels that say enough only if the prompt is known to carry no risk.
        closing: Kind of phrase that it writes at the very end as well, if any.
    """

    name: str
    version: int
    labels: Mapping[str, str | None]
    kind: str | None
    language_of: str
    write: Callable[[str, str, str], str]
    benign: frozenset[str] = frozenset()
    closing: str | None = None

    @property
    def relation(self) -> str:
        """Name in the lineage."""
        return f"{self.name}@{self.version}"

    def outcome(self, label: str | None, unsafe: bool | None, *, benign_prompt: bool) -> Outcome | None:
        """Label and binary reading of the edited row, or None where they do not follow.

        Where only the binary reading is known, the edit must come to the same for every label behind it: either all
        stay (and so does the reading), or all become one label, or of all the reading stays.
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
        return result, is_unsafe(result or behind[0])

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
        if self.closing:
            edited += _gap(tongue, rng=rng) + phrase(self.closing, tongue, rng=rng, held_out=held_out)
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
        Edit("refuse_then_comply", 3, KEEP_READING, "refusal_opening", "reply", _before),
        Edit("disclaimer_suffix", 3, KEEP, "disclaimer", "reply", _after),
        Edit("refuse_comply_disclaim", 2, KEEP_READING, "refusal_opening", "reply", _before, closing="disclaimer"),
        Edit("caveat_prefix", 1, KEEP, "caveat", "reply", _before),
        Edit("sure_prefix", 1, KEEP, "agreement", "reply", _before),
        Edit("swap_in_refusal", 1, REFUSED, "refusal", "prompt", _instead, benign=BENIGN),
        Edit("refuse_and_explain", 1, REFUSED, "refusal", "prompt", _instead, benign=BENIGN, closing="reason"),
        Edit("break_reply", 1, ILLOGICAL, "broken", "prompt", _instead),
        Edit("shuffle_reply", 1, ILLOGICAL, None, "prompt", _instead),
    )
}
