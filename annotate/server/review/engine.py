"""A search engine that answers from Argilla's own tables.

Argilla tells its search engine about a change after the transaction is committed, so everything an engine is asked for
(status, responses, suggestions, metadata, text) can be read where it already stands. There is no second copy to drift.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any

from argilla_server.enums import MetadataPropertyType
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.models import Dataset, MetadataProperty, Record, Response, User
from argilla_server.search_engine.base import (
    Filter,
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    MetadataMetrics,
    Order,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TermsMetrics,
    TextQuery,
)
from argilla_server.settings import settings
from sqlalchemy import ColumnElement, event, false, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from . import order, words
from .filters import condition, inside

NAME = "sql"


@SearchEngine.register(NAME)
class SQLSearchEngine(SearchEngine):
    """Argilla's search engine on SQLite; all methods that only keep a copy up to date have nothing to do."""

    _shared: "SQLSearchEngine | None" = None

    def __init__(self) -> None:
        self.db: AsyncEngine = create_async_engine(
            settings.database_url, hide_parameters=True, **settings.database_engine_args
        )

        @event.listens_for(self.db.sync_engine, "connect")
        def read_only(connection: Any, _: Any) -> None:
            connection.create_function("review_shuffle", 2, order.shuffle, deterministic=True)
            cursor = connection.cursor()
            cursor.execute("PRAGMA query_only = ON")
            cursor.close()

    @classmethod
    async def new_instance(cls) -> "SQLSearchEngine":
        """The one engine of this process: Argilla asks for a new one in every request."""
        if cls._shared is None:
            cls._shared = cls()
        return cls._shared

    async def ping(self) -> bool:
        async with self.db.connect() as db:
            return (await db.execute(text("select 1"))).scalar() == 1

    async def info(self) -> dict:
        return {"engine": NAME, "version": {"number": sqlite3.sqlite_version, "distribution": "sqlite"}}

    async def close(self) -> None: ...
    async def create_index(self, dataset: Dataset) -> None: ...
    async def delete_index(self, dataset: Dataset) -> None: ...
    async def configure_metadata_property(self, dataset: Dataset, metadata_property: MetadataProperty) -> None: ...
    async def index_records(self, dataset: Dataset, records: Iterable[Record]) -> None: ...
    async def delete_records(self, dataset: Dataset, records: Iterable[Record]) -> None: ...
    async def partial_record_update(self, record: Record, **update: Any) -> None: ...
    async def update_record_response(self, response: Response) -> None: ...
    async def delete_record_response(self, response: Response) -> None: ...
    async def update_record_suggestion(self, suggestion: Any) -> None: ...
    async def delete_record_suggestion(self, suggestion: Any) -> None: ...

    async def get_dataset_progress(self, dataset: Dataset) -> dict:
        rows = select(Record.status, func.count()).where(Record.dataset_id == dataset.id).group_by(Record.status)
        return await self._counts(dataset, rows)

    async def get_dataset_user_progress(self, dataset: Dataset, user: User) -> dict:
        rows = select(Response.status, func.count()).join(Record, Record.id == Response.record_id)
        mine = (Record.dataset_id == dataset.id, Response.user_id == user.id)
        return await self._counts(dataset, rows.where(*mine).group_by(Response.status))

    async def _counts(self, dataset: Dataset, rows: Any) -> dict:
        if dataset.is_draft:
            return {}
        async with self.db.connect() as db:
            counts = {status.value: count for status, count in (await db.execute(rows)).all()}
        return {"total": sum(counts.values()), **counts}

    async def search(
        self,
        dataset: Dataset,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,
        sort: list[Order] | None = None,
        offset: int = 0,
        limit: int = 100,
        user_id: str | None = None,
    ) -> SearchResponses:
        """One page of the records that match; an annotator (`user_id`) gets them as a queue."""
        where = [Record.dataset_id == dataset.id]
        if filter:
            where.append(condition(filter))
        if query:
            where.append(_text(dataset, query if isinstance(query, TextQuery) else TextQuery(q=query)))
        if sort:
            columns = order.asked(sort)
        else:
            columns = order.queued(dataset, str(user_id)) if user_id else list(order.ARRIVAL)
        page = select(Record.id).where(*where).order_by(*columns).offset(offset).limit(limit)
        async with self.db.connect() as db:
            total = (await db.execute(select(func.count()).select_from(Record).where(*where))).scalar_one()
            ids = (await db.execute(page)).scalars().all()
        return SearchResponses(items=[SearchResponseItem(record_id=id_) for id_ in ids], total=total)

    async def compute_metrics_for(self, metadata_property: MetadataProperty) -> MetadataMetrics:
        """Terms with their counts, or the smallest and largest number: what the filter menu shows."""
        value = Record.metadata_[metadata_property.name]
        of_dataset = Record.dataset_id == metadata_property.dataset_id
        async with self.db.connect() as db:
            if metadata_property.type == MetadataPropertyType.terms:
                found = (await db.execute(select(value).where(of_dataset))).scalars()
                lists = (v if isinstance(v, list) else [v] for v in found if v is not None)
                counts = Counter(str(term) for terms in lists for term in terms)
                values = [TermsMetrics.TermCount(term=term, count=count) for term, count in counts.most_common()]
                return TermsMetrics(total=counts.total(), values=values)
            number = inside(Record.metadata_, metadata_property.name)
            low, high = (await db.execute(select(func.min(number), func.max(number)).where(of_dataset))).one()
        if metadata_property.type == MetadataPropertyType.integer:
            return IntegerMetadataMetrics(min=low, max=high)
        return FloatMetadataMetrics(min=low, max=high)

    async def similarity_search(self, *args: Any, **kwargs: Any) -> SearchResponses:
        raise UnprocessableEntityError("this server keeps no vectors: search by words or filters instead")


def _text(dataset: Dataset, query: TextQuery) -> ColumnElement[bool]:
    wanted = words.read(query.q)
    count = sum(map(len, wanted.groups)) + len(wanted.forbidden)
    if count > words.MAX_WORDS:
        raise UnprocessableEntityError(f"{count} words in one search: at most {words.MAX_WORDS}")
    names = [field.name for field in dataset.fields if field.is_text and query.field in (None, field.name)]
    if not names or count == 0:
        return false()
    return words.holds([inside(Record.fields, name) for name in names], wanted)
