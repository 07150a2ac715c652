"""Which of our two languages a text is written in, so that templates speak the language of the row."""

import re
from typing import Literal

from synth.errors import NotApplicable

Language = Literal["en", "zh"]

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")


def language(text: str) -> Language | None:
    """Name the script's language: `zh`, `en` (any Latin script), or None for a third script or no letters at all.

    One Han character says about as much as four Latin letters, so a Chinese sentence with an English name in it
    stays Chinese. Kana means Japanese, hence None.
    """
    letters, han, latin = (len(pattern.findall(text)) for pattern in (_LETTER, _HAN, _LATIN))
    if 2 * (han + latin) <= letters or _KANA.search(text):
        return None
    return "zh" if 4 * han >= latin else "en"


def require_language(text: str) -> Language:
    """As `language`.

    Raises:
        NotApplicable: `other_language` where it is neither.
    """
    found = language(text)
    if found is None:
        raise NotApplicable("other_language")
    return found
