"""data-juicer's document_minhash_deduplicator; the third argument is its tokenisation, `space` or `character`."""

import sys
import tempfile

from common import BANDS, PERMUTATIONS, ROWS, THRESHOLD, N, pieces, read, write
from data_juicer.core.data import NestedDataset
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator


def main() -> None:
    """Hash, cluster, filter."""
    from datasets import load_dataset

    step = DocumentMinhashDeduplicator(
        tokenization=sys.argv[3],
        window_size=N,
        num_permutations=PERMUTATIONS,
        jaccard_threshold=THRESHOLD,
        num_bands=BANDS,
        num_rows_per_band=ROWS,
    )
    with tempfile.TemporaryDirectory(prefix="safeladder-data-juicer-") as folder:
        files = [str(piece) for piece in pieces()]
        documents = NestedDataset(load_dataset("parquet", data_files=files, split="train", cache_dir=folder))
        kept = set(step.process(documents.map(step.compute_hash))[0]["id"])
        write((key for ids, _ in read() for key in ids if key not in kept), "py-data-juicer", "datasets")


if __name__ == "__main__":
    main()
