"""Lines `key: value`, as several guards write them: a level, categories, and whether the reply declines."""

import re

from synth.inference.request import Choice
from synth.judges.contracts.contract import Contract, unscored
from synth.judges.judgement import Reading
from synth.judges.own import keyed, own_lines, settle

_NONE = ("none", "无")
NOT_APPLICABLE = "n/a"


class KeyLines(Contract):
    """A guard's answer of keyed lines.

    Args:
        level: Key of the line with the verdict.
        levels: What may stand there, mapped to a label. A third level such as `Controversial` has to be given to a
            side here: there is no default. `said` keeps the level.
        categories: Key of the line with categories, and what may stand there.
        refusal: Key of the line that says `yes` or `no` to whether the reply declines.

    A missing or unreadable verdict line gives no label, whatever the other lines say. An unsafe verdict without a
    category, where the guard names categories, is scored and marked `no_category`.

    Source:
        Qwen3Guard, https://github.com/QwenLM/Qwen3Guard; WildGuard, https://github.com/allenai/wildguard.
    """

    level: str
    levels: dict[str, str]
    categories: str | None = None
    known: tuple[str, ...] = ()
    refusal: str | None = None

    def read(self, choice: Choice) -> Reading:
        lines = own_lines(choice)
        spelled = {level.lower(): level for level in self.levels}
        said = [value.lower() for value in keyed(lines, [self.level])]
        categories, strange = self._categories(lines)
        beside = {"categories": categories, "refusal": self._refusal(lines)}
        if said and set(said) == {NOT_APPLICABLE}:
            return Reading(outcome="not_applicable", reason="no_reply", **beside)
        problem, level = settle([spelled.get(value) for value in said])
        if problem or level is None:
            return unscored(problem or "undeclared").model_copy(update=beside)
        label = self.levels[level]
        bare_verdict = self.categories is not None and not categories and label == "unsafe"
        mark = "unknown_category" if strange else "no_category" if bare_verdict else None
        return Reading(outcome="scored", label=label, said=level, reason=mark, **beside)

    def _categories(self, lines: list[str]) -> tuple[tuple[str, ...], bool]:
        """Categories that are known, and whether there was one that is not. Whole names count, not parts of them."""
        if self.categories is None:
            return (), False
        spelled = {name.lower(): name for name in self.known}
        said = [name for value in keyed(lines, [self.categories]) for name in re.split(r"\s*[,、;]\s*", value.lower())]
        said = [name for name in said if name and name not in _NONE]
        named = tuple(dict.fromkeys(spelled[name] for name in said if name in spelled))
        return named, any(name not in spelled for name in said)

    def _refusal(self, lines: list[str]) -> bool | None:
        if self.refusal is None:
            return None
        answers = {"yes": True, "no": False}
        _, refuses = settle([answers.get(value.lower()) for value in keyed(lines, [self.refusal])])
        return refuses
