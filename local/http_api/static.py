"""The files of the page, as CloudFront would serve them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""The kinds of file a page consists of; nothing else in the folder is served."""


def find_file(folder: Path, path: str) -> Path | None:
    """The page's file for a percent-encoded path, never one outside the folder or with a hidden name."""
    words = unquote(path).removeprefix("/").split("/")
    if words == [""]:
        words = ["index.html"]
    if any(word.startswith(".") or not word.isprintable() or {"\\", ":"} & set(word) for word in words):
        return None
    found = folder.joinpath(*words).resolve()
    inside = found.is_relative_to(folder.resolve())
    return found if inside and found.suffix in CONTENT_TYPES and found.is_file() else None


def serve(request: Request, file: Path, headers: Mapping[str, str]) -> Response:
    """A file with the page's response headers; a browser asks each time and is told when nothing changed."""
    content = file.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    every = {**headers, "etag": tag, "cache-control": "no-cache"}
    known = {candidate.strip().removeprefix("W/") for candidate in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=every)
    return Response(content, headers={**every, "content-type": CONTENT_TYPES[file.suffix]})
