"""Completing callbacks.

Gaps closed: the stock engine answers 404 to a second or late completion and to a malformed id, accepts one after
the execution was stopped or timed out, and takes results of any size. The service model (operations
SendDurableExecutionCallbackSuccess, -Failure, -Heartbeat) says CallbackTimeoutException with status 400 for a callback
that "has either expired or ... already been closed", and bounds a result to 1,048,576 bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from aws_durable_execution_sdk_python.lambda_service import ErrorObject, OperationStatus
from aws_durable_execution_sdk_python_testing.exceptions import IllegalStateException
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import (
    SendDurableExecutionCallbackFailureResponse,
    SendDurableExecutionCallbackHeartbeatResponse,
    SendDurableExecutionCallbackSuccessResponse,
)
from aws_durable_execution_sdk_python_testing.token import CallbackToken
from aws_durable_execution_sdk_python_testing.worker.checkpoint_tasks import CallableTask

from local.executions.arns import ExecutionArn
from local.executions.errors import CallbackClosedError, InvalidParameterError, NotFoundError
from local.executions.store import SqliteExecutions

LARGEST_RESULT_BYTES = 1_048_576
_CALLBACK_ID = re.compile(r"[A-Za-z0-9+/]{1,1024}={0,2}")
_NO_ERROR = ErrorObject(message=None, type=None, data=None, stack_trace=None)


def parse_callback_id(callback_id: str) -> CallbackToken:
    """What a callback id stands for.

    Raises:
        InvalidParameterError: nobody can have been given this id.

    """
    if _CALLBACK_ID.fullmatch(callback_id) is None:
        raise InvalidParameterError("Invalid callback id")
    try:
        token = CallbackToken.from_str(callback_id)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidParameterError("Invalid callback id") from error
    ExecutionArn.parse(str(token.execution_arn))
    return token


class CallbackContract(Executor):
    """One completion per callback, in time, of a size; checked where the engine serialises an execution's changes."""

    _store: SqliteExecutions

    def send_callback_success(
        self, callback_id: str, result: bytes | None = None
    ) -> SendDurableExecutionCallbackSuccessResponse:
        """Complete a callback with a result; raises as the module says."""
        if result and len(result) > LARGEST_RESULT_BYTES:
            raise InvalidParameterError(f"Result must be at most {LARGEST_RESULT_BYTES} bytes")
        _require_utf8(result)
        arn = self._while_open(callback_id, lambda: self._complete_callback_success(callback_id, result))
        self._invoke_execution(arn)
        return SendDurableExecutionCallbackSuccessResponse()

    def send_callback_failure(
        self, callback_id: str, error: ErrorObject | None = None
    ) -> SendDurableExecutionCallbackFailureResponse:
        """Complete a callback with an error; raises as the module says."""
        given = error or _NO_ERROR
        if len(json.dumps(dict(given.to_dict())).encode()) > LARGEST_RESULT_BYTES:
            raise InvalidParameterError(f"Error must be at most {LARGEST_RESULT_BYTES} bytes")
        arn = self._while_open(callback_id, lambda: self._complete_callback_failure(callback_id, given))
        self._invoke_execution(arn)
        return SendDurableExecutionCallbackFailureResponse()

    def send_callback_heartbeat(self, callback_id: str) -> SendDurableExecutionCallbackHeartbeatResponse:
        """Keep a callback alive; raises as the module says. The beat is kept, so that a restart counts from it."""

        def beat() -> None:
            self._process_callback_heartbeat(callback_id)
            token = parse_callback_id(callback_id)
            self._store.record_heartbeat(token.execution_arn, token.operation_id, self._clock.now())

        self._while_open(callback_id, beat)
        return SendDurableExecutionCallbackHeartbeatResponse()

    def _while_open(self, callback_id: str, action: Callable[[], None]) -> str:
        """Run `action` on the execution's lane if the callback is open; the execution's ARN."""
        arn = parse_callback_id(callback_id).execution_arn
        if not self._store.exists(arn):
            raise NotFoundError("The callback's execution does not exist")

        def checked() -> None:
            self._require_open(arn, callback_id)
            action()

        self._registry.submit(arn, CallableTask(checked)).result()
        return arn

    def _require_open(self, arn: str, callback_id: str) -> None:
        execution = self._store.load(arn)
        try:
            _, operation = execution.find_callback_operation(callback_id)
        except IllegalStateException as error:
            raise NotFoundError("The callback does not exist") from error
        if execution.is_complete or operation.status is not OperationStatus.STARTED:
            raise CallbackClosedError("The callback has expired or is already closed")


def _require_utf8(result: bytes | None) -> None:
    try:
        (result or b"").decode()
    except UnicodeDecodeError as error:
        raise InvalidParameterError("Result must be UTF-8") from error
