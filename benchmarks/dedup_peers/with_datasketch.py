"""datasketch: LSH over MinHash, and the estimated similarity of what it proposes."""

from common import BANDS, PERMUTATIONS, ROWS, THRESHOLD, read, shingles, write
from datasketch import MinHash, MinHashLSH

index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
kept: dict[str, MinHash] = {}
removed = []
for ids, texts in read():
    sets = ([shingle.encode() for shingle in shingles(text)] for text in texts)
    for key, sketch in zip(ids, MinHash.generator(sets, num_perm=PERMUTATIONS), strict=True):
        if any(sketch.jaccard(kept[other]) >= THRESHOLD for other in index.query(sketch)):
            removed.append(key)
        else:
            index.insert(key, sketch, check_duplication=False)
            kept[key] = sketch
write(removed, "datasketch")
