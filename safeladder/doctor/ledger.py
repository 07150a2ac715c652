"""Ask a ledger for its schema without changing it: to open it the usual way would bring it up to date."""

from pathlib import Path
from urllib.parse import quote

PATIENCE_S = 3


def shown(url: str | None) -> str | None:
    """A database URL without its password."""
    from sqlalchemy.engine import make_url

    return url and make_url(url).render_as_string(hide_password=True)


def schema_of(ledger_url: str | Path) -> str | None:
    """Version of a ledger's schema; None where the database is empty.

    Raises:
        RuntimeError: If it is no database, or cannot be reached.
        FileNotFoundError: If the file is missing.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from catalog import ledger

    url = make_url(ledger_url if isinstance(ledger_url, str) else f"sqlite:///{ledger_url}")
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "").absolute()
        if not file.exists():
            raise FileNotFoundError(f"{file} is missing")
        engine = create_engine(f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true")
    else:
        try:
            driven = url.set(drivername="postgresql+psycopg")
            engine = create_engine(driven, connect_args={"connect_timeout": PATIENCE_S})
        except ModuleNotFoundError as error:
            raise RuntimeError(f"{error.name} is not installed") from None
    try:
        with engine.connect() as connection:
            return ledger.version_of(connection)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise RuntimeError(f"{url.render_as_string()}: {reason}") from None
    finally:
        engine.dispose()
