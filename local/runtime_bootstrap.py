"""The program inside an execution environment: it fetches invocations and hands them to one handler.

It runs as a script in a process of its own, speaks the Lambda Runtime API of `AWS_LAMBDA_RUNTIME_API`, and uses
only the standard library, so that a function sees nothing but its own code and layers. The process ends when the
Runtime API goes away or when its standard input, held open by the local stack, reaches its end.
"""

import contextlib
import decimal
import http.client
import importlib
import json
import logging
import os
import pathlib
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What Lambda tells a handler about an invocation."""

    aws_request_id: str
    invoked_function_arn: str
    deadline_ms: int
    function_name: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    function_version: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_FUNCTION_VERSION"])
    memory_limit_in_mb: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
    log_group_name: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_LOG_GROUP_NAME"])
    log_stream_name: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_LOG_STREAM_NAME"])
    client_context: None = None
    identity: None = None
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this environment is killed for taking too long."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


@dataclass(frozen=True, slots=True)
class StackClock:
    """The stack's time, for the product's Clock port: the machine's and the offset in a file, in milliseconds."""

    file: pathlib.Path

    def now(self) -> datetime:
        """The present moment, in UTC."""
        try:
            ahead = float(self.file.read_text("ascii"))
        except FileNotFoundError:
            ahead = 0.0
        now = datetime.now(UTC) + timedelta(seconds=ahead)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event to handle."""

    event: bytes
    context: LambdaContext
    trace_id: str


class RuntimeApi:
    """A client of the Lambda Runtime API, on one connection."""

    def __init__(self, address: str) -> None:
        host, _, prefix = address.partition("/")
        self._connection = http.client.HTTPConnection(host)
        self._base = f"/{prefix}/2018-06-01/runtime" if prefix else "/2018-06-01/runtime"

    def next(self) -> Invocation:
        """Wait for the next event."""
        headers, body = self._call("GET", "/invocation/next", b"")
        context = LambdaContext(
            aws_request_id=headers["Lambda-Runtime-Aws-Request-Id"],
            invoked_function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
            deadline_ms=int(headers["Lambda-Runtime-Deadline-Ms"]),
        )
        return Invocation(body, context, headers.get("Lambda-Runtime-Trace-Id", ""))

    def respond(self, request_id: str, body: bytes) -> None:
        """Deliver a handler's result."""
        self._call("POST", f"/invocation/{request_id}/response", body)

    def fail(self, request_id: str, error: dict[str, Any]) -> None:
        """Deliver a handler's error."""
        self._call("POST", f"/invocation/{request_id}/error", json.dumps(error).encode())

    def init_failed(self, error: dict[str, Any]) -> None:
        """Say that the handler could not be loaded."""
        self._call("POST", "/init/error", json.dumps(error).encode())

    def _call(self, method: str, path: str, body: bytes) -> tuple[http.client.HTTPMessage, bytes]:
        self._connection.request(method, self._base + path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise ConnectionError(f"the Runtime API answered {answer.status} to {method} {path}")
        return answer.headers, content


def main() -> int:
    """Load the handler and serve invocations until the local stack goes away."""
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    _log_as_lambda_does()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    with contextlib.suppress(ConnectionError, http.client.HTTPException):
        try:
            handler = load(os.environ["_HANDLER"])
            _share_clock()
        except Exception as error:  # noqa: BLE001 - whatever a module raises while it is imported is reported
            _say_failed(error, _init_error_type(error))
            api.init_failed(_described(error, _init_error_type(error)))
            return 1
        while True:
            serve(api, handler)
    return 0


def serve(api: RuntimeApi, handler: Handler) -> None:
    """Handle one invocation."""
    invocation = api.next()
    request_id = invocation.context.aws_request_id
    _request_ids[:] = [request_id]
    os.environ["_X_AMZN_TRACE_ID"] = invocation.trace_id
    try:
        result = handler(json.loads(invocation.event), invocation.context)
    except Exception as error:  # noqa: BLE001 - Lambda reports every exception of a handler to the caller
        _say_failed(error, type(error).__name__)
        api.fail(request_id, _described(error, type(error).__name__))
        return
    try:
        body = json.dumps(result, ensure_ascii=False, default=_plain).encode()
    except (TypeError, ValueError) as error:
        api.fail(
            request_id, {"errorType": "Runtime.MarshalError", "errorMessage": f"Unable to marshal response: {error}"}
        )
        return
    api.respond(request_id, body)


def load(name: str) -> Handler:
    """Import `package.module.function`."""
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def _share_clock() -> None:
    """Have the product tell the stack's time. Code that has no such way in goes by the machine's."""
    file, wiring = os.environ.get("LOCAL_CLOCK"), sys.modules.get("orders.wiring")
    if file is not None and wiring is not None:
        wiring.use_clock(StackClock(pathlib.Path(file)))


def _init_error_type(error: Exception) -> str:
    """Lambda's names for the ways a handler fails to load."""
    if isinstance(error, SyntaxError):
        return "Runtime.UserCodeSyntaxError"
    if isinstance(error, AttributeError):
        return "Runtime.HandlerNotFound"
    return "Runtime.ImportModuleError" if isinstance(error, ImportError) else type(error).__name__


def _described(error: Exception, kind: str) -> dict[str, Any]:
    trace = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    return {"errorMessage": str(error), "errorType": kind, "stackTrace": trace}


def _plain(value: object) -> object:
    """Lambda writes a Decimal as a number."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


class JsonLines(logging.Formatter):
    """A log record as Lambda's runtime client writes it with `LogFormat: JSON`: one line, its traceback inside.

    `extra` fields stand beside the record's own; see awslambdaric's `lambda_runtime_log_utils`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        own = {"timestamp": at, "level": record.levelname, "message": record.getMessage(), "logger": record.name}
        extra = {name: value for name, value in vars(record).items() if name not in _RECORD_FIELDS}
        return json.dumps(extra | own | self._error(record) | _current_request(), default=str)

    @staticmethod
    def _error(record: logging.LogRecord) -> dict[str, Any]:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return {}
        trace = traceback.format_tb(error.__traceback__)
        return {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": trace}


class TextLines(logging.Formatter):
    """A log record as Lambda's runtime client writes it with `LogFormat: Text`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return level, time, request id and message, separated by tabs, with the traceback behind."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = super().format(record)
        return f"[{record.levelname}]\t{at}\t{_current_request().get('requestId', '')}\t{message}"


_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_request_ids: list[str] = []


def _current_request() -> dict[str, str]:
    """Return the id of the invocation under way, if there is one."""
    return {"requestId": _request_ids[-1]} if _request_ids else {}


def _log_as_lambda_does() -> None:
    """Install a root handler that writes the function's log format, from its level on."""
    handler = logging.StreamHandler(sys.stdout)
    in_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    handler.setFormatter(JsonLines() if in_json else TextLines())
    root = logging.getLogger()
    root.addHandler(handler)
    if level := os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
        root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))


def _say_failed(error: Exception, kind: str) -> None:
    """What Lambda writes of a handler that raised."""
    print(json.dumps({"level": "ERROR", "message": "the handler failed", **_described(error, kind)}), flush=True)


def _exit_with_parent() -> None:
    """End the process at once, whatever it is doing, when standard input reaches its end."""
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
