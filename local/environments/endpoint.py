"""The environments endpoint: Invoke of a handler, Lambda's Runtime API for the processes, and events.

It is for the stack's own processes.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.callers import Callers, Guarded
from local.environments.environment import MAX_RESPONSE_BYTES
from local.environments.fleet import Environments, UnknownFunctionError
from local.receiving import body_of

if TYPE_CHECKING:
    from local.events.topics import Answered


class Sns(Protocol):
    """Carries out requests of SNS's API."""

    def answer(self, body: bytes, headers: Mapping[str, str]) -> "Answered":
        """The response to a request; may take a while."""
        ...


Deliver = Callable[[dict[str, Any]], Awaitable[None]]
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_RUNTIME = "/environments/{environment}/2018-06-01/runtime"


def app(environments: Environments, deliver: Deliver, sns: Sns | None = None) -> ASGIApp:
    """The endpoint as an ASGI application; `deliver` takes an EventBridge event to its targets, `sns` is at `/sns/`."""
    routes = _Routes(environments, deliver, sns)
    return Guarded(
        Starlette(
            routes=[
                Route("/2015-03-31/functions/{name}/invocations", routes.invoke, methods=["POST"]),
                Route(f"{_RUNTIME}/invocation/next", routes.next, methods=["GET"]),
                Route(f"{_RUNTIME}/invocation/{{request_id}}/response", routes.response, methods=["POST"]),
                Route(f"{_RUNTIME}/invocation/{{request_id}}/error", routes.error, methods=["POST"]),
                Route(f"{_RUNTIME}/init/error", routes.init_error, methods=["POST"]),
                Route("/invocations/{request_id}", routes.kill, methods=["DELETE"]),
                Route("/events", routes.events, methods=["POST"]),
                Route("/sns/", routes.publish, methods=["POST"]),
                Route("/environments", routes.listing, methods=["GET"]),
            ]
        ),
        Callers(),
    )


class _Routes:
    """The handlers of the endpoint's routes."""

    def __init__(self, environments: Environments, deliver: Deliver, sns: Sns | None) -> None:
        self._environments = environments
        self._sns = sns
        self._deliver = deliver

    async def invoke(self, request: Request) -> Response:
        """Lambda's Invoke, always synchronous and always one run of the handler."""
        body = await body_of(request, MAX_PAYLOAD_BYTES)
        if body is None:
            return _modelled(413, "RequestTooLargeException", f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes")
        name, qualifier = request.path_params["name"], request.query_params.get("Qualifier")
        reference = f"{name}:{qualifier}" if qualifier else name
        try:
            outcome = await self._environments.invoke(
                reference, body or b"{}", request.headers.get("x-countersign-request-id")
            )
        except UnknownFunctionError:
            return _modelled(404, "ResourceNotFoundException", f"Function not found: {reference}")
        headers = {"x-amzn-RequestId": outcome.request_id}
        if outcome.function_error:
            headers["X-Amz-Function-Error"] = outcome.function_error
        return Response(outcome.payload, 200, headers, "application/json")

    async def next(self, request: Request) -> Response:
        """The Runtime API's long poll of an idle environment."""
        found = self._environments.pool_of(request.path_params["environment"])
        if found is None:
            return Response(status_code=410)
        pool, environment = found
        waiting = environment.ready()
        if environment.state == "idle":
            pool.free(environment)
        work = await waiting
        if work is None:
            return Response(status_code=410)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": work.request_id,
            "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": pool.function.qualified_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Sampled=0",
        }
        return Response(work.payload, 200, headers, "application/json")

    async def response(self, request: Request) -> Response:
        """A handler's result."""
        return await self._answer(request, None)

    async def error(self, request: Request) -> Response:
        """A handler's error."""
        return await self._answer(request, "Unhandled")

    async def _answer(self, request: Request, function_error: str | None) -> Response:
        found = self._environments.pool_of(request.path_params["environment"])
        payload = await body_of(request, MAX_RESPONSE_BYTES)
        request_id = request.path_params["request_id"]
        if found is None or not found[1].answer(request_id, payload, function_error):
            return _modelled(400, "InvalidRequestID", "not the invocation of this environment")
        return JSONResponse({"status": "OK"}, 202)

    async def init_error(self, request: Request) -> Response:
        """A handler could not be loaded; the process ends after saying so."""
        payload = await body_of(request, MAX_RESPONSE_BYTES)
        found = self._environments.pool_of(request.path_params["environment"])
        if found is not None and payload is not None:
            found[1].init_failed(payload)
        return JSONResponse({"status": "OK"}, 202)

    async def kill(self, request: Request) -> Response:
        """End the process that handles an invocation, for the break-it drawer."""
        pid = self._environments.kill(request.path_params["request_id"])
        if pid is None:
            return _modelled(404, "ResourceNotFoundException", "no process handles this invocation")
        return JSONResponse({"pid": pid})

    async def events(self, request: Request) -> Response:
        """An event for the rules of the template; the caller repeats it until it is taken."""
        try:
            event = json.loads(await body_of(request, MAX_PAYLOAD_BYTES) or b"")
        except ValueError:
            return _modelled(400, "InvalidArgument", "the event is not JSON")
        await self._deliver(event)
        return JSONResponse({})

    async def publish(self, request: Request) -> Response:
        """A request of SNS's API, which the functions send here."""
        if self._sns is None:
            return Response(status_code=404)
        body = await body_of(request, MAX_PAYLOAD_BYTES)
        if body is None:
            return _modelled(413, "RequestTooLargeException", f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes")
        answer = await asyncio.to_thread(self._sns.answer, body, dict(request.headers))
        return Response(answer.body, answer.status, media_type=answer.content_type)

    async def listing(self, request: Request) -> Response:  # noqa: ARG002 - the shape of a route
        """The environments and their processes."""
        return JSONResponse(self._environments.listing())


def _modelled(status: int, kind: str, message: str) -> Response:
    """An error as the AWS clients parse it."""
    body = {"Type": "User", "Message": message}
    return JSONResponse(body, status, {"x-amzn-errortype": kind})
