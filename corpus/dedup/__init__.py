"""Deduplication: which rows say what a kept row already says, by equal key or by verified Jaccard similarity."""

from corpus.dedup.exact import exact_duplicates, label_conflicts, with_looks
from corpus.dedup.keep import keep_rank
from corpus.dedup.minhash import PARTING, near_duplicates, similar_pairs
from corpus.dedup.stages import deduplicate

__all__ = [
    "PARTING",
    "deduplicate",
    "exact_duplicates",
    "keep_rank",
    "label_conflicts",
    "near_duplicates",
    "similar_pairs",
    "with_looks",
]
