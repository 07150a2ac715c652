"""Read the files that data sets come in: every record becomes a `Record`, or a `BadRecord` that says what is wrong."""

from corpus.readers.encoding import encoding_of
from corpus.readers.open import records
from corpus.readers.record import BadRecord, ReadError, Record

__all__ = ["BadRecord", "ReadError", "Record", "encoding_of", "records"]
