"""The data service over HTTP."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

from local.data.exchange import ApiRequest, ApiResponse
from local.data.journal import JournalError
from local.data.refusal import no_room
from local.data.store import DataStore, service_name
from local.shortage import report_once

Message: TypeAlias = MutableMapping[str, Any]

KEEP_ALIVE_SECONDS = 3600
"""Longer than any client keeps a connection, so that none is closed under a request."""
BACKLOG = 1024
LOOK_SECONDS = 0.25


def application(store: DataStore) -> Callable[..., Any]:
    """An ASGI application in front of a store.

    A request is carried out on the event loop's own thread, up to its journal record: no other request can come
    in between. When the record cannot be written, its caller is refused and the process ends.
    """
    door = _Door(store)

    async def serve(scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        response = await door.best_answer(_request(scope, bytes(body)))
        headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
        if "content-length" not in response.headers:
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})
        if door.is_closed:
            os._exit(1)  # memory is ahead of the journal; the supervisor starts us again from the journal

    return serve


def listen(address: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one.

    Raises OSError when the port is taken.
    """
    # asyncio switches Nagle off only where the protocol is named: 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener


def run(store: DataStore, listener: socket.socket) -> None:
    """Serve until the process is told to stop."""
    import uvicorn

    async def serve() -> None:
        report_once(asyncio.get_running_loop())
        await uvicorn.Server(config).serve(sockets=[listener])

    config = uvicorn.Config(
        application(store),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    asyncio.run(serve())


class _Door:
    """Lets requests through to the store until its memory is ahead of the journal."""

    def __init__(self, store: DataStore) -> None:
        self.is_closed = False
        self._store = store

    async def best_answer(self, request: ApiRequest) -> ApiResponse:
        """The answer, or the better one that a long poll waits for without holding up other requests."""
        asked = time.monotonic()
        response = self._answer(request)
        while time.monotonic() < asked + response.patience:
            await asyncio.sleep(LOOK_SECONDS)
            response = self._answer(request)
        return response

    def _answer(self, request: ApiRequest) -> ApiResponse:
        if self.is_closed:
            return no_room(service_name(request))
        try:
            return self._store.answer(request)
        except JournalError as error:
            self.is_closed = True
            with contextlib.suppress(OSError):  # standard error may be a file on the same disk
                print(f"data: a write could not be remembered: {error}", file=sys.stderr, flush=True)
            return no_room(service_name(request))


def _request(scope: Message, body: bytes) -> ApiRequest:
    return ApiRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("ascii"),
        query=scope["query_string"].decode("ascii"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )
