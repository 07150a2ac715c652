"""The forms of credentials: what issuers put before a token, and how to tell a real one from a placeholder."""

import base64
import binascii
import re
from collections.abc import Iterator
from math import log2

START, END = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9_])"  # ASCII only: a token may touch Chinese on both sides

# Kind, pattern, and the fewest bits per character that the token (the group, where there is one) must have.
ISSUED = [
    ("aws_key", r"(?:AKIA|ASIA|ABIA|ACCA)([A-Z0-9]{16})", 2.5),
    ("aliyun_key", r"LTAI([A-Za-z0-9]{12,26})", 2.8),
    ("tencent_key", r"AKID([A-Za-z0-9]{28,36})", 3.2),
    ("github_token", r"(?:gh[pousr]_|github_pat_)([A-Za-z0-9_]{36,255})", 3.2),
    ("gitlab_token", r"gl(?:pat|dt|rt|ptt|cbt|soat)-([A-Za-z0-9_\-]{20,})", 3.0),
    ("slack_token", r"xox[abeoprs]-(?:\d{6,}-)*([A-Za-z0-9\-]{16,})", 3.0),
    ("slack_webhook", r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/([A-Za-z0-9]{20,})", 3.0),
    ("openai_key", r"sk-(?:proj-|svcacct-|admin-|ant-|or-v1-)?(?=[A-Za-z_\-]{0,100}\d)([A-Za-z0-9_\-]{24,400})", 3.0),
    ("hugging_face_token", r"(?:hf_|api_org_)([A-Za-z0-9]{30,})", 3.2),
    ("google_key", r"AIza([A-Za-z0-9_\-]{35})", 3.5),
    ("google_token", r"(?:ya29\.|GOCSPX-)([A-Za-z0-9_\-]{20,})", 3.2),
    ("stripe_key", r"[rs]k_(?:live|test)_([A-Za-z0-9]{16,})", 3.0),
    ("sendgrid_key", r"SG\.([A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64})", 3.5),
    ("package_token", r"(?:npm_|pypi-AgEI|dckr_pat_)([A-Za-z0-9_\-]{24,})", 3.2),
    ("telegram_token", r"\d{8,10}:AA([A-Za-z0-9_\-]{33})", 3.2),
]
_ISSUED = [(kind, re.compile(START + form + END), bits) for kind, form, bits in ISSUED]

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----[^-]{64,16384}?(?:-----END [A-Z ]{5,40}-----|(?=-)|$)"
)
_JWT = re.compile(START + r"eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{16,}")
_URL = re.compile(
    r"(?<![A-Za-z])[A-Za-z][A-Za-z0-9+]{1,20}://[^\s:/@'\"<>]{0,64}:([^\s/@'\"<>]{4,128})@[A-Za-z0-9.\-\[]+"
)
_ASSIGNED = re.compile(
    r"(?i)(?:api|secret|access|private|auth|account|client|encryption|signing)[ _\-]?(?:access[ _\-]?)?"
    r"(?:key|token|secret)(?:[ _\-]?id)?|(?<![a-z])(?:token|secret|passw(?:or)?d|pwd|bearer)(?![a-z])"
    r"|密码|密钥|秘钥|口令|令牌|密碼|金鑰"
)
_VALUE = re.compile(
    r"[\"'`*]{0,3}\s{0,3}(?:[:=：＝]{1,2}>?|is\s|是|为|為|\s)\s{0,3}[\"'`「“]{0,3}"
    r"((?=[^\s\"'`]{0,200}\d)(?=[^\s\"'`]{0,200}[A-Za-z])[A-Za-z0-9_\-+/=.~!@#$%^&]{16,200})"
)
_CONNECTION = re.compile(r"(?i)(?:password|pwd)=([^;\s\"'<>{}*]{6,128});")
_PLACEHOLDER = re.compile(
    r"(?i)example|your|xxxx|place.?holder|change.?me|replace|dummy|insert|sample|redacted|password|secret|_here|"
    r"123456|abcdef|\*\*|\.\.\.|^[<{$%\[(]|(.)\1{4}|^(?:pass|pwd|pw|user|test|root|admin|guest|token|key)\d{0,3}$"
)
_UUID = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_WORD = r"(?:(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)\d{0,2}|\d{1,4})"
_WORDS = re.compile(rf"{_WORD}(?:[_\-./]{_WORD})*")


def bits_per_character(text: str) -> float:
    """Shannon entropy of the characters of a text."""
    shares = [text.count(char) / len(text) for char in set(text)]
    return -sum(share * log2(share) for share in shares)


def credentials(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of each credential in a text, in no order; some may overlap, the first is the more exact."""
    for match in _PRIVATE_KEY.finditer(text):
        if not _PLACEHOLDER.search(match[0][32:96]):
            yield "private_key", *match.span()
    for kind, pattern, bits in _ISSUED:
        for match in pattern.finditer(text):
            if _random(match[1], bits):
                yield kind, *match.span()
    for match in _JWT.finditer(text):
        if _is_header(match[0].partition(".")[0]):
            yield "jwt", *match.span()
    for pattern in (_URL, _CONNECTION):
        for match in pattern.finditer(text):
            if not _PLACEHOLDER.search(match[1]) and len(set(match[1])) > 3:
                yield "connection_string", *match.span()
    for name in _ASSIGNED.finditer(text):
        value = _VALUE.match(text, name.end())
        if value and _random(value[1], 3.3) and not _UUID.fullmatch(value[1]):
            yield "assigned_secret", *value.span(1)


def _random(token: str, bits: float) -> bool:
    return not _PLACEHOLDER.search(token) and not _WORDS.fullmatch(token) and bits_per_character(token) >= bits


def _is_header(part: str) -> bool:
    try:
        return b'"alg"' in base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return False
