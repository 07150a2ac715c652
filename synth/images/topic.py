"""The topic of a how-to request: what is to be done, without the words that ask for it."""

import re

from synth.errors import NotApplicable
from synth.images.lift import drawable
from synth.language import Language, require_language

MAX_CHARS = 200  # a topic is a phrase; a page of text has none

_POLITE_EN = (
    r"(?:(?:hi|hello|hey)\b[\s,!.]*)?(?:please\s+)?(?:(?:can|could|would|will)\s+you\s+)?(?:please\s+)?"
    r"(?:i\s+(?:want|need|would\s+like|'d\s+like)\s+to\s+(?:know|learn|understand)\s+)?"
)
_ASK_EN = (
    r"(?:(?:tell|show|teach|help)\s+me(?:\s+(?:understand|learn|with))?\s+|explain(?:\s+to\s+me)?\s+|describe\s+)?"
)
_WHO = r"(?:i|you|we|one|someone|somebody|people|a\s+person)"
_LEAD_EN = "|".join(
    (
        rf"how\s+(?:to|(?:do|can|could|would|should|might)\s+{_WHO})\s+",
        rf"how\s+{_WHO}\s+(?:can|could|would|should|might)\s+",
        r"what(?:\s+is|'s|\s+are)\s+(?:the\s+)?(?:best\s+|easiest\s+|fastest\s+|simplest\s+)?"
        r"(?:ways?|methods?|steps?|techniques?)\s+(?:to|for|of)\s+",
        r"(?:(?:give|write|provide|list|outline|create|make|draft)(?:\s+me)?\s+)?"
        r"(?:(?:a|an|the|some|detailed|complete|full|short|step[- ]by[- ]step)\s+)*"
        r"(?:instructions?|steps|guides?|tutorials?|manuals?|recipes?|plans?|methods?|ways?)\s+"
        r"(?:on\s+how\s+to|for|to|on|about)\s+",
    )
)
_HOW_EN = re.compile(rf"{_POLITE_EN}{_ASK_EN}(?:{_LEAD_EN})(?P<topic>.+?)[\s?.!]*", re.IGNORECASE | re.DOTALL)

_POLITE_ZH = (
    r"(?:你好|您好|请问|请教|请你|请|麻烦你|麻烦|你能不能|你能|你可以|能否|能不能|可以|可否|帮我|给我|[，,。：:！!\s])*"
)
_ASK_ZH = r"(?:告诉我|教教我|教我|(?:解释|说明|介绍|描述)(?:一下)?|讲讲|说说|列出|我想知道|我想学|想知道)?"
_SELF_ZH = r"(?:我们|我|你|人们|一个人|别人)?(?:应该|应当|该|要|可以|能|需要|想)?"
_HOW_ZH = re.compile(
    rf"{_POLITE_ZH}{_ASK_ZH}[，,：:\s]*(?:"
    rf"{_SELF_ZH}(?:如何|怎么样|怎样|怎么|咋)(?:才能够|才能|可以|能够|能)?"
    r"|(?:有哪些|有什么|哪些|什么)(?:方法|办法|步骤)(?:可以|能够|能|来)"
    r")\s*(?P<topic>.+?)(?:的(?:方法|步骤|办法|教程|过程|流程))?[呢吗啊]?[？?。！!\s]*",
    re.DOTALL,
)
_WAY_ZH = re.compile(
    rf"{_POLITE_ZH}{_ASK_ZH}(?:写(?:一份|一个|一篇)?|提供(?:一份|一个)?|给出(?:一份|一个)?)?(?:关于)?\s*"
    r"(?P<topic>.+?)的(?:具体|详细)?(?:方法|步骤|办法|教程|流程|指南)(?:是什么|有哪些)?[呢]?[？?。！!\s]*",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"[.!?。！？\n](?=\s*\S)")


def topic(request: str) -> tuple[str, Language]:
    """What a how-to request of one sentence wants done, and the language it is in.

    The rules know the usual openings ("How do I ...", "Give me steps to ...", "怎么……", "……的方法是什么"), and guess at
    nothing else.

    Args:
        request: The whole request.

    Raises:
        NotApplicable: `other_language`; `too_long` above `MAX_CHARS`; `no_topic` where it is no how-to request, or
            more than one sentence, since the rest would be lost.
    """
    tongue = require_language(request)
    text = drawable(request)
    if len(text) > MAX_CHARS:
        raise NotApplicable("too_long")
    patterns = (_HOW_ZH, _WAY_ZH) if tongue == "zh" else (_HOW_EN,)
    found = next(filter(None, (pattern.fullmatch(text) for pattern in patterns)), None)
    if found is None or _SENTENCE_END.search(found["topic"]):
        raise NotApplicable("no_topic")
    return found["topic"], tongue
