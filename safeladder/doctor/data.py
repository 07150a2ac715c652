"""Local copies of the public sets: one line, or with `doctor data` one for each."""

from collections.abc import Iterator

from safeladder.doctor.finding import Finding, Request, missing, ok, wrong


def look(request: Request) -> Iterator[Finding]:
    """Look for the files of every source that ships with the project."""
    from corpus import sources

    found = [_source(slug, request) for slug in sources.available()]
    if request.alone:
        yield from found
        return
    yield from (finding for finding in found if finding.state == "wrong")
    here = sum(finding.state == "ok" for finding in found)
    line = f"{here} of {len(found)} sources have their files under {request.data}"
    yield ok(line) if here == len(found) else missing(f"{line}; needed to ingest the others", "safeladder doctor data")


def _source(slug: str, request: Request) -> Finding:
    from corpus import sources

    try:
        listed = sources.files(sources.Source.load(slug), request.data)
    except FileNotFoundError as error:
        return missing(str(error), f"safeladder source show {slug}")
    except ValueError as error:
        return wrong(str(error), f"safeladder source check {slug}")
    return ok(f"source {slug}: {len(listed)} files")
