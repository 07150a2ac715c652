"""Pictures that show the same: equal pixels, near by a perceptual hash, the text that stands in them, and rows."""

from corpus.pictures.look import signals
from corpus.pictures.near import near_pictures
from corpus.pictures.reading import read_text, texts
from corpus.pictures.rows import picture_duplicates

__all__ = ["near_pictures", "picture_duplicates", "read_text", "signals", "texts"]
