"""What nothing is generated for: sexual content, and harm that involves minors.

The taxonomy has no id for sexual content about minors, and rows with it are dropped at ingest. A model that writes
freely on either neighbour could still stray there, and a keyword screen is no proof against it; so both neighbours are
left to sources that people have written and labelled.
"""

import re
from functools import cache

from catalog import taxonomy
from synth.errors import NotApplicable

CATEGORY = "sexual"
_MINORS = re.compile(
    r"child|minor|teen|youth|juvenile|adolescen|infant|bab(?:y|ies)|kids|pupil|schoolboy|schoolgirl|under-?age|"
    r"儿童|孩|未成年|少年|青少年|婴|幼|小学生|中学生",
    re.IGNORECASE,
)


@cache
def refusal(id: str) -> str | None:
    """Why nothing is generated for an id of the taxonomy: `sexual` or `minors`; None where it may be.

    Raises:
        KeyError: If the taxonomy has no such id.
    """
    entry = taxonomy.get(id)
    if taxonomy.load().dimension(entry.id) != "safety":
        return None
    if entry.category == CATEGORY:
        return "sexual"
    words = (entry.name.en, entry.name.zh, entry.definition.en, entry.definition.zh)
    return "minors" if any(_MINORS.search(text) for text in words) else None


def eligible(id: str) -> None:
    """Refuse an id that nothing is generated for.

    Raises:
        NotApplicable: `refused_sexual` or `refused_minors`.
        KeyError: If the taxonomy has no such id.
    """
    if why := refusal(id):
        raise NotApplicable(f"refused_{why}")
