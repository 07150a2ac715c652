"""rensa, a piece at a time; the third argument is the way.

keep: its deduplicator, R-MinHash with LSH, which says of each document whether it stays. rho: its fastest, the sketch
that samples and flags for whole matrices; it flags both of two documents that are alike in one matrix, so that whoever
wants to keep one of them has more to do, which is not counted here.
"""

import os
import sys

from common import BANDS, PERMUTATIONS, THRESHOLD, read, shingles, write

way, workers = sys.argv[3], sys.argv[4]
os.environ["RAYON_NUM_THREADS"] = workers

from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH  # noqa: E402

removed = []
if way == "keep":
    kept = RMinHashDeduplicator(THRESHOLD, PERMUTATIONS, True, BANDS)
    for ids, texts in read():
        stays = kept.add_pairs([(key, shingles(text)) for key, text in zip(ids, texts, strict=True)])
        removed += [key for key, stay in zip(ids, stays, strict=True) if not stay]
else:
    index, done = RMinHashLSH(THRESHOLD, PERMUTATIONS, BANDS), 0
    for ids, texts in read():
        matrix = RMinHash.digest_matrix_from_token_sets_rho([shingles(text) for text in texts], PERMUTATIONS, 42)
        flags = index.insert_matrix_and_query_duplicate_flags(matrix, done)
        removed += [key for key, flag in zip(ids, flags, strict=True) if flag]
        done += len(ids)
write(removed, "rensa", marks_all=way == "rho")
