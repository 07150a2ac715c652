"""datatrove's four MinHash stages in its own executors; the third argument is the tokeniser, `spacy` or `light`.

Signatures, buckets, clusters, and the filter, whose kept documents go nowhere: writing them is not counted. Numbers are
left as they are; by default it makes them all the same, and tables that differ in their numbers would go.
"""

import re
import struct
import sys
import tempfile
from pathlib import Path

from common import BANDS, ROWS, N, pieces, read, write
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer


class Light(WordTokenizer):
    """Words, and every Chinese character by itself: the least that serves both languages."""

    find = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+").findall

    def word_tokenize(self, text: str) -> list[str]:
        """Tokens of a text."""
        return self.find(text)

    sent_tokenize = span_tokenize = word_tokenize


def run(folder: Path, name: str, steps: list[PipelineStep], tasks: int) -> None:
    """One stage."""
    LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=str(folder / "logs" / name)).run()


def main() -> None:
    """All four, in a temporary folder."""
    language = "en" if sys.argv[3] == "spacy" else Light()
    config = MinhashConfig(
        n_grams=N, num_buckets=BANDS, hashes_per_bucket=ROWS, norm_config=TextNormConfig(norm_numbers=False)
    )
    tasks = len(pieces())
    reader = ParquetReader(sys.argv[1], glob_pattern="*.parquet", read_metadata=False)
    with tempfile.TemporaryDirectory(prefix="safeladder-datatrove-") as name:
        folder = Path(name)
        signatures, pairs, gone = (str(folder / part) for part in ("signatures", "pairs", "gone"))
        run(folder, "1", [reader, MinhashDedupSignature(signatures, config=config, language=language)], tasks)
        run(folder, "2", [MinhashDedupBuckets(signatures, pairs, config=config)], BANDS)
        run(folder, "3", [MinhashDedupCluster(pairs, gone, config=config)], 1)
        run(folder, "4", [reader, MinhashDedupFilter(gone)], tasks)
        removed = []
        for rank, (ids, _) in enumerate(read()):
            file = Path(gone) / f"{rank:06d}.remove"
            removed += [ids[at] for (at,) in struct.iter_unpack("<I", file.read_bytes())] if file.exists() else []
    write(removed, "datatrove", *(["spacy"] if sys.argv[3] == "spacy" else []))


if __name__ == "__main__":
    main()
