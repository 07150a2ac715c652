"""How the ledger's schema became what it is: Alembic revisions from the first released one."""

from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, Engine, insert


def bring_up_to_date(engine: Engine, found: str | None) -> None:
    """Create the tables of an empty database, or take an older one through the revisions it lacks.

    Args:
        engine: The ledger.
        found: The revision it stands at; None where it is empty.

    Raises:
        RuntimeError: If it stands at a revision that this version does not know.
    """
    from catalog import ledger

    with ledger.writing(engine) as connection:
        if found is None:
            ledger.metadata.create_all(connection)
            if ledger.version_of(connection) is None:  # another process may have been faster
                connection.execute(insert(ledger.schema_version).values(version_num=ledger.VERSION))
            return
        _upgrade(connection, found)


def config(connection: Connection) -> Any:
    """Alembic's settings for a connection that is open already."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(files(__name__)))
    settings.attributes["connection"] = connection
    return settings


def _upgrade(connection: Connection, found: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    from catalog import ledger

    settings = config(connection)
    try:
        ScriptDirectory.from_config(settings).get_revision(found)
    except CommandError:
        raise RuntimeError(
            f"the ledger stands at schema {found}, this version of safeladder knows {ledger.VERSION}: "
            "use the newer safeladder that wrote it"
        ) from None
    ledger.schema_version.create(connection, checkfirst=True)
    if not connection.execute(ledger.schema_version.select()).first():
        connection.execute(insert(ledger.schema_version).values(version_num=found))
    command.upgrade(settings, "head")
