"""Documents with planted duplicates, made of invented words: what goes, and what must stay, is known beforehand.

Half of the documents are English-like, half Chinese: words drawn by Zipf's law from some 20,000, a question first and
an answer after it, median 120 words or 200 characters. Of each hundred,

* 20 are near-duplicates of another one: some words replaced, inserted, deleted, so that similarities spread over 0.6-1;
* 5 are exact copies, in families of up to four;
* 5 come from templates, ten documents that share half of their text; 2 are tables that differ in their numbers only.

The similarity of a planted pair is the Jaccard similarity of its sets of 5-grams, computed here from the texts: of
words in English, of characters in Chinese. Tools differ in whether punctuation counts, so it is computed both with and
without. One of a pair is to go if both reach the threshold; a pair about which the two disagree is left out of the
truth.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

LANGUAGES = ("en", "zh")
WORDS = 20_000
CHARACTERS = 3_000
N = 5
THRESHOLD = 0.8
PIECE = 20_000  # documents in a file
NEAR, EXACT, TEMPLATES, TABLES = 0.20, 0.05, 0.05, 0.02
TEMPLATE_SIZE, TABLE_SIZE, TABLE_ROWS = 10, 5, 40

# A word, followed by nothing, by a comma, by a full stop, opening a sentence, or ending the question.
_PLAIN, _COMMA, _STOP, _OPENING, _ASKED = range(5)

Document = list[int]  # a word of the vocabulary + WORDS * what follows it


def vocabulary(language: str, rng: np.random.Generator) -> list[str]:
    """Every word in every form, form after form; the frequent words are the shorter ones."""
    if language == "en":
        syllables = [c + v + e for c in "bcdfghklmnprstvw" for v in "aeiou" for e in ("", "n", "r", "s", "l")]
        drawn = rng.integers(0, len(syllables), (2 * WORDS, 3)).tolist()
        lengths = [1 + (number > 300) + (number > 4_000) for number in range(2 * WORDS)]
        spelled = zip(drawn, lengths, strict=True)
        words = list(dict.fromkeys("".join(syllables[at] for at in word[:length]) for word, length in spelled))[:WORDS]
        opening = [word.capitalize() for word in words]
        return [*words, *(w + "," for w in words), *(w + "." for w in words), *opening, *(w + "?\n" for w in words)]
    characters = [chr(code) for code in rng.choice(np.arange(0x4E00, 0x9FA6), CHARACTERS, replace=False).tolist()]
    pairs = rng.choice(CHARACTERS**2, WORDS, replace=False).tolist()
    words = [characters[pair // CHARACTERS] + characters[pair % CHARACTERS] for pair in pairs]
    return [*words, *(w + "，" for w in words), *(w + "。" for w in words), *words, *(w + "？\n" for w in words)]


def zipf(rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    """A source of word numbers: the frequency of the word of rank r goes with 1 / (r + 2.7)."""
    share = np.cumsum(1 / (np.arange(WORDS) + 2.7))
    table = np.searchsorted(share / share[-1], (np.arange(1 << 20) + 0.5) / (1 << 20)).astype(np.int32)
    return lambda count: table[rng.integers(0, 1 << 20, count)]


def fresh(count: int, language: str, rng: np.random.Generator, words: Callable[[int], np.ndarray]) -> list[Document]:
    """Documents that have nothing to do with each other."""
    median = 120 if language == "en" else 100  # a Chinese word has two characters
    length_D = np.clip(rng.lognormal(np.log(median), 0.5, count), 40, 600).astype(np.int64)
    start_D = np.cumsum(length_D) - length_D
    total = int(length_D.sum())
    form_T = rng.choice([_PLAIN, _COMMA, _STOP], total, p=[0.84, 0.07, 0.09])
    form_T[(np.roll(form_T, 1) == _STOP) & (form_T == _PLAIN)] = _OPENING
    form_T[start_D] = _OPENING
    form_T[start_D + rng.integers(8, 20, count)] = _ASKED
    form_T[start_D + length_D - 1] = _STOP
    coded_T = words(total) + WORDS * form_T
    return [part.tolist() for part in np.split(coded_T, start_D[1:])] if count else []


def edited(document: Document, language: str, rng: np.random.Generator, words: Callable[[int], np.ndarray]) -> Document:
    """A near-duplicate whose similarity is somewhere between 0.6 and 1."""
    wanted = rng.uniform(0.6, 1.0)
    size, touched = (len(document), N) if language == "en" else (2 * len(document), N + 1)
    # Of size shingles, each edit changes as many as overlap it: similarity = (size - changed) / (size + changed).
    changed = size * (1 - wanted) / (1 + wanted)
    places = rng.choice(len(document), max(1, round(changed / touched)), replace=False)
    kinds = rng.integers(0, 3, len(places)).tolist()
    found = list(document)
    for place, kind, word in zip(
        sorted(places.tolist(), reverse=True), kinds, words(len(places)).tolist(), strict=True
    ):
        if kind == 0:
            found[place] = word + found[place] // WORDS * WORDS
        elif kind == 1:
            found.insert(place, word)
        else:
            del found[place]
    return found


def tables(language: str, rng: np.random.Generator, vocabulary: list[str]) -> list[str]:
    """The same labels, other numbers."""
    labels = [vocabulary[number] for number in rng.choice(WORDS, TABLE_ROWS, replace=False).tolist()]
    row = "{} {}\n" if language == "en" else "{}{}，\n"
    numbers = rng.integers(1_000, 10_000, (TABLE_SIZE, TABLE_ROWS)).tolist()
    return ["".join(row.format(*cell) for cell in zip(labels, line, strict=True)) for line in numbers]


def jaccard(one: list[str], other: list[str]) -> float:
    """Of the sets of 5-grams of two lists of tokens; a shorter list is one 5-gram, its whole self."""
    sets = [{tuple(tokens[at : at + N]) for at in range(max(1, len(tokens) - N + 1))} for tokens in (one, other)]
    shared = len(sets[0] & sets[1])
    return shared / (len(sets[0]) + len(sets[1]) - shared)


def similarity(one: str, other: str, language: str) -> tuple[float, float]:
    """Jaccard similarity of two texts, with punctuation and without."""
    if language == "en":
        readings: list[Callable[[str], list[str]]] = [str.split, re.compile(r"\w+").findall]
    else:
        readings = [lambda text: list("".join(text.split())), re.compile(r"\w").findall]
    with_, without = (jaccard(read(one.lower()), read(other.lower())) for read in readings)
    return with_, without


def due(one: str, other: str, language: str) -> int | None:
    """1 if one of the two texts is to go, 0 if both are to stay, None where the definitions disagree."""
    reached = {value >= THRESHOLD for value in similarity(one, other, language)}
    return int(reached.pop()) if len(reached) == 1 else None


def families(language: str, count: int, rng: np.random.Generator) -> Iterator[tuple[list[str], int | None]]:
    """Texts that belong together, and how many of them are to go; a text that stands alone is a family of one."""
    word_list, words = np.array(vocabulary(language, rng), dtype=object), zipf(rng)
    space = " " if language == "en" else ""

    def text(document: Document) -> str:
        return space.join(word_list[document].tolist()).replace("\n ", "\n")

    near, exact = round(NEAR * count), round(EXACT * count)
    template_groups, table_groups = round(TEMPLATES * count / TEMPLATE_SIZE), round(TABLES * count / TABLE_SIZE)
    left = count - near - exact - template_groups * TEMPLATE_SIZE - table_groups * TABLE_SIZE
    for document in fresh(near, language, rng, words):
        one, other = text(document), text(edited(document, language, rng, words))
        yield [one, other], due(one, other, language)
    left -= near
    while exact:
        copies = min(exact, int(rng.integers(1, 4)))
        yield [text(fresh(1, language, rng, words)[0])] * (1 + copies), copies
        exact, left = exact - copies, left - 1
    for _ in range(template_groups):
        parts = fresh(TEMPLATE_SIZE, language, rng, words)
        size = min(map(len, parts))  # half of it from the first, and each its own half
        yield [text(parts[0][: size // 2] + part[size // 2 : size]) for part in parts], 0
    for _ in range(table_groups):
        yield tables(language, rng, word_list[:WORDS].tolist()), 0
    for first in range(0, left, PIECE):
        yield from (([text(document)], 0) for document in fresh(min(PIECE, left - first), language, rng, words))


def write(folder: Path, count: int, *, seed: int = 0) -> pl.DataFrame:
    """Write documents (id, text, and rank, their order) as Parquet pieces, in an order that tells nothing.

    Args:
        folder: For the pieces; made here.
        count: Documents in all, half of them in each language.
        seed: Everything follows from it.

    Returns:
        The truth: id, language, family (a number) and due, how many of the family are to go; null where that depends on
        the definition.
    """
    rng = np.random.default_rng(seed)
    parts, texts, first = [], [], 0
    for language in LANGUAGES:
        found = list(families(language, count // 2, rng))
        texts.append(pl.Series(None, [text for family, _ in found for text in family], dtype=pl.String))
        planted = pl.DataFrame({"size": [len(family) for family, _ in found], "due": [value for _, value in found]})
        numbered = planted.with_row_index("family", offset=first).with_columns(language=pl.lit(language))
        parts.append(numbered.select(pl.all().repeat_by("size").explode()).drop("size"))
        first += len(found)
        del found
    order = rng.permutation(2 * (count // 2))
    ids = pl.Series("id", np.arange(len(order))).cast(pl.String).str.zfill(7)
    documents = pl.DataFrame({"text": pl.concat(texts)[order]}).select(ids, "text", rank=pl.int_range(pl.len()))
    folder.mkdir(parents=True)
    for number, piece in enumerate(documents.iter_slices(PIECE)):
        piece.write_parquet(folder / f"{number:05d}.parquet")
    return pl.concat(parts)[order].select(ids, "language", "family", pl.col("due").cast(pl.Int64))
