"""Invoke: by name and qualifier, durable or plain, waiting or not; with Lambda's errors.

A durable function starts an execution, once per name; a plain one runs in an environment. The rules are Lambda's:
service model operation Invoke, documentation "Invoking durable functions".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing.execution import Execution, ExecutionStatus

from local.executions.environments import Answer, UnreachableError
from local.executions.errors import (
    ApiError,
    InvalidContentError,
    InvalidParameterError,
    RequestTooLargeError,
)
from local.executions.functions import Target
from local.executions.service import Service

LONGEST_SYNCHRONOUS_EXECUTION = 900
LARGEST_REQUEST = 6_291_456
_LARGEST_PAYLOAD = {"RequestResponse": LARGEST_REQUEST, "Event": 1_048_576, "DryRun": LARGEST_REQUEST}
_FUNCTION_ERROR = {"X-Amz-Function-Error": "Unhandled"}


@dataclass(frozen=True, slots=True)
class InvokeRequest:
    """One Invoke as it came in."""

    function: str
    qualifier: str | None
    kind: str
    execution_name: str | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """What Invoke answers."""

    status: int
    payload: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class LambdaEndpoint:
    """Invoke in front of a durable service and the execution environments."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Answer one Invoke.

        Raises:
            ApiError: one of Invoke's modelled errors.

        """
        target = self._service.functions.resolve(request.function, request.qualifier)
        payload = _checked_payload(request)
        _check_kind(target, request)
        if request.kind == "DryRun":
            return InvokeResult(204)
        if target.function.durable is not None:
            return self._start(target, request, payload)
        if request.kind == "Event":
            self._service.deliveries.invoke_later(target.function.name, payload)
            return InvokeResult(202)
        return self._run(target, payload)

    def _start(self, target: Target, request: InvokeRequest, payload: bytes) -> InvokeResult:
        arn = self._service.starts.start(target, request.execution_name, payload.decode())
        headers = {"X-Amz-Durable-Execution-Arn": arn, "X-Amz-Executed-Version": target.version}
        if request.kind == "Event":
            return InvokeResult(202, headers=headers)
        execution = self._service.closed_execution(arn, LONGEST_SYNCHRONOUS_EXECUTION)
        return _outcome(execution, headers)

    def _run(self, target: Target, payload: bytes) -> InvokeResult:
        function = target.function
        try:
            answer: Answer = self._service.environments.run(function.name, payload, function.timeout + 30)
        except UnreachableError as error:
            raise ApiError(f"The execution environments do not answer: {error}") from error
        headers = {"X-Amz-Executed-Version": target.version}
        return InvokeResult(200, answer.payload, headers | _FUNCTION_ERROR if answer.failed else headers)


def _checked_payload(request: InvokeRequest) -> bytes:
    """The payload; an absent one is an empty object, as Lambda passes it."""
    largest = _LARGEST_PAYLOAD.get(request.kind)
    if largest is None:
        raise InvalidParameterError(f"InvocationType {request.kind!r} is none of {', '.join(_LARGEST_PAYLOAD)}")
    if len(request.payload) > largest:
        raise RequestTooLargeError(f"{len(request.payload)} bytes are more than the {largest} allowed")
    payload = request.payload or b"{}"
    try:
        json.loads(payload)
    except ValueError as error:
        raise InvalidContentError(f"Could not parse request body into json: {error}") from error
    return payload


def _check_kind(target: Target, request: InvokeRequest) -> None:
    function = target.function
    if function.durable is None:
        if request.execution_name is not None:
            raise InvalidParameterError(f"{function.name} is not durable: it takes no DurableExecutionName")
        return
    if target.qualifier is None:
        raise InvalidParameterError(f"{function.name} is durable: invoke a version, an alias or $LATEST")
    if request.kind == "RequestResponse" and function.durable.execution_timeout > LONGEST_SYNCHRONOUS_EXECUTION:
        raise InvalidParameterError(
            f"{function.name} may run for {function.durable.execution_timeout} seconds: a synchronous Invoke takes "
            f"durable functions of at most {LONGEST_SYNCHRONOUS_EXECUTION} seconds, use InvocationType Event"
        )


def _outcome(execution: Execution, headers: Mapping[str, str]) -> InvokeResult:
    status, result = execution.current_status(), execution.result
    if status is ExecutionStatus.SUCCEEDED:
        return InvokeResult(200, ((result.result if result else None) or "null").encode(), headers)
    fallback = ErrorObject.from_message(f"Execution {status.value}")
    error = (result.error if result else None) or fallback
    return InvokeResult(200, json.dumps(_error_payload(error)).encode(), {**headers, **_FUNCTION_ERROR})


def _error_payload(error: ErrorObject) -> dict[str, Any]:
    named = {"errorMessage": error.message, "errorType": error.type, "stackTrace": error.stack_trace}
    return {name: value for name, value in named.items() if value is not None}
