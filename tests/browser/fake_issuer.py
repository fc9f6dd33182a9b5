"""A small issuer with the endpoints of Cognito's hosted page: it signs everybody in who asks with a proof (PKCE)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID = "the-page"


@dataclass(slots=True)
class Issuer:
    """Whom it signs in, for how long, and what it was asked. `renews` tells whether refresh tokens are still good."""

    username: str = "requester-1"
    groups: tuple[str, ...] = ("requesters",)
    expires_in: int = 3600
    renews: bool = True
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    sign_ins: int = 0
    signed_out: int = 0

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser is sent: back with a code."""
        if (query["response_type"], query["client_id"], query["code_challenge_method"]) != ("code", CLIENT_ID, "S256"):
            raise ValueError(query)
        self.sign_ins += 1
        code = secrets.token_urlsafe()
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and body for a code, once and with its proof, or for the refresh token."""
        self.grants.append(form["grant_type"])
        if form["grant_type"] == "refresh_token":
            if not self.renews or form["refresh_token"] != "refresh":
                return 400, {"error": "invalid_grant"}
            return 200, self._tokens()
        query = self.codes.pop(form["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if query is None or query["code_challenge"] != digest or query["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {**self._tokens(), "refresh_token": "refresh"}

    def _tokens(self) -> dict[str, Any]:
        claims = {"username": self.username, "cognito:groups": list(self.groups), "jti": secrets.token_hex(4)}
        parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({}, claims)]
        token = ".".join([*parts, "signature"])
        return {"access_token": token, "id_token": "-", "expires_in": self.expires_in, "token_type": "Bearer"}


class _Handler(BaseHTTPRequestHandler):
    issuer: ClassVar[Issuer]

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        if split.path == "/oauth2/authorize":
            return self._answer(302, {}, {"Location": self.issuer.authorize(query)})
        if split.path == "/logout":
            self.issuer.signed_out += 1
            return self._answer(200, {"left": query["logout_uri"]}, {})
        return self._answer(404, {}, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, tokens = self.issuer.exchange({name: values[0] for name, values in parse_qs(body).items()})
        self._answer(status, tokens, {"Access-Control-Allow-Origin": "*"})

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class named it
        """Say nothing: the test's own output matters."""


@contextmanager
def issuing(issuer: Issuer) -> Iterator[str]:
    """Run the issuer on a free port of the loopback; yield its address."""
    handler = type("Handler", (_Handler,), {"issuer": issuer})
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
