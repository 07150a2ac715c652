"""What stands between a browser and the untouched app: strict headers, one range per request, blurred pictures.

Argilla's pages render the text of a record as HTML. Records hold attack prompts, so nothing but Argilla's own scripts
may run and nothing may be fetched from elsewhere.
"""

import base64
import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

PAGE_FILES = ("blur.css", "blur.js")


def install(app: Any) -> None:
    """Add the picture blur to the served copy of the pages, then the headers around every answer."""
    pages = Path(next(route.app.directory for route in app.routes if getattr(route, "name", "") == "static"))
    _add_page_files(pages)
    app.add_middleware(Guard, policy=content_policy(pages))


def content_policy(pages: Path) -> str:
    """Content security policy that allows exactly the scripts these pages were shipped with."""
    scripts = {
        base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        for page in pages.rglob("*.html")
        for body in re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL)
    }
    inline = " ".join(f"'sha256-{digest}'" for digest in sorted(scripts))
    return (
        f"default-src 'none'; script-src 'self' {inline}; script-src-attr 'none'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
        "object-src 'none'; base-uri 'self'; frame-src 'none'; child-src 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    )


class Guard:
    """ASGI middleware. A request with many byte ranges stops the pinned Starlette for seconds, so it loses the
    header."""

    def __init__(self, app: Any, *, policy: str) -> None:
        self.app = app
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        headers = [(name, value) for name, value in scope["headers"] if not (name == b"range" and b"," in value)]
        await self.app({**scope, "headers": headers}, receive, send_guarded)


def _add_page_files(pages: Path) -> None:
    """The server serves a temporary copy of its pages: the copy gets two more files, the package stays as it is."""
    for name in PAGE_FILES:
        shutil.copy(Path(__file__).parent / name, pages / name)
    tags = '<link rel="stylesheet" href="/blur.css"><script src="/blur.js" defer></script></head>'
    for page in pages.rglob("*.html"):
        page.write_text(page.read_text(encoding="utf-8").replace("</head>", tags, 1), encoding="utf-8")
