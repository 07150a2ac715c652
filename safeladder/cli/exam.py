"""`exam`: hash benchmark items so that they need not be shared, and check that no row holds one."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safeladder.cli.console import DidNotHold, JsonOption, StoreOption, emit, progress, say
from safeladder.cli.exam_rows import of_file

if TYPE_CHECKING:
    import polars as pl

app = typer.Typer(no_args_is_help=True, help="Benchmark items that no training row may hold.")


@app.command("hash")
def hash_exam(
    file: Annotated[Path, typer.Argument(help="Items: JSON lines, CSV or Parquet with id, text or prompt, image")],
    out: Annotated[Path, typer.Option("--out", help="The salted exam, to give away")],
    salt: Annotated[str | None, typer.Option(help="32 hexadecimal digits; drawn anew by default")] = None,
    salt_file: Annotated[Path | None, typer.Option(help="File with such digits; made where there is none")] = None,
    words: Annotated[int | None, typer.Option(help="Words of a run: more guard better and find less")] = None,
    characters: Annotated[int | None, typer.Option(help="The same for Chinese and other unspaced scripts")] = None,
    pictures: Annotated[bool, typer.Option(help="Give the perceptual hashes of pictures away too")] = True,
    name: Annotated[str | None, typer.Option(help="What hits call the exam [default: name of the file]")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write an exam as salted hashes. docs/decontaminate.md says what they protect, and what they do not.

    Example: `safeladder exam hash items.jsonl --out items.exam.jsonl`.
    """
    if salt is not None and salt_file is not None:
        raise ValueError("--salt and --salt-file: expected one of them")
    import polars as pl

    from corpus import decontaminate

    plain = _read(file, name, None)
    made = decontaminate.exam(
        plain.name,
        plain.items.drop("n", "runs", "whole_only", "text_unchecked"),
        salt=_salt(salt, salt_file),
        words=words or decontaminate.SALTED_WORDS,
        characters=characters or decontaminate.SALTED_CHARACTERS,
    )
    decontaminate.save(made, out, pictures=pictures)
    unchecked = made.items.filter(pl.col("text_unchecked").is_not_null()).height
    emit([{"exam": made.name, "out": str(out), "items": made.items.height, "too_short": unchecked}], as_json=as_json)
    say(f"next: safeladder exam check --exam {out} RELEASE")


@app.command("check")
def check(
    release: Annotated[str | None, typer.Argument(help="Release of the store, by name or digest")] = None,
    exam: Annotated[list[Path] | None, typer.Option("--exam", help="An exam, plain or salted; again for more")] = None,
    input: Annotated[
        Path | None, typer.Option("--input", help="Rows instead of a release: id, and prompt, response, text or image")
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option("--embeddings", help="Compare meaning too; keep sentence vectors in this folder")
    ] = None,
    ocr: Annotated[
        Path | None, typer.Option("--ocr", help="Read the text in pictures too (extra ocr); keep it in this folder")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which rows hold an item of an exam; exit code 1 where any does.

    Example: `safeladder exam check --exam items.jsonl demo`.
    """
    if not exam:
        raise ValueError("--exam FILE: name an exam at least; docs/decontaminate.md says how to write one")
    if (release is None) == (input is None):
        raise ValueError("expected a release or --input FILE, and not both")
    import polars as pl

    from corpus import decontaminate

    index = decontaminate.index([_read(path, None, ocr) for path in exam])
    rows, files, known = of_file(input) if input else _of_release(store, str(release))
    rows, signals = _looked_at(rows, files, known, ocr)
    with progress("checking") as told:
        hits = decontaminate.find(
            rows, index, signals=signals, embeddings=embeddings, tick=lambda done, total: told(done, total, "rows")
        )
    emit(hits.iter_rows(named=True), as_json=as_json, columns=hits.columns)
    for part, reason, count in index.unchecked.group_by("part", "reason").len().sort("part", "reason").iter_rows():
        say(f"not looked for: the {part} of {count:,} items ({reason})")
    if signals is not None and (bad := signals.filter(pl.col("reason").is_not_null()).height):
        say(f"not looked at: {bad:,} pictures that cannot be opened")
    if hits.height:
        raise DidNotHold(f"{hits['sample_id'].n_unique():,} of {rows.height:,} rows hold items of an exam")
    say(f"{rows.height:,} rows hold none of {index.items.height:,} items")


def _read(path: Path, name: str | None, ocr: Path | None) -> Any:
    from corpus import decontaminate

    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; an exam is JSON lines, CSV or Parquet with id and text")
    return decontaminate.read(path, name=name, ocr=ocr)


def _salt(digits: str | None, file: Path | None) -> bytes:
    import secrets

    if digits is None and file is not None:
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
        digits = file.read_text(encoding="ascii").strip()
    try:
        return secrets.token_bytes(16) if digits is None else bytes.fromhex(digits)
    except ValueError:
        raise ValueError("a salt has 32 hexadecimal digits: `openssl rand -hex 16` makes one") from None


def _looked_at(
    rows: "pl.DataFrame", files: Callable[[str], bytes], known: "pl.DataFrame", ocr: Path | None
) -> "tuple[pl.DataFrame, pl.DataFrame]":
    """Rows with the text in their pictures, and what is known of the pictures."""
    import polars as pl

    from corpus.pictures import signals, texts
    from safeladder.pipeline.exams import with_shown

    names = rows["images"].explode().drop_nulls().unique().sort()
    seen = signals((name, files(name)) for name in names).join(known, on="media_id", how="left", maintain_order="left")
    if ocr is not None:
        silent = seen.filter(pl.col("text").is_null() & pl.col("reason").is_null())["media_id"]
        read = texts({name: files(name) for name in silent}, folder=ocr).select("media_id", read="text")
        seen = seen.join(read, on="media_id", how="left", maintain_order="left")
        seen = seen.with_columns(text=pl.coalesce("text", "read"))
    told = with_shown(rows.rename({"ocr": "told"}), seen)
    return told.with_columns(ocr=pl.concat_str("told", "ocr", separator="\n", ignore_nulls=True)), seen


def _of_release(store: str | None, release: str) -> "tuple[pl.DataFrame, Callable[[str], bytes], pl.DataFrame]":
    """Rows of a release, where its pictures are, and what is known to stand in them."""
    import polars as pl

    from catalog import Store, with_text
    from catalog.releases import find_release, release_rows
    from safeladder.settings import store_path

    opened = Store.existing(store_path(store))
    members = release_rows(opened, find_release(opened, release)["release_id"]).unique("sample_id")
    samples = opened.read("samples").unique("sample_id").join(members, on="sample_id", how="semi").sort("sample_id")
    rows = with_text(samples).select("sample_id", "prompt", "response", "images", ocr=pl.lit(None, pl.String))
    known = opened.read("media").unique("media_id", keep="first").select("media_id", "text")
    return rows, opened.get_media, known
