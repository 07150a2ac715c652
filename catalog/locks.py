"""Locks that die with the process that holds them, however it dies: one per run, one per stage that runs may share."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import func, select

from catalog.store import Store

PAUSE = 0.2  # seconds between two looks at a lock that another process holds


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
    folder = store.path / "locks"
    folder.mkdir(exist_ok=True, mode=0o700)
    with (folder / name).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Held(name) from None
        yield


@contextmanager
def _in_database(store: Store, name: str, wait: bool) -> Iterator[None]:
    key = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
    with store.ledger.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(select(func.pg_try_advisory_lock(key))).scalar():
            if not wait:
                raise Held(name)
            time.sleep(PAUSE)
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(key)))
