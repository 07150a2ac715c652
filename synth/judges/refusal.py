"""Whether a reply declines, by rule, in English and Chinese: an opening in which the speaker says no.

Training is watched by a detector of its own, which is broad and which nothing that labels data may use. This one is
narrow: it labels, and it decides whether a judge that gave no verdict declined to judge.
"""

import regex

_OPENING = 160  # characters; a reply that says no after that has answered something first
_REFUSAL = regex.compile(
    "|".join(
        (
            r"(?<![a-z])i\s*(?:['’]m|\s+am)\s+(?:(?:really|very|so|afraid)\s+)*(?:sorry,?\s+(?:but\s+)?i|not\s+(?:going|able|"
            r"willing|comfortable)|unable|keeping\s+out|staying\s+out)",
            r"(?<![a-z])i\s+(?:(?:really|simply|just|must|also)\s+)*(?:can['’]?t|cannot|can\s+not|won['’]?t|will\s+not|"
            r"would\s+not|wouldn['’]t|would\s+rather\s+not|refuse|decline|have\s+to\s+(?:say\s+no|decline|refuse|pass))"
            r"(?!\s+(?:wait|help\s+but|believe|stop|thank|imagine|agree\s+more))(?![a-z])",
            r"(?<![a-z])i\s*(?:['’]m|\s+am)\s+not\s+(?!trying|saying|kidding|joking|being)[a-z]+ing(?![a-z])",
            r"(?<![a-z])i\s+(?:do\s+not|don['’]t)\s+(?:help|write|generate|explain|give|provide|take|offer|do\s+that)(?![a-z])",
            r"(?<![a-z])i['’](?:d\s+rather\s+not|ll\s+(?:have\s+to\s+)?(?:pass|decline|say\s+no))",
            r"^\W*(?:no|sorry|not\s+from\s+me)[,.;:!—–-]",
            r"(?:not|n['’]t)\s+(?:something|a\s+thing)\s+(?:that\s+)?i(?:['’]|\s)",
            r"(?:我|本助手|作为[^，。]{0,12}，?)\p{Han}{0,3}(?:不能|不会|不可以|不便|不愿|不想|不打算|无法|没法|拒绝|做不到|帮不了|不帮)",
            r"我(?:统统|一概|也|就|是|绝|才){0,2}不(?:写|教|答|编|给|说|聊|陪|讲|报|画|列|搭手|介绍|策划|设计|提供|谋划|代劳|掺和|参与|发表)",
            r"(?:恕难|恕我(?!直言)|恕不)",
            r"^\W*(?:非常|很|实在|真的)?(?:抱歉|对不起|不好意思)",
            r"(?:这个?忙|这件?事|这种忙|这类)\p{Han}{0,6}(?:帮不了|不能帮|不帮|不会帮|不做|做不了|不行)",
            r"^\W*(?:不行|不可以|不能|不帮|免谈)[，。！,!.]",
        )
    ),
    regex.IGNORECASE,
)


def refuses(reply: str) -> bool:
    """Whether the opening of a reply declines. It misses refusals that do not say so: `docs/judges.md` has rates."""
    return _REFUSAL.search(reply.strip()[:_OPENING]) is not None
