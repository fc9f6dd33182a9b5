"""The ASGI application of the public port."""

import asyncio
import json
import logging
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from local.callers import Call, Callers, Guarded
from local.clock import FILE, StackClock
from local.environments.outcome import Invoke, Outcome
from local.http_api import answers, cors, payload, static
from local.http_api.authorizer import Authorizer, Permission, Refusal
from local.http_api.routing import Match, find_route
from local.http_api.throttle import Throttle
from local.http_api.workbench import PLACES, Workbench
from local.identity import Issuer
from local.outbox import PLACE as OUTBOX
from local.outbox import Outbox
from local.receiving import body_of
from local.template import Template

logger = logging.getLogger(__name__)

PAYLOAD_BYTES = 10 * 1024 * 1024
"""An HTTP API takes no larger request."""
INTEGRATION_SECONDS = 30.0
"""An HTTP API waits no longer for a function."""
OWN_PAGE = Callers(page=True)
"""Sign-in, clock, faults and outbox are for the page of this port; no link leads to them."""


def gateway(  # noqa: PLR0913 - where things are, each by its name
    template: Template,
    invoke: Invoke,
    *,
    port: int,
    data: Path | None,
    executions: str | None = None,
    outbox: Outbox | None = None,
    integration_seconds: float = INTEGRATION_SECONDS,
) -> ASGIApp:
    """What answers on `http://127.0.0.1:{port}`: the page, `/config.json`, `/local/*`, and the template's HTTP API.

    A function is run by `invoke(name, event as JSON bytes)`. The sign-in's signing key and the clock's offset are in
    the folder `data`; with None the key lives as long as the application and the time is the machine's. Faults and time
    are the business of the executions process at `executions`, messages of `outbox`; with None there are none. The
    pages of other sites are refused, except those that the template's cross-origin rules permit to use the HTTP API.
    """
    audiences = [route.authorizer.audience for route in template.http_api.routes if route.authorizer]
    client_id = audiences[0][0] if audiences and audiences[0] else "local"
    clock = StackClock(None if data is None else data / FILE)
    issuer = Issuer(f"http://127.0.0.1:{port}", client_id, data, clock.time)
    workbench = None if executions is None else Workbench(executions)
    throttle = Throttle(template.http_api.throttling)
    rules = template.http_api.cors
    callers = Callers(page=True, site=() if rules is None else rules.allow_origins)
    application = _Gateway(template, invoke, issuer, clock, workbench, outbox, throttle, port, integration_seconds)
    return Guarded(application, callers)


@dataclass(frozen=True, slots=True)
class _Gateway:
    template: Template
    invoke: Invoke
    issuer: Issuer
    clock: StackClock
    workbench: Workbench | None
    outbox: Outbox | None
    throttle: Throttle
    port: int
    integration_seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception:
            logger.exception("the gateway failed on %s %s", request.method, request.url.path)
            response = answers.internal_error()
        # The page counts deadlines down by this header: it has to be the time by which they end.
        response.headers["date"] = formatdate(self.clock.time(), usegmt=True)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("ascii")
        if path.startswith("/local/"):
            return await self._local(request, path)
        if request.method in {"GET", "HEAD"} and (page := self._page(request, path)) is not None:
            return page
        return await self._api(request, path)

    async def _local(self, request: Request, path: str) -> Response:
        refusal = OWN_PAGE.refusal(Call.of(request.scope))
        if refusal is not None:
            return Response(refusal.body, refusal.status, dict(refusal.headers))
        if self.workbench is not None and path in PLACES:
            return await self.workbench.answer(request, path)
        if self.outbox is not None and path == OUTBOX:
            return await self.outbox.answer(request)
        return self.issuer.answer(request)

    def _page(self, request: Request, path: str) -> Response | None:
        if path == "/config.json":
            config = {"mode": "local", "apiUrl": "", "identities": self.issuer.identities()}
            return JSONResponse(config, headers={**self.template.response_headers, "cache-control": "no-store"})
        file = static.find_file(self.template.folder / "frontend", path)
        return None if file is None else static.serve(request, file, self.template.response_headers)

    async def _api(self, request: Request, path: str) -> Response:
        rules = self.template.http_api.cors
        if rules is not None and cors.is_preflight(request):
            return cors.preflight(request, rules)
        try:
            response = await self._route(request, path)
        except Refusal as refusal:
            response = refusal.response
        if rules is not None:
            cors.allow(request, response, rules)
        response.headers.setdefault("apigw-requestid", payload.request_id())
        return response

    async def _route(self, request: Request, path: str) -> Response:
        match = find_route(self.template.http_api.routes, request.method, path)
        if match is None:
            return answers.plain(404, "Not Found")
        if not self.throttle.admits(match.route):
            return answers.plain(429, "Too Many Requests")
        permission = self._permission(request, match)
        body = await body_of(request, PAYLOAD_BYTES)
        if body is None:
            return answers.plain(413, "Request Entity Too Large")
        addressee = payload.Addressee(
            self.template.account, self.template.http_api.api_id, self.port, self.clock.time()
        )
        event = payload.event(request, body, match, permission, addressee)
        return await self._integrate(match, event)

    def _permission(self, request: Request, match: Match) -> Permission | None:
        settings = match.route.authorizer
        if settings is None:
            return None
        authorizer = Authorizer(self.issuer.url, self.issuer.public_keys, self.clock.time)
        return authorizer.check(request, match.route, settings)

    async def _integrate(self, match: Match, event: dict[str, object]) -> Response:
        """Run the function; one that is still busy when the gateway gives up goes on, as on AWS."""
        running = asyncio.create_task(self.invoke(match.route.function, json.dumps(event).encode()))
        try:
            outcome = await asyncio.wait_for(asyncio.shield(running), self.integration_seconds)
        except TimeoutError:
            running.add_done_callback(_end_unheard)
            return answers.plain(503, "Service Unavailable")
        if outcome.function_error is not None:
            return answers.internal_error()
        response = answers.from_function(outcome.payload)
        response.headers["apigw-requestid"] = event["requestContext"]["requestId"]  # type: ignore[index]
        return response


def _end_unheard(running: asyncio.Task[Outcome]) -> None:
    """A function that nobody waits for any more may fail in silence: its own log has the story."""
    if not running.cancelled():
        running.exception()
