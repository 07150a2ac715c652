"""Backups: everything that the ledger lists at one moment, copied under digests; a second one copies only what is new.

A backup place holds `backups/TIME-DIGEST.json` (the manifest, written last), `ledgers/DIGEST.sqlite`, and the segments,
pictures and checkpoint files, each once. Whatever database the ledger is on, its copy is SQLite and can be restored to
either.
"""

import glob
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, select

from catalog import ledger, place
from catalog.files import Files, RemoteFiles, open_files
from catalog.segments import FOLDER, DamagedSegment, find, name_of
from catalog.store import Store, media_name

Tick = Callable[[int, int, str], None]
PARTS = (FOLDER, "media", "blobs")


def backup(store: Store, to: str, *, tick: Tick = lambda done, total, what: None) -> dict[str, Any]:
    """Copy a store as it is now; writers may go on meanwhile.

    Args:
        store: The store.
        to: A folder or a URL; may hold earlier backups of the same store.
        tick: Told (done, total, unit).

    Returns:
        `backup` (its name), `seq`, `files`, `copied` (files that were not there before), `bytes` copied.

    Raises:
        DamagedSegment: If something that the ledger lists is missing or was changed: a backup is whole or is none.
    """
    if "://" not in to and Path(to).absolute().is_relative_to(store.path.absolute()):
        raise ValueError(f"{to} is inside the store, and would be lost with it: name another place")
    with tempfile.TemporaryDirectory() as folder:
        target = open_files(to, cache=Path(folder) / "cache")
        here = {entry.name: entry.size for part in PARTS for entry in target.entries(part)}
        copy = Path(folder) / "ledger.sqlite"
        _copy_ledger(store, copy)
        then = Store(store.path, ledger_url=copy)  # the store as it was at that moment, whatever is committed meanwhile
        seq, listed, checkpoints = then.head(), dict(_listed(then)), dict(_checkpoint_files(then))
        then.ledger.dispose()
        size = new = 0
        total = len(listed) + len(checkpoints)
        for done, (name, source) in enumerate(_sources(store, listed, checkpoints), start=1):
            path = source()
            if here.get(name) != path.stat().st_size:
                target.put(name, path.read_bytes())
                size, new = size + path.stat().st_size, new + 1
            tick(done, total, "files")
        ledger_bytes = copy.read_bytes()
        made_at = ledger.now().isoformat(timespec="microseconds")
        manifest = {
            "seq": seq,
            "made_at": made_at,
            "ledger": hashlib.sha256(ledger_bytes).hexdigest(),
            "files": listed,
            "checkpoints": {name: digest for name, (digest, _) in checkpoints.items()},
        }
        target.put(f"ledgers/{manifest['ledger']}.sqlite", ledger_bytes)
        text = json.dumps(manifest, indent=1).encode()
        name = f"{made_at.replace(':', '')}-{hashlib.sha256(text).hexdigest()}"
        target.put(f"backups/{name}.json", text)
    return {"backup": name, "seq": seq, "files": total, "copied": new, "bytes": size}


def _sources(
    store: Store, listed: Mapping[str, str], checkpoints: Mapping[str, tuple[str, Path]]
) -> Iterator[tuple[str, Callable[[], Path]]]:
    """Name at the backup place, and what gives the file once it is needed."""
    for name, digest in listed.items():
        yield name, partial(find, store.files, name, digest)
    for digest, path in checkpoints.values():
        yield f"blobs/{digest}", partial(Path, path)


def _copy_ledger(store: Store, path: Path) -> None:
    """All rows of the ledger, read in one transaction, as a SQLite file."""
    copy = create_engine(f"sqlite:///{path}")
    isolated = store.ledger.connect()
    if isolated.dialect.name == "postgresql":
        isolated = isolated.execution_options(isolation_level="REPEATABLE READ")
    with isolated as source, copy.begin() as target:
        ledger.metadata.create_all(target)
        for table in ledger.metadata.sorted_tables:
            rows = source.execute(select(table).order_by(*table.primary_key)).mappings().all()
            if rows:
                target.execute(insert(table), [dict(row) for row in rows])
    copy.dispose()


def _listed(store: Store) -> Iterator[tuple[str, str]]:
    """Name and sha256 of every segment and picture."""
    with store.ledger.connect() as connection:
        found = connection.execute(select(ledger.segments.c.table_name, ledger.segments.c.digest)).all()
    for table, digest in found:
        yield name_of(table, digest), digest
    for name in sorted(set(store.read("media")["media_id"])):
        yield media_name(name), name


def _checkpoint_files(store: Store) -> Iterator[tuple[str, tuple[str, Path]]]:
    """Path in the store, sha256 and place of every file of every registered checkpoint."""
    for folder in sorted(set(store.read("checkpoints")["path"])):
        if not (store.path / folder).is_dir():
            raise DamagedSegment(
                f"{store.path / folder} is listed in the ledger but is not here: back up on the host that trained it, "
                "or restore it first"
            )
        for path in sorted((store.path / folder).rglob("*")):
            if path.is_file():
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                yield path.relative_to(store.path).as_posix(), (digest, path)


def backups(of: str) -> list[str]:
    """Names of the backups at a place, oldest first."""
    with tempfile.TemporaryDirectory() as folder:
        found = open_files(of, cache=Path(folder)).entries("backups")
        # A name begins with the time: after an older one was restored, a newer backup may have the smaller number.
        return sorted(Path(entry.name).stem for entry in found if re.fullmatch(r"backups/[^/]+\.json", entry.name))


def restore(of: str, folder: Path, *, name: str | None = None, tick: Tick = lambda done, total, what: None) -> Store:
    """Make a store from a backup; its ledger is filled last, so that a restore that was killed is simply done again.

    Args:
        of: Place of the backups.
        folder: A folder without a store, or one that was settled (`catalog.place`) and is still empty.
        name: Which backup, by the beginning of its name; the newest by default.
        tick: Told (done, total, unit).

    Raises:
        LookupError: If there is no such backup, with the names there are.
        FileExistsError: If the folder holds a store with commits.
        DamagedSegment: If a file of the backup is missing or was changed.
    """
    known = backups(of)
    found = [one for one in known if one.startswith(name)] if name else known[-1:]
    if len(found) != 1:
        problem = "no backup" if not found else "more than one backup"
        begins = f" that begins with {name}" if name else "s"
        raise LookupError(f"{problem}{begins} at {of}; there are: {', '.join(one[:17] for one in known) or 'none'}")
    if place.exists(folder) and Store(folder).head():
        raise FileExistsError(f"{folder} holds a store already: restore into another folder")
    with tempfile.TemporaryDirectory() as cache:
        source = open_files(of, cache=Path(cache))
        manifest = _manifest(source, found[0])
        store = Store(folder)
        total = len(manifest["files"]) + len(manifest["checkpoints"])
        for done, (file, digest) in enumerate(manifest["files"].items(), start=1):
            store.files.put(file, find(source, file, digest).read_bytes())
            _forget(source, file)
            tick(done, total, "files")
        for done, (file, digest) in enumerate(manifest["checkpoints"].items(), start=len(manifest["files"]) + 1):
            for half in (folder / file).parent.glob(f".{glob.escape(Path(file).name)}.*"):
                half.unlink()  # left by a restore that was killed; no file of a checkpoint may be unknown to it
            open_files(folder, cache=folder).put(file, find(source, f"blobs/{digest}", digest).read_bytes())
            _forget(source, f"blobs/{digest}")
            tick(done, total, "files")
        copy = find(source, f"ledgers/{manifest['ledger']}.sqlite", manifest["ledger"])
        _fill_ledger(store, copy)
    return store


def _forget(source: Files, name: str) -> None:
    """Remove the local copy of a remote file: a whole store of them may not fit."""
    if isinstance(source, RemoteFiles):
        source.cache.delete(name)


def _manifest(source: Files, name: str) -> dict[str, Any]:
    return json.loads(find(source, f"backups/{name}.json", name.rpartition("-")[2]).read_bytes())  # type: ignore[no-any-return]


def _fill_ledger(store: Store, copy: Path) -> None:
    engine = ledger.open_ledger(copy)
    with engine.connect() as source, ledger.writing(store.ledger) as target:
        for table in ledger.metadata.sorted_tables:
            if table is ledger.schema_version:
                continue
            rows = source.execute(select(table).order_by(*table.primary_key)).mappings().all()
            if rows:
                target.execute(insert(table), [dict(row) for row in rows])
    engine.dispose()
