"""Send rows to review, once each."""

import base64
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from annotate.control import Server
from annotate.project import DATASET, WORKSPACE, connect, escape, find_or_create
from catalog.media import probe

if TYPE_CHECKING:
    import argilla

ASK_AT_ONCE = 100
SEND_AT_ONCE = 128
SEND_AT_ONCE_CHARS = 8_000_000
DATA_URL_CHARS = 5_000_000
MIMES = ("image/gif", "image/jpeg", "image/png", "image/webp")
WAITS_S = (0.5, 2.0, 5.0)

Media = Callable[[str], bytes]


class PushReport(NamedTuple):
    """What became of every row: `pushed` + `already` + `failed` = rows given."""

    pushed: int
    already: int
    failed: int
    reasons: dict[str, str]
    """Why, for each sample_id that failed."""


def push(
    server: Server,
    rows: pl.DataFrame,
    *,
    dataset: str = DATASET,
    workspace: str = WORKSPACE,
    overlap: int = 1,
    media: Media | None = None,
) -> PushReport:
    """Send the rows that the dataset does not hold yet; those it holds stay exactly as they are.

    Args:
        server: A running server.
        rows: `sample_id`, `prompt`, `response`, `images` (list of media_id, at most one), `language`, `uncertainty` (0
            to 1, null where the verifier abstained).
        dataset: Made when it is not there.
        workspace: Made when it is not there.
        overlap: Annotators whose answer a record needs.
        media: Gives the file of a media_id.

    Raises:
        ValueError: If a sample_id stands in the rows twice, pictures come without `media`, or the dataset has another
            overlap.
    """
    if rows["sample_id"].is_duplicated().any():
        twice = rows.filter(pl.col("sample_id").is_duplicated())["sample_id"][0]
        raise ValueError(f"sample {twice} stands in the rows twice: push each once")
    if media is None and (rows["images"].list.len() > 0).any():
        raise ValueError("some rows have pictures: say with media= where their files are")
    client = connect(server)
    target = find_or_create(client, dataset, workspace, overlap)
    known = set(_known(client, target, rows["sample_id"].to_list()))
    reasons: dict[str, str] = {}
    fresh = rows.filter(~pl.col("sample_id").is_in(list(known)))
    for batch in _batches(_records(fresh, media, reasons)):
        reasons |= _send(client, target, batch)
    return PushReport(fresh.height - len(reasons), len(known), len(reasons), reasons)


def _known(client: "argilla.Argilla", target: "argilla.Dataset", ids: list[str]) -> Iterator[str]:
    import argilla as rg

    for start in range(0, len(ids), ASK_AT_ONCE):
        query = rg.Query(filter=("id", "in", ids[start : start + ASK_AT_ONCE])).api_model()
        options = {"limit": ASK_AT_ONCE, "with_suggestions": False, "with_responses": False}
        found, _ = _patiently(partial(client.api.records.search, target.id, query, **options))
        yield from (model.external_id for model, _ in found)


def _records(rows: pl.DataFrame, media: Media | None, reasons: dict[str, str]) -> Iterator["argilla.Record"]:
    import argilla as rg

    day = datetime.now(UTC).date().isoformat()
    for row in rows.iter_rows(named=True):
        try:
            fields = {"prompt": escape(row["prompt"]), "response": escape(row["response"])}
            if row["images"] and media:
                fields["image"] = data_url(row["images"], media)
        except Exception as error:  # whatever is wrong with one row must not stop the others
            reasons[row["sample_id"]] = str(error) if isinstance(error, ValueError) else type(error).__name__
            continue
        metadata = {"uncertainty": row["uncertainty"], "language": row["language"], "batch": day}
        metadata = {name: value for name, value in metadata.items() if value is not None}
        yield rg.Record(id=row["sample_id"], fields=fields, metadata=metadata)


def data_url(images: list[str], media: Media) -> str:
    """The picture of a row, ready for the page.

    Raises:
        ValueError: If there is more than one, or the page cannot show it.
    """
    if len(images) > 1:
        raise ValueError(f"{len(images)} pictures: the page shows one")
    data = media(images[0])
    mime = probe(data)["mime"]
    if mime not in MIMES:
        raise ValueError(f"picture of type {mime}: expected one of {', '.join(MIMES)}")
    url = f"data:{mime};base64,{base64.b64encode(data).decode()}"
    if len(url) > DATA_URL_CHARS:
        raise ValueError(f"picture of {len(data):,} bytes: the page takes about {DATA_URL_CHARS * 3 // 4:,}")
    return url


def _batches(records: Iterable["argilla.Record"]) -> Iterator[list["argilla.Record"]]:
    batch, chars = [], 0
    for record in records:
        batch.append(record)
        chars += sum(map(len, record.fields.values()))
        if len(batch) == SEND_AT_ONCE or chars >= SEND_AT_ONCE_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _send(client: "argilla.Argilla", target: "argilla.Dataset", batch: list["argilla.Record"]) -> dict[str, str]:
    """Reasons of the records that the server did not take. One bad record fails a batch, so that is halved to find
    it."""
    from argilla._exceptions import ArgillaAPIError
    from httpx import TransportError

    models = [record.api_model() for record in batch]
    try:
        _patiently(partial(client.api.records.bulk_upsert, target.id, models))
    except TransportError as error:
        return {record.id: f"the server cannot be reached ({type(error).__name__})" for record in batch}
    except ArgillaAPIError as error:  # its message quotes the text of the record: only the kind may be told
        if len(batch) == 1:
            return {batch[0].id: f"the server refused it: {type(error).__name__} {error.status_code}"}
        half = len(batch) // 2
        return _send(client, target, batch[:half]) | _send(client, target, batch[half:])
    return {}


def _patiently(call: Callable[[], Any]) -> Any:
    """Call again where the server was out of reach or broke down; sending a record twice does no harm."""
    from argilla._exceptions import ArgillaAPIError
    from httpx import TransportError

    for wait_s in WAITS_S:
        try:
            return call()
        except TransportError:
            time.sleep(wait_s)
        except ArgillaAPIError as error:
            if error.status_code < 500:
                raise
            time.sleep(wait_s)
    return call()
