"""A gateway on a real socket in front of a function that a test writes, and a plain HTTP client."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local.environments import Outcome
from local.http_api import gateway
from local.serving import server
from local.template import Cors, HttpApi, JwtAuthorizer, Route, Template, Throttling

SCOPE = "aws.cognito.signin.user.admin"
AUDIENCE = "the-client"
AUTHORIZER = JwtAuthorizer("Jwt", "https://issuer.example", (AUDIENCE,), "$request.header.Authorization")
PAGE_ORIGIN = "https://page.example"


def a_route(key: str, function: str = "Api", *, guarded: bool = False) -> Route:
    """A route by its key; a guarded one asks for a token."""
    method, _, path = key.rpartition(" ")
    return Route(method or "ANY", path, function, AUTHORIZER if guarded else None, (SCOPE,) if guarded else ())


def a_template(
    folder: Path, *routes: Route, cors: Cors | None = None, throttling: Throttling | None = None
) -> Template:
    """A template with these routes and the page's files in a folder."""
    page = folder / "frontend"
    (page / "js").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>", encoding="utf-8")
    (page / "js" / "main.js").write_text("export {};", encoding="utf-8")
    (page / "package.json").write_text("{}", encoding="utf-8")
    (folder / "secret.js").write_text("outside", encoding="utf-8")
    headers = {"content-security-policy": "default-src 'none'", "x-frame-options": "DENY"}
    api = HttpApi("api-1", routes, cors, throttling)
    return Template(folder, "us-east-1", "123456789012", {}, (), api, (), (), (), (), headers)


@dataclass
class Function:
    """Stands where the environments are; keeps what it was asked and answers as told."""

    answer: Any = field(default_factory=lambda: {"statusCode": 200, "body": "done"})
    error: str | None = None
    pause: Callable[[], Awaitable[None]] | None = None
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def __call__(self, function: str, payload: bytes, request_id: str | None = None) -> Outcome:
        """Run once."""
        self.asked.append((function, json.loads(payload)))
        if self.pause is not None:
            await self.pause()
        return Outcome(request_id or "r-1", json.dumps(self.answer).encode(), self.error)

    @property
    def event(self) -> dict[str, Any]:
        """The event of the last invocation."""
        return self.asked[-1][1]


@dataclass(frozen=True)
class Answer:
    """A response; header names in lower case, and every Set-Cookie."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Stand:
    """A running gateway."""

    port: int
    function: Function

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request, its path sent exactly as given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host="host" in (headers or {}), skip_accept_encoding=True)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            for name, value in (headers or {}).items():
                for line in value.split("\n"):
                    connection.putheader(name, line)
            connection.endheaders(body)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            cookies = response.headers.get_all("set-cookie") or []
            return Answer(response.status, found, cookies, response.read())
        finally:
            connection.close()

    def token(self, identity: str = "manager-1") -> str:
        """A token of the development issuer."""
        answer = self.ask("GET", f"/local/token?identity={identity}")
        token: str = answer.json["accessToken"]
        return token


@contextmanager
def running(
    template: Template, data: Path | None = None, *, integration_seconds: float = 5.0, **function: Any
) -> Iterator[Stand]:
    """Serve a template on a free port until the block ends."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    behind = Function(**function)
    application = gateway(replace(template), behind, port=port, data=data, integration_seconds=integration_seconds)
    serving = server(application)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not serving.started:
        time.sleep(0.005)
    try:
        yield Stand(port, behind)
    finally:
        serving.should_exit = True
        thread.join(5)
        listener.close()
