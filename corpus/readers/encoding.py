"""Find the encoding of a text file: a byte order mark, else strict UTF-8, else what its non-ASCII lines look like.

UTF-8 comes before every guess, because good UTF-8 Chinese is often legal GB18030 too and would turn into nonsense.
"""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

import chardet

from corpus.readers.files import open_bytes
from corpus.readers.record import ReadError

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
GUESSES = ["gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "windows-1252"]
CHINESE = ("gb18030", "big5", "big5hkscs")
SAMPLE = 200_000
ADVICE = "expected UTF-8, GB18030, Big5, Shift-JIS, EUC or Windows-1252: convert it, or name its `encoding`"
BYTE = re.compile("[\udc80-\udcff]")  # how Python carries a byte that is no UTF-8


def encoding_of(path: Path) -> str:
    """Name of the codec that reads the file.

    A file that is UTF-8 but for a few damaged bytes is UTF-8: its damaged records are rejected one by one.

    Raises:
        ReadError: If it cannot be decided, lines of it are UTF-8 and others are not, or the file cannot be opened.
    """
    with open_bytes(path) as file:
        head = file.read(4096)
        for mark, name in MARKS.items():
            if head.startswith(mark):
                return name
        if head.count(0) * 10 > len(head):
            raise ReadError(f"{path} looks like UTF-16 without a byte order mark, or is no text file; {ADVICE}")
        file.seek(0)
        seen = _survey(file)
    if seen.broken * 10 <= seen.good:
        return "utf-8"
    odd = seen.odd
    guess = chardet.detect(odd, include_encodings=GUESSES)["encoding"]
    # One or two characters of GB 2312 are often UTF-8 of two bytes each; of Windows-1252 hardly ever.
    clean = seen.whole if guess and codecs.lookup(guess).name == "cp1252" else seen.clean
    if clean * 10 > seen.lines:
        raise ReadError(
            f"{path} mixes UTF-8 with another encoding: {clean} lines are UTF-8, line {seen.first} is the first "
            "that is not; no encoding reads both: convert its parts before they are joined"
        )
    if guess and codecs.lookup(guess).name in CHINESE:
        guess = max(CHINESE, key=lambda name: _common(odd, name))
    if guess is None or not _reads(path, guess):
        raise ReadError(f"{path} is in an encoding that cannot be told from its bytes; {ADVICE}")
    return codecs.lookup(guess).name


class _Seen(NamedTuple):
    good: int  # non-ASCII characters that are UTF-8
    broken: int  # bytes that are not
    lines: int  # lines that hold either
    whole: int  # those of them that are UTF-8
    clean: int  # those of these that are it not by chance, whatever the encoding of the others
    first: int  # number of the first that is not
    odd: bytes  # a sample of them


def _survey(lines: IO[bytes]) -> _Seen:
    """Look at the lines that are not ASCII.

    Only non-ASCII lines are sampled, so that one Chinese row among a thousand English ones decides.
    """
    good = broken = seen = whole = clean = first = 0
    odd = bytearray()
    for number, line in enumerate(lines, start=1):
        if line.isascii():
            continue
        text = line.decode("utf-8", errors="surrogateescape")
        bad = len(BYTE.findall(text))
        here = len(text) - len(text.encode("ascii", errors="ignore")) - bad
        good += here
        broken += bad
        seen += 1
        whole += not bad
        clean += not bad and (here > 2 or max(text) > "\u07ff")
        first = first or (number if bad else 0)
        if len(odd) < SAMPLE:
            odd += line[:SAMPLE]
    return _Seen(good, broken, seen, whole, clean, first, bytes(odd))


def _common(data: bytes, encoding: str) -> float:
    """Share of the non-ASCII characters that are everyday Chinese; where a guess is wrong, most are not."""
    text = [char for char in data.decode(encoding, errors="replace") if not char.isascii()]
    return sum(char in _everyday() for char in text) / max(len(text), 1)


@cache
def _everyday() -> frozenset[str]:
    """The first levels of GB 2312 and Big5: some 7,000 characters, simplified and traditional, and punctuation."""
    ranges = {"gb2312": (range(0xB0, 0xD8), range(0xA1, 0xA4)), "big5": (range(0xA4, 0xC7), range(0xA1, 0xA2))}
    return frozenset(
        char
        for encoding, rows in ranges.items()
        for row in rows
        for lead in row
        for trail in range(0x40, 0xFF)
        for char in bytes([lead, trail]).decode(encoding, errors="ignore")
    )


def _reads(path: Path, encoding: str) -> bool:
    try:
        with open_bytes(path) as data, io.TextIOWrapper(data, encoding=encoding, newline="\n") as file:
            for _ in file:
                pass
    except UnicodeDecodeError:
        return False
    return True


def _codec(path: Path, encoding: str) -> str:
    try:
        b"a".decode(encoding)
    except UnicodeDecodeError:
        pass  # a codec whose characters have two bytes or more
    except (LookupError, ValueError):  # hex is a codec too, but none of text; `undefined` raises on every byte
        raise ReadError(f"{path}: there is no encoding {encoding!r}; {ADVICE}") from None
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name  # a byte order mark is no part of the text


@contextmanager
def open_text(path: Path, *, encoding: str | None, newline: str) -> Iterator[IO[str]]:
    """Open a text file in its encoding; bytes that break UTF-8 come as lone surrogates, for the reader to reject.

    Raises:
        ReadError: As `open_bytes`; and if there is no encoding of that name, or none is given and none is found.
    """
    name = _codec(path, encoding or encoding_of(path))
    errors = "surrogateescape" if name.startswith("utf-8") else "strict"
    with open_bytes(path) as data, io.TextIOWrapper(data, encoding=name, errors=errors, newline=newline) as text:
        yield text
