"""The forms of personal data: patterns that know no words, and the checks that make a finding of a match.

Every pattern reads ASCII forms (`folded`), and none uses word boundaries: a Chinese character is a word character, so
nothing divides it from a digit.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple


class Found(NamedTuple):
    """Where something stands (`end` is behind it), and whether it is one of those reserved for examples."""

    start: int
    end: int
    fictitious: bool


class _Folds(dict[int, str]):
    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = "-" if "\u2010" <= char <= "\u2015" or char == "\u2212" else unicodedata.normalize("NFKC", char)
        self[code] = folded if len(folded) == 1 else char
        return self[code]


_FOLDS = _Folds()


def folded(text: str) -> str:
    """Text with full-width forms, dashes and spaces made plain, one character for each, so that offsets hold."""
    return text if text.isascii() else text.translate(_FOLDS)


# Digits in a word of letters or behind a decimal point are another number's; a label may touch its number.
# The look ahead comes first because it fails fastest, and in most places.
FREE = r"(?=[\d(+])(?:(?<![0-9A-Za-z_])|(?<=[Tt]el)|(?<=[Pp]hone)|(?<=[Mm]obile))(?<!\d\.)(?<![0-9a-f]-)"
END = r"(?![0-9A-Za-z_])(?!\.\d)"

_EMAIL = re.compile(r"(?<![A-Za-z0-9._%+-])([A-Za-z0-9._%+-]+)@((?:[A-Za-z0-9-]+\.)+([A-Za-z]{2,}))(?![A-Za-z0-9-])")
_NO_DOMAIN = {"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "py"}  # logo@2x.png is a file
_EXAMPLE = re.compile(
    r"(?i)(^|\.)(example\.(com|org|net|edu)|[a-z0-9-]*example[a-z0-9-]*\.com|test|invalid|localhost|example)$"
)


def emails(text: str) -> Iterator[Found]:
    """E-mail addresses; not `git@host:path`, and not names of files."""
    for match in _EMAIL.finditer(text):
        remote = match[1] == "git" and text[match.end() : match.end() + 1] in (":", "/")
        if not remote and match[3].lower() not in _NO_DOMAIN:
            yield Found(*match.span(), fictitious=bool(_EXAMPLE.search(match[2])))


_ID = re.compile(
    r"(?<![0-9A-Za-z])(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\d{4}[ -]?"
    r"(?:19|20)\d{6}[ -]?\d{3}[\dXx](?![0-9A-Za-z])"
)


def id_numbers(text: str) -> Iterator[Found]:
    """Chinese identity numbers of 18 characters: province, date and check character hold (GB 11643, MOD 11-2)."""
    for match in _ID.finditer(text):
        number = re.sub(r"[ -]", "", match[0]).upper()
        left = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(number[:17])) % 11
        if "10X98765432"[left] == number[17] and _is_date(number[6:14]):
            yield Found(*match.span(), fictitious=False)


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


_CARDS = [
    re.compile(FREE + form + END)
    for form in (
        r"[2-6]\d{12,18}",
        r"[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}\1\d{3}",
        r"[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}",
        r"3\d{3}([ -])\d{6}\1\d{4,5}",
    )
]
# First digits and lengths that issuers print; the check digit alone holds for every tenth number.
_ISSUED = re.compile(
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


def cards(text: str) -> Iterator[Found]:
    """Payment cards: issuer, length and check digit hold. Test numbers made of two digits are fictitious."""
    from stdnum import luhn

    for pattern in _CARDS:
        for match in pattern.finditer(text):
            number = re.sub(r"\D", "", match[0])
            if _ISSUED.fullmatch(number) and luhn.is_valid(number):
                yield Found(*match.span(), fictitious=len(set(number)) <= 2)


_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![0-9A-Za-z])")


def ibans(text: str) -> Iterator[Found]:
    """Bank accounts: the country's length and form, and the remainder by 97, hold."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        ends = (end for end in range(match.end(), match.start() + 14, -1) if text[end - 1] != " ")
        found = next((end for end in ends if iban.is_valid(text[match.start() : end])), None)
        if found:
            yield Found(match.start(), found, fictitious=False)


_CHINA = r"(?:(?:\+|00)?86[- ]?|\(\+?86\)[- ]?)?"
_CHINESE_MOBILE = re.compile(FREE + _CHINA + r"1[3-9]\d[- ]?\d{4}[- ]?\d{4}" + END)
_CHINESE_LANDLINE = re.compile(
    FREE
    + r"(?:(?:\+?86[- ]?)?(?:\(0(?:10|2[0-57-9]|[3-9]\d\d)\)[- ]?|0(?:10|2[0-57-9]|[3-9]\d\d)[- ])"
    + r"|\+86[- ]?(?:10|2[0-57-9]|[3-9]\d\d)[- ]?)[2-8]\d{2,3}[- ]?\d{4}"
    + END
)
_AMERICAN = re.compile(
    FREE
    + r"(?:(?:\+?1[-. ]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])([2-9]\d\d)[-. ](\d{4})|\+1[2-9]\d\d([2-9]\d\d)(\d{4}))"
    + END
)
_COUNTRY = (
    r"(?:7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[124]|9[0-58]|2[1-69]\d|3[578]\d|42\d|50\d|59\d|6[7-9]\d|85\d|88\d"
    r"|9[679]\d)"
)
_OTHER_PHONE = re.compile(
    r"(?<![0-9A-Za-z_+])\+" + _COUNTRY + r"[-. ]?(?:\(0\)[-. ]?)?\d(?:[-. ()]{0,2}\d){6,11}" + END
)


def phones(text: str) -> Iterator[Found]:
    """Chinese mobiles and landlines, American numbers, and others with a plus and a country code.

    Fictitious are American numbers of the 555 exchange, and numbers of one or two digits.
    """
    for match in _CHINESE_MOBILE.finditer(text):
        yield Found(*match.span(), fictitious=len(set(re.sub(r"\D", "", match[0])[-8:])) <= 2)
    for match in _AMERICAN.finditer(text):
        exchange, line = match[1] or match[3], match[2] or match[4]
        yield Found(*match.span(), fictitious=exchange == "555" or len(set(exchange + line)) <= 2)
    for pattern in (_CHINESE_LANDLINE, _OTHER_PHONE):
        for match in pattern.finditer(text):
            yield Found(*match.span(), fictitious=len(set(re.sub(r"\D", "", match[0])[-7:])) <= 2)


_SSN = re.compile(FREE + r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?!-)" + END)
_ADVERTISED = {"078-05-1120", "219-09-9999", "123-45-6789", "111-22-3333"}


def social_security(text: str) -> Iterator[Found]:
    """American social security numbers with hyphens: area, group and serial are ones that are issued."""
    for match in _SSN.finditer(text):
        yield Found(*match.span(), fictitious=match[0] in _ADVERTISED or len(set(match[0])) <= 3)


_IPV4 = re.compile(r"(?<![0-9A-Za-z_.])(?<![A-Za-z][/-])(?:\d{1,3}\.){3}\d{1,3}(?![0-9A-Za-z_])(?!\.\d)")
_IPV6 = re.compile(r"(?<![0-9A-Za-z:.])[23][0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:.])")
_VERSION = re.compile(
    r"(?i)(?:version|ver\.?|build|release|firmware|driver|section|版本|固件|驱动|章|节)[ :：号是为]{0,3}$"
)
_DOCUMENTATION = [
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def addresses(text: str) -> Iterator[Found]:
    """Public IP addresses. Four numbers below 20, or behind the word version, are a version and no address."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            version = address.version == 4 and (
                max(address.packed) < 20 or _VERSION.search(text[max(0, match.start() - 20) : match.start()])
            )
            reserved = any(address.version == net.version and address in net for net in _DOCUMENTATION)
            if (address.is_global or reserved) and not version:
                yield Found(*match.span(), fictitious=reserved)


# In this order: a number that is one thing is not another.
NUMBERS: dict[str, Callable[[str], Iterator[Found]]] = {
    "ID": id_numbers,
    "IBAN": ibans,
    "CARD": cards,
    "PHONE": phones,
    "SSN": social_security,
    "IP": addresses,
}
