"""Our own: `corpus.steps` with one filter or all of them; `python with_safeladder.py documents.parquet NAME`."""

import sys
import tempfile
from collections import deque
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

import polars as pl

from corpus import ranks, steps
from corpus.filters import (
    active_markup,
    control_characters,
    gibberish,
    language,
    leftover_markup,
    length,
    mojibake,
    no_words,
    pii,
    refusal_kind,
    repeated_lines,
    repeated_phrases,
    secrets,
    template,
    toxicity,
    words_with_letter,
)

REPLY, WHOLE = pl.col("reply"), pl.col("whole")


def toxic(text: pl.Series) -> pl.Series:
    """The signal as a reason, so that its cost counts."""
    share = toxicity(text)
    return pl.select(pl.when(share > 0.2).then(pl.lit("toxic"))).to_series()


def declines(text: pl.Series) -> pl.Series:
    """The signal as a reason, as far as nothing follows the refusal."""
    kind = refusal_kind(text)
    return kind.set(kind == "then_answers", None)


# Those of `safeladder.pipeline.clean` with its defaults, and all others. The refusal is no reason there.
REASONS: dict[str, list[steps.Reason]] = {
    "length": [length(REPLY), length(WHOLE)],
    "repeated_lines": [repeated_lines(REPLY)],
    "repeated_phrases": [steps.OnColumn("reply", repeated_phrases)],
    "language": [steps.OnColumn("reply", language)],
    "pii": [steps.OnColumn("whole", pii)],
    "secrets": [steps.OnColumn("whole", secrets)],
    "active_markup": [steps.OnColumn("whole", active_markup)],
    "leftover_markup": [steps.OnColumn("whole", leftover_markup)],
    "control_characters": [steps.OnColumn("reply", control_characters)],
    "mojibake": [mojibake(WHOLE)],
    "words_with_letter": [words_with_letter(REPLY, min_ratio=0.5)],
    "gibberish": [steps.OnColumn("reply", gibberish)],
    "no_words": [no_words(REPLY)],
    "template": [steps.OnColumn("reply", template)],
    "refusal": [steps.OnColumn("reply", declines)],
    "toxicity": [steps.OnColumn("reply", toxic)],
}


def main() -> None:
    """Read, judge, write what is rejected; what is kept goes nowhere."""
    path, name = Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="safeladder-filters-") as folder:
        pieces = [piece for piece, _ in ranks.cut([path])]
        rejected = [Path(folder) / f"{rank}.parquet" for rank in range(len(pieces))]
        wanted = [reason for key, reasons in REASONS.items() if name in ("suite", key) for reason in reasons]
        chain = [steps.ReadBatches(pieces), *([steps.Filter(wanted, rejected)] if wanted else [])]
        for rank in range(len(pieces)):
            data = None
            for step in chain:
                data = step(data, rank, len(pieces))
            deque(data or (), maxlen=0)


if __name__ == "__main__":
    main()
