"""The server's SQLite file: brought to the newest schema, set up for many readers, given its owner."""

import sqlite3
from pathlib import Path

INDEXES = (
    # counts and queues must not touch the `fields` column, which may hold megabytes of picture
    "CREATE INDEX IF NOT EXISTS ix_review_records ON records(dataset_id, status, inserted_at, id)",
    "CREATE INDEX IF NOT EXISTS ix_review_responses ON responses(record_id, user_id, status)",
)


def prepare(home: Path) -> None:
    """Create or upgrade the database in `home`."""
    import alembic.config
    from argilla_server.database import ALEMBIC_CONFIG_FILE, async_engine, sync_engine

    for engine in (sync_engine, async_engine.sync_engine):
        engine.hide_parameters = True  # an error in the log must not show the text of a record
    alembic.config.main(argv=["-c", ALEMBIC_CONFIG_FILE, "upgrade", "head"])
    with sqlite3.connect(home / "argilla.db") as db:
        for statement in ("PRAGMA journal_mode = WAL", *INDEXES, "ANALYZE"):
            db.execute(statement)


async def ensure_owner(username: str, password: str, api_key: str) -> None:
    """Create the owner; give the one who is there the password and key of the secrets file where those are new."""
    from argilla_server.contexts import accounts
    from argilla_server.database import AsyncSessionLocal, async_engine
    from argilla_server.models import User, UserRole

    async with AsyncSessionLocal() as db:
        owner = await accounts.get_user_by_username(db, username)
        if owner is None or owner.api_key != api_key:
            secret = {"password_hash": accounts.hash_password(password), "api_key": api_key}
            if owner is None:
                await User.create(db, first_name=username.title(), username=username, role=UserRole.owner, **secret)
            else:
                await owner.update(db, **secret)
    await async_engine.dispose()  # the server runs in another event loop
