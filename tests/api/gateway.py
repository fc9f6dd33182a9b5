"""The real gateway on a socket in front of the real function: requests as they are on the wire."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import uvicorn

from approval_api.handler import handler
from local.environments import Outcome
from local.http_api import gateway
from local.template import read
from tests.api.world import Context

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
END_OF_LINE = "\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as it came."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; empty when there is none."""
        return str(self.json.get("code", ""))


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where it listens."""

    port: int

    def send(self, method: str, target: str, headers: list[str] | None = None, body: bytes = b"") -> Reply:
        """Send a request whose headers are these lines, its body's length added unless one of them says how it ends."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *(headers or [])]
        if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
            lines.append(f"Content-Length: {len(body)}")
        return self.raw((END_OF_LINE.join(lines) + 2 * END_OF_LINE).encode() + body, method)

    def raw(self, request: bytes, method: str = "GET") -> Reply:
        """Send these bytes and read the response until the gateway closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
        response = http.client.HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]  # it reads only
        response.begin()
        rest = response.read()
        return Reply(response.status, response.headers, rest)

    def token(self, identity: str = "requester-1") -> str:
        """Return the header line that signs a person in."""
        token = self.send("GET", f"/local/token?identity={identity}").json["accessToken"]
        return f"Authorization: Bearer {token}"


class _Received:
    """Bytes in the shape of the socket that `http.client` reads from."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> BytesIO:
        """Return the bytes as a file."""
        return BytesIO(self._received)


async def invoke(function: str, payload: bytes, request_id: str | None = None) -> Outcome:
    """Run the one function that all routes have, in this process."""
    assert "ApprovalApi" in function
    answer = handler(json.loads(payload), Context())
    return Outcome(request_id or "request-1", json.dumps(answer).encode(), None)


@contextmanager
def listening() -> Iterator[Gateway]:
    """Serve the template's HTTP API on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            gateway(read(TEMPLATE), invoke, port=port, data=None), lifespan="off", log_level="critical"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield Gateway(port)
        server.should_exit = True
        thread.join(5)
