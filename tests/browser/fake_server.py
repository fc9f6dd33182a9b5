"""A fake of the approval API, for the states a real one shows too rarely: empty, slow, broken, out of reach.

It judges nothing and keeps nothing: it serves the page with the headers of the deployed one and gives the scripted
answers. What the whole system does is shown by the journeys over the real stack, never by this.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json"}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer; `delay` in seconds. A status of 0 closes the connection without a word."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0


@dataclass(slots=True)
class Script:
    """What to answer, by `METHOD path` with its query or without; the last answer of a list is repeated."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    heard: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def on(self, request: str, *answers: Answer) -> None:
        """Answer `request` with these, one after another, from now on."""
        self.answers[request] = list(answers)

    def next_answer(self, request: str) -> Answer:
        """Return the next answer for `request`; what nobody scripted is not found."""
        left = self.answers.get(request, [Answer({"code": "not-found", "title": "Not scripted"}, 404)])
        return left.pop(0) if len(left) > 1 else left[0]

    def times_heard(self, request: str) -> int:
        """Count how often `METHOD path` was asked."""
        return sum(f"{method} {path}" == request for method, path, _, _ in self.heard)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: ClassVar[Script]
    policy: ClassVar[str] = CONTENT_SECURITY_POLICY

    def handle(self) -> None:
        """Serve one connection; a page that was closed meanwhile is no error."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        file = FRONTEND / (path.lstrip("/") or "index.html")
        if file.is_file() and file.resolve().is_relative_to(FRONTEND):
            self._send(200, file.read_bytes(), {"Content-Type": CONTENT_TYPES.get(file.suffix, "text/plain")})
        else:
            self._play("GET", path, None)

    def do_DELETE(self) -> None:
        self._play("DELETE", urlsplit(self.path).path, None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._play("POST", urlsplit(self.path).path, json.loads(body))

    def _play(self, method: str, path: str, body: Any) -> None:
        self.script.heard.append((method, path, dict(self.headers), body))
        whole = f"{method} {self.path}"
        answer = self.script.next_answer(whole if whole in self.script.answers else f"{method} {path}")
        time.sleep(answer.delay)
        if answer.body and f"after={answer.body.get('cursor')}" in urlsplit(self.path).query:
            answer = Answer(status=304)
        if answer.status == 0:
            self.close_connection = True
            return
        content = b"" if answer.status == 304 else json.dumps(answer.body).encode()
        self._send(answer.status, content, {"Content-Type": "application/json", **answer.headers})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        own = {"Content-Security-Policy": self.policy, "X-Content-Type-Options": "nosniff"}
        for name, value in {**own, **headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class named it
        """Say nothing: the test's own output matters."""


@contextmanager
def serving(script: Script, *, connect: str = "") -> Iterator[str]:
    """Serve the page and the script on a free port of the loopback; yield the address.

    `connect` is one more origin that the page may talk to.
    """
    policy = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", f"connect-src 'self' {connect}".rstrip())
    handler = type("Handler", (_Handler,), {"script": script, "policy": policy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
