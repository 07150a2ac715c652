"""`safe`, or `unsafe` and a line of category codes: the format of Llama Guard."""

import re

from synth.inference.request import Choice
from synth.judges.contracts.contract import Contract
from synth.judges.judgement import Reading
from synth.judges.own import own_lines, plain


class TwoLines(Contract):
    """First line `safe` or `unsafe`, second line codes such as `S1,S10`; more lines, or codes after `safe`, are none.

    `unsafe` without codes is scored and marked `no_category`; a code that is not listed is left out and marked.

    Source:
        Llama Guard 2 to 4, model cards at https://github.com/meta-llama/PurpleLlama.
    """

    codes: tuple[str, ...]

    def read(self, choice: Choice) -> Reading:
        lines = [plain(line) for line in own_lines(choice)]
        if not lines or lines[0] not in ("safe", "unsafe") or len(lines) > 2:
            return Reading(outcome="unparsed", reason="undeclared" if lines else "empty")
        said = re.split(r"\s*[,、]\s*", lines[1]) if len(lines) == 2 else []
        named = tuple(dict.fromkeys(code for code in said if code in self.codes))
        if lines[0] == "safe":
            if said:
                return Reading(outcome="ambiguous", reason="safe_with_category", categories=named)
            return Reading(outcome="scored", label="safe")
        strange = any(code not in self.codes for code in said)
        mark = "unknown_category" if strange else None if named else "no_category"
        return Reading(outcome="scored", label="unsafe", categories=named, reason=mark)
