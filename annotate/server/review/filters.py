"""Argilla's filters as SQL conditions on its own tables."""

import json
from typing import Any
from uuid import UUID

from argilla_server.enums import ResponseStatusFilter
from argilla_server.models import Question, Record, Response, Suggestion
from argilla_server.search_engine.base import (
    AndFilter,
    Filter,
    MetadataFilterScope,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
    TermsFilter,
)
from sqlalchemy import ColumnElement, String, and_, cast, exists, func, not_, or_, select


def condition(wanted: Filter) -> ColumnElement[bool]:
    """The condition on `records` that a filter stands for.

    Raises:
        ValueError: If the filter has a scope that this version of Argilla does not know.
    """
    if isinstance(wanted, AndFilter):
        return and_(*map(condition, wanted.filters))
    scope = wanted.scope
    if isinstance(scope, ResponseFilterScope):
        return _response(wanted, scope)
    if isinstance(scope, SuggestionFilterScope):
        return _suggestion(wanted, scope)
    if isinstance(scope, MetadataFilterScope):
        return _json(wanted, Record.metadata_, scope.metadata_property)
    if isinstance(scope, RecordFilterScope):
        return _record(wanted, scope)
    raise ValueError(f"unknown filter scope {scope!r}")


def inside(column: Any, *keys: str) -> ColumnElement[Any]:
    """What stands in a JSON column under the keys, as a number or a text."""
    return func.json_extract(column, path(*keys))


def path(*keys: str) -> str:
    """SQLite's JSON path to nested keys."""
    return "$" + "".join("." + json.dumps(key, ensure_ascii=False) for key in keys)


def _record(wanted: TermsFilter | RangeFilter, scope: RecordFilterScope) -> ColumnElement[bool]:
    column = getattr(Record, str(scope.property))
    if isinstance(wanted, RangeFilter):
        return _between(column, wanted)
    return column.in_([UUID(str(value)) for value in wanted.values] if column is Record.id else wanted.values)


def _suggestion(wanted: TermsFilter | RangeFilter, scope: SuggestionFilterScope) -> ColumnElement[bool]:
    column = getattr(Suggestion, str(scope.property))
    if scope.property in ("agent", "type"):
        holds: ColumnElement[bool] = cast(column, String).in_([str(value) for value in wanted.values])
    else:
        holds = _json(wanted, column)
    of_record = and_(
        Suggestion.record_id == Record.id,
        Suggestion.question_id == Question.id,
        Question.dataset_id == Record.dataset_id,
        Question.name == scope.question,
    )
    return exists(select(1).select_from(Suggestion, Question).where(of_record, holds).correlate(Record))


def _response(wanted: TermsFilter | RangeFilter, scope: ResponseFilterScope) -> ColumnElement[bool]:
    mine = [Response.record_id == Record.id]
    if scope.user is not None:
        mine.append(Response.user_id == scope.user.id)
    if scope.question:
        return _some_response(*mine, _json(wanted, Response.values, scope.question, "value"))
    statuses = {str(value) for value in wanted.values}
    written = statuses - {ResponseStatusFilter.pending.value}
    parts = [_some_response(*mine, Response.status.in_(written))] if written else []
    if written != statuses:  # pending is a status that no row has: nothing was answered yet
        parts.append(not_(_some_response(*mine)))
    return or_(*parts)


def _some_response(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(1).select_from(Response).where(*conditions).correlate(Record))


def _json(wanted: TermsFilter | RangeFilter, column: Any, *keys: str) -> ColumnElement[bool]:
    """A JSON value in a range, or a JSON value (a scalar or a list) of which one member is among the terms."""
    if isinstance(wanted, RangeFilter):
        return _between(inside(column, *keys), wanted)
    member = func.json_each(column, path(*keys)).table_valued("value")
    terms = [str(value) for value in wanted.values]
    return exists(select(1).select_from(member).where(cast(member.c.value, String).in_(terms)))


def _between(column: Any, wanted: RangeFilter) -> ColumnElement[bool]:
    bounds = [column >= wanted.ge] if wanted.ge is not None else []
    if wanted.le is not None:
        bounds.append(column <= wanted.le)
    return and_(*bounds) if bounds else column.is_not(None)
