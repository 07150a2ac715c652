"""text-dedup's command. It splits at what is no letter or digit: a Chinese clause is one token."""

import sys
import tempfile

from common import BANDS, PERMUTATIONS, ROWS, THRESHOLD, N, read, write
from text_dedup.minhash import main as minhash


def main() -> None:
    """Run it as it is run from a shell, and see what it left."""
    from datasets import load_from_disk

    with tempfile.TemporaryDirectory(prefix="safeladder-text-dedup-") as folder:
        numbers = {"ngram": N, "num_perm": PERMUTATIONS, "b": BANDS, "r": ROWS, "threshold": THRESHOLD}
        rest = {"split": "train", "column": "text", "min_length": 1, "num_proc": 1, "cache_dir": f"{folder}/cache"}
        places = {"path": "parquet", "data_files": f"{sys.argv[1]}/*.parquet", "output": f"{folder}/kept"}
        options = {**places, **rest, **numbers}
        minhash([f"--{name}={value}" for name, value in options.items()], standalone_mode=False)
        kept = set(load_from_disk(f"{folder}/kept")["id"])
        write((key for ids, _ in read() for key in ids if key not in kept), "text-dedup", "datasets")


if __name__ == "__main__":
    main()
