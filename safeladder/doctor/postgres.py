"""The driver for PostgreSQL, and the server if the ledger of this store is on one."""

from collections.abc import Iterator

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, missing, ok, wrong
from safeladder.doctor.ledger import schema_of, shown


def look(request: Request) -> Iterator[Finding]:
    """Look at driver and server."""
    from catalog import place

    try:
        url = place.read(request.store).ledger or ""
    except ValueError as error:
        yield wrong(str(error), "safeladder doctor store")
        return
    driver = packages.installed("psycopg")
    if not url.startswith("postgresql"):
        yield from packages.check("psycopg", needed_for="a ledger that many hosts share")
        return
    if driver is None:
        yield wrong("psycopg is not installed, and the ledger is on PostgreSQL", packages.install_extra("postgres"))
        return
    yield from packages.check("psycopg")
    import psycopg  # dead where neither its binary nor libpq is there
    from sqlalchemy.engine import make_url

    yield ok(f"psycopg finds libpq {psycopg.pq.version()}")
    host = make_url(url).query.get("host") or make_url(url).host or "localhost"
    try:
        found = schema_of(url)
    except RuntimeError as error:
        yield wrong(f"the server cannot be used: {error}", f"pg_isready -h {host} -p {make_url(url).port or 5432}")
        return
    if found is None:
        yield missing(
            f"{shown(url)} answers and holds no ledger yet", f"safeladder catalog init --store {request.store}"
        )
    else:
        yield ok(f"{shown(url)} answers; its ledger stands at schema {found}")
