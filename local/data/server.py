"""The data service over HTTP."""

import asyncio
import os
import socket
import sys
import time

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from local.callers import Callers, Guarded
from local.data.exchange import ApiRequest, ApiResponse
from local.data.journal import JournalError
from local.data.store import DataStore, largest_body
from local.receiving import body_of, too_large
from local.serving import settings

LOOK_SECONDS = 0.25


def application(store: DataStore, callers: Callers) -> ASGIApp:
    """An ASGI application in front of a store.

    A request is carried out on the event loop's own thread, up to its journal record: no other request can come
    in between.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        largest = largest_body(_described(request, b""))
        body = await body_of(request, largest)
        if body is None:
            await too_large(largest)(scope, receive, send)
            return
        answer = await _best_answer(store, _described(request, body))
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
        await send({"type": "http.response.body", "body": answer.body})

    return Guarded(serve, callers)


def run(store: DataStore, listener: socket.socket, callers: Callers, request_seconds: float) -> None:
    """Serve until the process is told to stop."""
    import uvicorn

    uvicorn.Server(settings(application(store, callers), request_seconds)).run(sockets=[listener])


def _headers(answer: ApiResponse) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if "content-length" not in answer.headers:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return headers


async def _best_answer(store: DataStore, request: ApiRequest) -> ApiResponse:
    """The answer, or the better one that its caller would wait for: a long poll, which holds up no other request."""
    asked = time.monotonic()
    response = _answer(store, request)
    while time.monotonic() < asked + response.patience:
        await asyncio.sleep(LOOK_SECONDS)
        response = _answer(store, request)
    return response


def _answer(store: DataStore, request: ApiRequest) -> ApiResponse:
    try:
        return store.answer(request)
    except JournalError as error:
        print(f"data: a write could not be remembered: {error}", file=sys.stderr, flush=True)
        os._exit(1)  # memory is ahead of the journal; the supervisor starts us again from the journal


def _described(request: Request, body: bytes) -> ApiRequest:
    scope = request.scope
    return ApiRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("ascii"),
        query=scope["query_string"].decode("ascii"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )
