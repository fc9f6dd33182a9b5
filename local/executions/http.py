"""The Lambda API over HTTP on 127.0.0.1.

Gaps closed: the stock server speaks HTTP/1.0 with a listen backlog of five, reads Stop's body as if the error were a
member of it (the error *is* the body), acts on half a request of a caller that died, waits for the other half for ever,
and takes calls from any web page the user has open.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing.model import CheckpointDurableExecutionRequest

from local.callers import Call, Callers, Refusal
from local.executions.errors import (
    ApiError,
    InvalidContentError,
    InvalidParameterError,
    NoRoomError,
    UnknownOperationError,
    as_api_error,
)
from local.executions.jumps import NothingWaitsError
from local.executions.listing import ListRequest
from local.executions.service import Service
from local.faults import UnknownFaultError
from local.lambda_endpoint import LARGEST_REQUEST, InvokeRequest, LambdaEndpoint
from local.receiving import KEEP_ALIVE_SECONDS, REQUEST_SECONDS, Incoming, too_large, too_late
from local.serving import HOST, inherited
from local.shortage import BACKOFF_SECONDS, OUT_OF_FILES, Shortage

logger = logging.getLogger(__name__)

DURABLE = "2025-12-01"
INVOKE = "2015-03-31"
_CALLERS = Callers()
_LINGER_SECONDS = 1.0
_STATUSES = frozenset({"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "PAUSING", "PAUSED", "DELETING"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose path is split first and decoded then: an ARN's encoded slashes stay inside it."""

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, list[str]]
    headers: Message
    body: bytes

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter; an empty one counts as absent."""
        values = self.query.get(name)
        return values[0] or None if values else None

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean query parameter."""
        value = self.parameter(name)
        return default if value is None else value.lower() == "true"

    def number(self, name: str) -> int | None:
        """A whole-number query parameter."""
        value = self.parameter(name)
        try:
            return None if value is None else int(value)
        except ValueError as error:
            raise InvalidParameterError(f"{name} must be a number") from error

    def moment(self, name: str) -> datetime | None:
        """A timestamp query parameter, in UTC when it names no zone."""
        value = self.parameter(name)
        try:
            moment = None if value is None else datetime.fromisoformat(value)
        except ValueError as error:
            raise InvalidParameterError(f"{name} must be an ISO 8601 timestamp") from error
        return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment

    def document(self) -> dict[str, Any]:
        """The JSON object in the body; an empty body is an empty object."""
        try:
            document = json.loads(self.body or b"{}")
        except ValueError as error:
            raise InvalidContentError("The request body is not JSON") from error
        if not isinstance(document, dict):
            raise InvalidContentError("The request body is not a JSON object")
        return document


@dataclass(frozen=True, slots=True)
class Response:
    """A response; its headers come on top of the request id, the type and the length."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def to_json(status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response with times as the protocol writes them: seconds since 1970."""
    body = json.dumps(document, separators=(",", ":"), default=_epoch).encode()
    return Response(status, body, {"Content-Type": "application/json", **(headers or {})})


