"""s3fs, and the bucket if the files of this store are there. Nothing is written to it."""

import os
from collections.abc import Iterator

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, ok, wrong

HURRY = {"connect_timeout": 2, "read_timeout": 5, "retries": {"max_attempts": 1}}


def look(request: Request) -> Iterator[Finding]:
    """Look at client and bucket."""
    from catalog import place

    try:
        url = place.read(request.store).files or ""
    except ValueError as error:
        yield wrong(str(error), "safeladder doctor store")
        return
    if not url.startswith("s3://"):
        yield from packages.check("s3fs", needed_for="segments and media on S3")
        return
    if packages.installed("s3fs") is None:
        yield wrong("s3fs is not installed, and the files are on S3", packages.install_extra("s3"))
        return
    yield from packages.check("s3fs")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "that of Amazon"
    if problem := unreachable(url):
        yield wrong(
            f"{url} cannot be listed at the endpoint {endpoint}: {problem}",
            "export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... AWS_ENDPOINT_URL=...",
        )
    else:
        yield ok(f"{url} can be listed at the endpoint {endpoint}")


def unreachable(url: str) -> str | None:
    """Why files at a URL cannot be listed; None if they can."""
    import fsspec

    options = {"config_kwargs": HURRY, "skip_instance_cache": True} if url.startswith("s3://") else {}
    try:
        system, root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        system.retries = 1  # those of s3fs, around those of its client
        system.ls(root.split("/")[0] if options else root)
    except Exception as error:  # every layer below raises its own
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"
    return None
