"""What the tools' scripts share: each is called with a folder of Parquet pieces, where to write, and options."""

import json
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

PERMUTATIONS, BANDS, ROWS, N, THRESHOLD = 128, 16, 8, 5, 0.8


def pieces() -> list[Path]:
    """The Parquet files, in order."""
    return sorted(Path(sys.argv[1]).glob("*.parquet"))


def read() -> Iterator[tuple[list[str], list[str]]]:
    """Ids and texts of one piece after the other."""
    import pyarrow.parquet

    for piece in pieces():
        table = pyarrow.parquet.read_table(piece, columns=["id", "text"])
        yield table["id"].to_pylist(), table["text"].to_pylist()


def shingles(text: str) -> list[str]:
    """5-grams for the libraries that want them ready: of words, or of characters where the text is not ASCII."""
    parts = text.lower().split()
    if text.isascii():
        return [" ".join(parts[at : at + N]) for at in range(len(parts) - N + 1)]
    whole = "".join(parts)
    return [whole[at : at + N] for at in range(len(whole) - N + 1)]


def write(removed: Iterable[str], *packages: str, marks_all: bool = False) -> None:
    """Say which ids go, and the versions of the packages that found them.

    Args:
        removed: Ids.
        packages: Names of distributions.
        marks_all: The tool marks every member of a family, the one to be kept as well.
    """
    found = {"removed": list(removed), "versions": {name: version(name) for name in packages}, "marks_all": marks_all}
    Path(sys.argv[2]).write_text(json.dumps(found))
