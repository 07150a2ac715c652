"""Our own: `corpus.dedup.stages`, which also writes the documents that stay."""

import sys
import tempfile
from pathlib import Path

from common import THRESHOLD, N, pieces, write

sys.path.append(str(Path(__file__).resolve().parents[2]))


def ours(pieces: list[Path], *, workers: int) -> list[str]:
    """Ids of the documents that go."""
    import polars as pl

    from corpus.dedup.stages import deduplicate

    with tempfile.TemporaryDirectory(prefix="safeladder-ours-") as folder:
        found = deduplicate(pieces, Path(folder), threshold=THRESHOLD, n=N, workers=workers)
        rows = found.gone["row"]
        return pl.read_parquet(pieces, columns=["id"])["id"].gather(rows).to_list()


if __name__ == "__main__":
    write(ours(pieces(), workers=int(sys.argv[3])), "polars", "numpy", "numba")