def _failed(error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    return to_json(error.status, error.body(), {"x-amzn-errortype": error.code, **(headers or {})})


def _epoch(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is not JSON")


class Answers(Protocol):
    """Answers every request to the server."""

    def answer(self, request: Request) -> Response:
        """The response to a request."""
        ...


class NoRoom:
    """Answers while the disk is full and no execution can go on."""

    def answer(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an API
        """503, which AWS clients repeat."""
        return _failed(NoRoomError(), {"Retry-After": "1"})


class Api:
    """The operations of the Lambda API that are served here, by method and path."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lambda = LambdaEndpoint(service)

    def answer(self, request: Request) -> Response:
        """The response to a request; every error is one of the API's."""
        try:
            return self._route(request)
        except Exception as error:
            api_error = as_api_error(error)
            if api_error.status >= 500 and not isinstance(api_error, NoRoomError):  # noqa: PLR2004 - not the caller's
                logger.exception("%s %s", request.method, "/".join(request.segments))
            return _failed(api_error)

    def _route(self, request: Request) -> Response:
        match request.method, request.segments:
            case "POST", (version, "functions", name, "invocations") if version == INVOKE:
                return self._invoke(request, name)
            case "GET", (version, "functions", name, "durable-executions") if version == DURABLE:
                return to_json(200, self._service.listing(self._list_request(request, name)))
            case "POST", (version, "durable-execution-callbacks", callback_id, action) if version == DURABLE:
                return self._callback(request, callback_id, action)
            case method, (version, "durable-executions", arn, *rest) if version == DURABLE:
                return self._execution(request, arn, (method, *rest))
            case method, ("local", *rest):
                return _answer_workbench(self._service, request, (method, *rest))
            case "GET", ("health",):
                return to_json(200, {"status": "healthy"})
        raise UnknownOperationError(f"{request.method} /{'/'.join(request.segments)}")

    def _execution(self, request: Request, arn: str, operation: tuple[str, ...]) -> Response:
        operations: dict[tuple[str, ...], Callable[[Request, str], dict[str, Any]]] = {
            ("GET",): self._get,
            ("GET", "history"): self._history,
            ("GET", "state"): self._state,
            ("POST", "checkpoint"): self._checkpoint,
            ("POST", "stop"): self._stop,
        }
        found = operations.get(operation)
        if found is None:
            raise UnknownOperationError(" ".join(operation))
        return to_json(200, found(request, arn))

    def _invoke(self, request: Request, name: str) -> Response:
        result = self._lambda.invoke(
            InvokeRequest(
                function=name,
                qualifier=request.parameter("Qualifier"),
                kind=request.headers.get("X-Amz-Invocation-Type", "RequestResponse"),
                execution_name=request.headers.get("X-Amz-Durable-Execution-Name"),
                payload=request.body,
            )
        )
        return Response(result.status, result.payload, {"Content-Type": "application/json", **result.headers})

    def _list_request(self, request: Request, name: str) -> ListRequest:
        target = self._service.functions.resolve(name, request.parameter("Qualifier"))
        statuses = tuple(request.query.get("Statuses", ()))
        if not _STATUSES.issuperset(statuses):
            raise InvalidParameterError(f"Statuses must be among {', '.join(sorted(_STATUSES))}")
        return ListRequest(
            function=target.function.name,
            version=target.version if target.qualifier else None,
            name=request.parameter("DurableExecutionName"),
            statuses=statuses,
            started_after=request.moment("StartedAfter"),
            started_before=request.moment("StartedBefore"),
            oldest_first=request.flag("ReverseOrder", default=False),
            marker=request.parameter("Marker"),
            max_items=request.number("MaxItems"),
        )

    def _callback(self, request: Request, callback_id: str, action: str) -> Response:
        engine = self._service.engine
        if action == "succeed":
            engine.send_callback_success(callback_id, request.body)
        elif action == "fail":
            document = request.document()
            engine.send_callback_failure(callback_id, ErrorObject.from_dict(document) if document else None)
        elif action == "heartbeat":
            engine.send_callback_heartbeat(callback_id)
        else:
            raise UnknownOperationError(action)
        return to_json(200, {})

    def _get(self, request: Request, arn: str) -> dict[str, Any]:
        return self._service.get(arn, include_execution_data=request.flag("IncludeExecutionData", default=True))

    def _history(self, request: Request, arn: str) -> dict[str, Any]:
        return self._service.history(
            arn,
            include_execution_data=request.flag("IncludeExecutionData", default=True),
            reverse_order=request.flag("ReverseOrder", default=False),
            marker=request.parameter("Marker"),
            max_items=request.number("MaxItems"),
        )

    def _state(self, request: Request, arn: str) -> dict[str, Any]:
        return self._service.state(
            arn,
            request.parameter("CheckpointToken"),
            request.parameter("Marker"),
            request.number("MaxItems"),
        )

    def _checkpoint(self, request: Request, arn: str) -> dict[str, Any]:
        try:
            checkpoint = CheckpointDurableExecutionRequest.from_dict(request.document(), arn)
        except (KeyError, ValueError, TypeError) as error:
            raise InvalidParameterError(f"Malformed checkpoint: {error!r}") from error
        return self._service.checkpoint(checkpoint)

    def _stop(self, request: Request, arn: str) -> dict[str, Any]:
        document = request.document()
        return self._service.stop_execution(arn, ErrorObject.from_dict(document) if document else None)


def _answer_workbench(service: Service, request: Request, operation: tuple[str, ...]) -> Response:
    """Faults and time, which the gateway passes on; `local.faults` and `jumps` describe the shapes."""
    try:
        answer = _workbench(service, request, operation)
    except (UnknownFaultError, InvalidContentError) as error:
        return to_json(400, {"message": str(error)})
    except NothingWaitsError as error:
        return to_json(409, {"message": str(error)})
    return to_json(404, {"message": "Not Found"}) if answer is None else to_json(200, answer)


def _workbench(service: Service, request: Request, operation: tuple[str, ...]) -> dict[str, Any] | None:
    match operation:
        case ("GET", "versions"):
            return service.versions_in_use()
        case ("GET", "time"):
            return service.engine.time_described()
        case ("POST", "time", "jump"):
            order_id = request.document().get("orderId")
            return service.engine.jump(order_id and str(order_id))
        case ("GET", "faults"):
            pass
        case ("POST", "faults"):
            service.faults.arm(request.document())
        case ("DELETE", "faults"):
            service.faults.disarm()
        case _:
            return None
    return service.faults.described()


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive; a response leaves in one write, without Nagle's delay."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    rfile: io.BufferedReader
    server: ApiServer

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._incoming = Incoming(self.connection)
        self.rfile = io.BufferedReader(self._incoming)
        self._incoming.give(self.server.request_seconds)

    def handle_one_request(self) -> None:
        """Wait for a request's first byte as long as a connection may be idle, and not as long for the rest."""
        try:
            begun = self.rfile.peek(1)
        except TimeoutError:
            begun = b""
        if not begun:
            self.close_connection = True
            return
        self._incoming.give(self.server.request_seconds)
        super().handle_one_request()
        self._incoming.give(KEEP_ALIVE_SECONDS)

    def finish(self) -> None:
        """Close; what the caller has not taken by now is not waited for."""
        self.connection.settimeout(0)
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's signature
        logger.debug(format, *arguments)

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
        elif isinstance(body, Refusal):
            self._refuse(body)
        else:
            self._respond(self.server.api.answer(self._request(body)))

    def _body(self) -> bytes | Refusal | None:
        """Read the body; None when its caller died while sending it, so it was never asked: RFC 9112, section 8."""
        refusal = _CALLERS.refusal(self._call()) or refusal_of_body(self.headers)
        if refusal is not None:
            return refusal
        length = int(self.headers.get("Content-Length", "0"))
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            return too_late(self.server.request_seconds)
        return body if len(body) == length else None

    def _call(self) -> Call:
        address, port = self.connection.getsockname()[:2]
        return Call((address, port), self.client_address[0], self.command, self.path, tuple(self.headers.items()))

    def _request(self, body: bytes) -> Request:
        parts = urlsplit(self.path)
        return Request(
            method=self.command,
            segments=tuple(unquote(part) for part in parts.path.split("/") if part),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers=self.headers,
            body=body,
        )

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, and close: what is left of the body is not the next request."""
        self.close_connection = True
        self._respond(Response(refusal.status, refusal.body, {**refusal.headers, "connection": "close"}))
        self.connection.shutdown(socket.SHUT_WR)
        self._incoming.give(_LINGER_SECONDS)
        while self.rfile.read1():  # closed at once, the connection would be reset before its caller has the answer
            pass

    def _respond(self, response: Response) -> None:
        self.connection.settimeout(self.server.request_seconds)
        self.send_response(response.status)
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()


def refusal_of_body(headers: Message) -> Refusal | None:
    """Return why a body will not be read, by what its headers say of its length; None when it will."""
    lengths = set(headers.get_all("Content-Length", ["0"]))
    length = lengths.pop()
    if "Transfer-Encoding" in headers:
        return Refusal("Send the body with a Content-Length, not in chunks.", 411, InvalidContentError.code)
    if lengths or not length.isdecimal():
        return Refusal("Content-Length must be one whole number.", 400, InvalidContentError.code)
    too_long = len(length) > len(str(LARGEST_REQUEST)) or int(length) > LARGEST_REQUEST
    return too_large(LARGEST_REQUEST) if too_long else None


class ApiServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 only. The socket is bound when the object is made, requests wait until it serves."""

    request_queue_size = 1024
    daemon_threads = True
    block_on_close: ClassVar[bool] = False  # type: ignore[misc]  # a setting of the base class

    def __init__(
        self,
        port: int,
        api: Callable[[], Answers],
        listener: int | None = None,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        super().__init__((HOST, port), _Handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = inherited(listener)
            self.server_address = self.socket.getsockname()
        self._shortage = Shortage()
        self.request_seconds = request_seconds
        self.api = api()

    @property
    def url(self) -> str:
        """The base address of the API."""
        return f"http://{HOST}:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; without a free file descriptor, say so once and give others time to close theirs."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in OUT_OF_FILES:
                self._shortage.report(error)
                time.sleep(BACKOFF_SECONDS)
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks off is its owner's business."""
        logger.debug("connection from %s broke off (%s)", client_address, request)
