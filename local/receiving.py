"""How long a caller may take to send a request, and how much: a half-open connection or an endless body is ended.

An answer may take as long as it needs (long polls do), and an idle connection stays open for its caller's next request.
"""

from __future__ import annotations

import io
import socket
import time
from typing import TYPE_CHECKING, Any

from local.callers import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request

REQUEST_SECONDS = 30.0
"""From a request's first byte to its last; API Gateway waits no longer for a whole exchange."""
KEEP_ALIVE_SECONDS = 3600
"""Longer than any client keeps a connection, so that none is closed under a request."""


async def body_of(request: Request, largest: int) -> bytes | None:
    """Read a request's body; None when it is larger, without reading the rest.

    Raises ClientDisconnect when the caller is gone before it was complete.
    """
    if int(request.headers.get("content-length", "0")) > largest:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            return None
    return bytes(body)


def too_late(seconds: float) -> Refusal:
    """Return the answer to a request that did not end."""
    message = f"The request was not complete after {seconds:g} seconds. Send it again, all of it."
    return Refusal(message, 408, "RequestTimeoutException")


def too_large(largest: int) -> Refusal:
    """Return the answer to a request whose body is larger than the service takes."""
    return Refusal(f"The request's body has more than {largest:,} bytes.", 413, "RequestTooLargeException")


class Incoming(io.RawIOBase):
    """The bytes of a blocking connection; a read raises TimeoutError when the time that was given has passed."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self._until = 0.0

    def give(self, seconds: float) -> None:
        """Let the reads from now on take so long, all together."""
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        """Say that this can be read, as the base class asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has arrived, or wait for something."""
        self._connection.settimeout(max(self._until - time.monotonic(), 0.001))
        return self._connection.recv_into(buffer)
