"""In which order records come: as asked, as queued for an annotator, or as they arrived."""

import hashlib
from typing import Any

from argilla_server.enums import SortOrder
from argilla_server.models import Dataset, Question, Record, Response, Suggestion
from argilla_server.search_engine.base import (
    MetadataFilterScope,
    Order,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
)
from sqlalchemy import ColumnElement, Integer, String, cast, func, select

from .filters import inside

PRIORITY = "uncertainty"
ARRIVAL = (Record.inserted_at, Record.id)


def asked(orders: list[Order]) -> list[Any]:
    """The columns a caller sorts by; equal ones as they arrived."""
    columns = [(_column(order.scope), order.order) for order in orders]
    return [(c.desc() if way == SortOrder.desc else c.asc()).nulls_last() for c, way in columns] + list(ARRIVAL)


def queued(dataset: Dataset, user_id: str) -> list[Any]:
    """An annotator's queue: least certain rows first, equal ones in an order of the annotator's own.

    Rows without a score come before all: nothing is known of them. The own order keeps two annotators who start
    together off the same record.
    """
    own = func.review_shuffle(Record.id, user_id, type_=Integer)
    known = {found.name for found in dataset.__dict__.get("metadata_properties", ())}
    return [inside(Record.metadata_, PRIORITY).desc().nulls_first(), own] if PRIORITY in known else [own]


def shuffle(record_id: str, user_id: str) -> int:
    """Place of a record in an annotator's own order: the same in every request, another for every annotator."""
    return int.from_bytes(hashlib.blake2b(f"{user_id}{record_id}".encode(), digest_size=7).digest(), "big")


def _column(scope: Any) -> ColumnElement[Any]:
    if isinstance(scope, RecordFilterScope):
        return getattr(Record, str(scope.property))
    if isinstance(scope, MetadataFilterScope):
        return inside(Record.metadata_, scope.metadata_property)
    if isinstance(scope, SuggestionFilterScope):
        return _suggested(scope)
    if isinstance(scope, ResponseFilterScope):
        return _answered(scope)
    raise ValueError(f"unknown sort scope {scope!r}")


def _suggested(scope: SuggestionFilterScope) -> ColumnElement[Any]:
    column = getattr(Suggestion, str(scope.property))
    value = inside(column) if scope.property in ("value", "score") else column
    of_record = (Suggestion.record_id == Record.id, Question.name == scope.question)
    rows = select(value).join(Question, Question.id == Suggestion.question_id).where(*of_record)
    return rows.limit(1).correlate(Record).scalar_subquery()


def _answered(scope: ResponseFilterScope) -> ColumnElement[Any]:
    value = inside(Response.values, scope.question, "value") if scope.question else cast(Response.status, String)
    rows = select(func.min(value)).where(Response.record_id == Record.id)
    if scope.user is not None:
        rows = rows.where(Response.user_id == scope.user.id)
    return rows.correlate(Record).scalar_subquery()
