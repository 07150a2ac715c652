"""Personal data: found beside any script, and only where its checksum or form holds."""

import re
import unicodedata
from collections.abc import Callable

import polars as pl

# A cheap look at the whole column; the exact patterns run on the few rows that pass it.
WORTH_READING = r"[@\uFF20]|(?:\d[ .\-()]{0,2}){9}"

EMAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})(?![A-Za-z0-9-])")
FICTITIOUS = re.compile(
    r"(?i)(^|\.)(example\.(com|org|net|edu)|[a-z0-9-]*example[a-z0-9-]*\.com|test|invalid|localhost|example)$"
)
# No \b: a Chinese character is a word character, so nothing divides it from a digit. Digits inside a word of letters
# or after a decimal point are another number's.
FREE, END = r"(?<![0-9A-Za-z_])(?<!\d[.,])", r"(?![0-9A-Za-z_])(?![.,]\d)"
CHINESE_MOBILE = re.compile(FREE + r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}" + END)
CHINESE_LANDLINE = re.compile(FREE + r"(?:\+?86[- ]?)?\(?0\d{2,3}\)?[- ]\d{7,8}" + END)
AMERICAN_PHONE = re.compile(FREE + r"(?:\+?1[-. ]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])([2-9]\d\d)[-. ](\d{4})" + END)
OTHER_PHONE = re.compile(FREE + r"\+(?!1[-. (\d]|86)[1-9]\d{0,2}(?:[-. ]\d{2,4}){3,5}" + END)
CHINESE_ID = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
CARD = re.compile(FREE + r"[2-6](?:[ -]?\d){12,18}" + END)
# First digits and lengths that issuers print; the check digit alone holds for every tenth number.
ISSUED = re.compile(
    r"""4(?:\d{12}|\d{15}|\d{18})              # Visa
      | (?:5[1-5]|2[2-7])\d{14}             # Mastercard
      | 3[47]\d{13}                         # American Express
      | 3(?:0[0-5]|[68]\d)\d{11}            # Diners Club
      | 35\d{14}                            # JCB
      | 6(?:011|4[4-9]\d|5\d\d)\d{12}       # Discover
      | 62\d{14,17}                         # UnionPay
    """,
    re.VERBOSE,
)


def pii(text: pl.Series) -> pl.Series:
    """Say why a text is rejected for personal data; null keeps it.

    E-mail addresses, phone numbers (Chinese, American, or with a country code and spaces), Chinese identity numbers
    (checksum and date hold) and payment cards (issuer, length and check digit hold). What is reserved for fiction
    (example domains, 555 numbers) is not personal, nor is a number of one repeated digit. Full-width characters are
    read as plain ones.

    Args:
        text: String column.

    Returns:
        String column: ``"pii_email"``, ``"pii_phone"``, ``"pii_id_number"``, ``"pii_card"`` or null.
    """
    flat = text.fill_null("")
    worth = flat.str.normalize("NFKC").str.contains(WORTH_READING)
    found = [_first(value) if read else None for value, read in zip(flat, worth, strict=True)]
    return pl.Series(text.name, found, dtype=pl.String)


def _first(text: str) -> str | None:
    text = unicodedata.normalize("NFKC", text)
    return next((reason for reason, found in FINDERS.items() if found(text)), None)


def _email(text: str) -> bool:
    return any(not FICTITIOUS.search(match[1]) for match in EMAIL.finditer(text))


def _id_number(text: str) -> bool:
    from stdnum.cn import ric

    return any(ric.is_valid(match[0].upper()) for match in CHINESE_ID.finditer(text))


def _card(text: str) -> bool:
    from stdnum import luhn

    numbers = (re.sub(r"\D", "", match[0]) for match in CARD.finditer(text))
    return any(ISSUED.fullmatch(number) and len(set(number)) > 2 and luhn.is_valid(number) for number in numbers)


def _phone(text: str) -> bool:
    chinese = (re.sub(r"\D", "", match[0])[-8:] for match in CHINESE_MOBILE.finditer(text))
    american = (match for match in AMERICAN_PHONE.finditer(text) if match[1] != "555")
    return (
        any(len(set(number)) > 2 for number in chinese)
        or any(len(set(match[1] + match[2])) > 2 for match in american)
        or any(pattern.search(text) for pattern in (CHINESE_LANDLINE, OTHER_PHONE))
    )


FINDERS: dict[str, Callable[[str], bool]] = {
    "pii_email": _email,
    "pii_id_number": _id_number,
    "pii_card": _card,
    "pii_phone": _phone,
}
