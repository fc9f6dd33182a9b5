"""Faults and time, for the page's break-it drawer: passed on to the executions process, which has the timers.

`local.faults` and `local.executions.jumps` describe the requests and their answers.
"""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from local.http_api import answers
from local.receiving import body_of

if TYPE_CHECKING:
    import urllib3

PLACES = frozenset({"/local/faults", "/local/time", "/local/time/jump"})
_METHODS = frozenset({"GET", "POST", "DELETE"})
_LARGEST_BYTES = 10_000
_SECONDS = 30


@dataclass(slots=True)
class Workbench:
    """Asks the executions process at `url`."""

    url: str
    _connections: "urllib3.PoolManager | None" = field(default=None, init=False)

    async def answer(self, request: Request, path: str) -> Response:
        """The executions process's answer; 503 while it does not answer."""
        if request.method not in _METHODS:
            return answers.plain(405, "Method Not Allowed")
        body = await body_of(request, _LARGEST_BYTES)
        if body is None:
            return answers.plain(413, "Request Entity Too Large")
        return await asyncio.to_thread(self._ask, request.method, path, body)

    def _ask(self, method: str, path: str, body: bytes) -> Response:
        import urllib3

        self._connections = self._connections or urllib3.PoolManager(retries=False)
        try:
            answer = self._connections.request(method, self.url + path, body=body, timeout=_SECONDS)
        except urllib3.exceptions.HTTPError:
            return answers.plain(503, "The durable service does not answer; it is being started again")
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(answer.data, answer.status, headers, "application/json")
