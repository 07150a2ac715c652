"""Personal data: found beside any script, only where its checksum or form holds; where it is, and a reason to leave."""

import re
from collections.abc import Iterator

import polars as pl

from corpus.filters.personal import NUMBERS, Found, emails, folded

# A cheap look at the whole column; the exact patterns run on the few rows that pass it.
WORTH_READING = (
    r"[@\uFF20\uFE6B]|(?:\d[ .\-()\u2010-\u2015\u2212\u00A0\u3000\uFF08\uFF09\uFF0D\uFF0E]{0,2}){9}"
    r"|\d[.\uFF0E]\d{1,3}[.\uFF0E]\d{1,3}[.\uFF0E]\d|[23][0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}:"
)
# Where numbers can be: digits without a wide gap, and what may stand before them.
BEFORE = 40
DIGITS = re.compile(r"(?s)\d(?:.{0,24}?\d)+")
FOUND = {"row": pl.UInt32(), "type": pl.String(), "start": pl.UInt32(), "end": pl.UInt32()}
REASONS = {
    "EMAIL": "pii_email",
    "ID": "pii_id_number",
    "CARD": "pii_card",
    "IBAN": "pii_iban",
    "PHONE": "pii_phone",
    "SSN": "pii_ssn",
    "IP": "pii_ip",
}


def find_pii(text: pl.Series, *, fictitious: bool = True) -> pl.DataFrame:
    """Personal data in each text, and where it stands.

    `EMAIL`; `ID`, a Chinese identity number (province, date and check character hold); `IBAN` (length, form, remainder
    by 97); `CARD` (issuer, length, check digit); `PHONE` (Chinese mobile and landline, American, others with plus and
    country code); `SSN` (American, with hyphens, numbers that are issued); `IP` (public ones). Full-width characters,
    dashes and spaces of all kinds are read as plain ones. What is found does not overlap.

    Not caught: names and street addresses; user names and accounts of messengers; passports, number plates and Chinese
    identity numbers of 15 digits, which have no check; national numbers outside China and the United States without a
    plus; hotlines (400, 95xxx); numbers written in words, in Chinese numerals, with invisible characters inside, or
    over a line break; addresses like "name at host dot com". A plain number of 11 digits that begins like a mobile is
    taken for one.

    Args:
        text: String column. Null counts as empty.
        fictitious: Also what is reserved for examples: example domains, 555 numbers, numbers of one or two digits,
            cards and social security numbers of advertisements, documentation addresses.

    Returns:
        One row per finding with the columns of `FOUND`, in order: `row` counts from 0, `start` and `end` (behind the
        last) are offsets in code points of the text as it is.
    """
    worth = text.str.contains(WORTH_READING).fill_null(False).arg_true()
    found = [
        (row, kind, start, end)
        for row, value in zip(worth, text.gather(worth), strict=True)
        for kind, start, end in _findings(value, fictitious)
    ]
    return pl.DataFrame(found, schema=FOUND, orient="row")


def pii(text: pl.Series) -> pl.Series:
    """Say why a text is rejected for personal data; null keeps it.

    What is reserved for examples is not personal. For what is found and what is not caught see `find_pii`.

    Args:
        text: String column.

    Returns:
        String column: a reason of `REASONS`, the first in their order that applies, or null.
    """
    place = {kind: rank for rank, kind in enumerate(REASONS)}
    found = find_pii(text, fictitious=False).with_columns(
        rank=pl.col("type").replace_strict(place, return_dtype=pl.Int8)
    )
    first = found.sort("row", "rank").unique("row", keep="first", maintain_order=True)
    reasons = first.select("row", reason=pl.col("type").replace_strict(REASONS, return_dtype=pl.String))
    rows = pl.DataFrame({"row": pl.int_range(len(text), dtype=pl.UInt32, eager=True)})
    return rows.join(reasons, on="row", how="left", maintain_order="left")["reason"].alias(text.name)


def _findings(text: str, fictitious: bool) -> Iterator[tuple[str, int, int]]:
    taken: list[tuple[str, Found]] = []
    for kind, one in _candidates(folded(text)):
        if all(one.end <= other.start or one.start >= other.end for _, other in taken):
            taken.append((kind, one))
    for kind, one in sorted(taken, key=lambda pair: pair[1].start):
        if fictitious or not one.fictitious:
            yield kind, one.start, one.end


def _candidates(plain: str) -> Iterator[tuple[str, Found]]:
    """Findings in the order of the forms. Numbers are looked for around digits, with what may stand before them."""
    if "@" in plain:
        yield from (("EMAIL", one) for one in emails(plain))
    spans = [(max(0, match.start() - BEFORE), match.end() + BEFORE) for match in DIGITS.finditer(plain)]
    for kind, form in NUMBERS.items():
        for start, end in spans:
            for one in form(plain[start:end]):
                yield kind, Found(one.start + start, one.end + start, one.fictitious)
