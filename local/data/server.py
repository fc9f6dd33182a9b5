"""The data service over HTTP."""

import asyncio
import contextlib
import os
import socket
import sys
import time

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from local.callers import Callers, Guarded
from local.data.exchange import ApiRequest, ApiResponse
from local.data.journal import JournalError
from local.data.refusal import no_room
from local.data.store import DataStore, largest_body, service_name
from local.receiving import body_of, too_large
from local.serving import settings
from local.shortage import report_once

LOOK_SECONDS = 0.25


def application(store: DataStore, callers: Callers) -> ASGIApp:
    """An ASGI application in front of a store.

    A request is carried out on the event loop's own thread, up to its journal record: no other request can come
    in between. When the record cannot be written, its caller is refused and the process ends.
    """
    door = _Door(store)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        largest = largest_body(_described(request, b""))
        body = await body_of(request, largest)
        if body is None:
            await too_large(largest)(scope, receive, send)
            return
        answer = await door.best_answer(_described(request, body))
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
        await send({"type": "http.response.body", "body": answer.body})
        if door.is_closed:
            os._exit(1)  # memory is ahead of the journal; the supervisor starts us again from the journal

    return Guarded(serve, callers)


def run(store: DataStore, listener: socket.socket, callers: Callers, request_seconds: float) -> None:
    """Serve until the process is told to stop."""
    import uvicorn

    async def serve() -> None:
        report_once(asyncio.get_running_loop())
        await uvicorn.Server(settings(application(store, callers), request_seconds)).serve(sockets=[listener])

    asyncio.run(serve())


def _headers(answer: ApiResponse) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if "content-length" not in answer.headers:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return headers


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


def _described(request: Request, body: bytes) -> ApiRequest:
    scope = request.scope
    return ApiRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("ascii"),
        query=scope["query_string"].decode("ascii"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )
