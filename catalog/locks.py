"""Locks that die with the process that holds them, however it dies: one per run, one per stage that runs may share."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from catalog.store import Store

PAUSE = 0.1  # seconds between two looks at a lock that another process holds
TRIES = 3  # before a lock counts as held: whoever asks for it holds it for a moment


class Held(RuntimeError):
    """Another process holds the lock."""


@contextmanager
def held(store: Store, name: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock of the store: a file's on one host, an advisory one of the database where the ledger is PostgreSQL.

    Args:
        store: Whose lock it is.
        name: Such as `run-ID`; two names never exclude each other.
        wait: Wait until it is free, instead of raising.

    Raises:
        Held: If another process has it.
    """
    lock = _in_database if store.ledger.dialect.name == "postgresql" else _in_folder
    with lock(store, name, wait):
        yield


def is_held(store: Store, name: str) -> bool:
    """Whether some process holds the lock."""
    try:
        with held(store, name):
            return False
    except Held:
        return True


@contextmanager
def _in_folder(store: Store, name: str, wait: bool) -> Iterator[None]:
    # Beside the database, since two folders may share one.
    folder = Path(store.ledger.url.database or store.path).parent / "locks"
    folder.mkdir(exist_ok=True, mode=0o700)
    with open(os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)) as lock:
        _take(partial(_flock, lock), name, wait)
        yield


def _flock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _in_database(store: Store, name: str, wait: bool) -> Iterator[None]:
    key = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
    with store.ledger.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        take = select(func.pg_try_advisory_lock(key))
        _take(lambda: bool(connection.execute(take).scalar()), name, wait)
        try:
            yield
        finally:
            try:
                connection.execute(select(func.pg_advisory_unlock(key)))
            except DBAPIError:
                connection.invalidate()  # the connection was cut meanwhile, and the lock went with it


def _take(take: Callable[[], bool], name: str, wait: bool) -> None:
    tries = 0
    while not take():
        tries += 1
        if not wait and tries == TRIES:
            raise Held(name)
        time.sleep(PAUSE)
