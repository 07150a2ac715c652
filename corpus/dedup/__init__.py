"""Deduplication: which rows say what a kept row already says, by equal key or by verified Jaccard similarity."""

from corpus.dedup.exact import exact_duplicates, keep_rank, label_conflicts
from corpus.dedup.minhash import near_duplicates, similar_pairs

__all__ = ["exact_duplicates", "keep_rank", "label_conflicts", "near_duplicates", "similar_pairs"]
