"""How the engine runs a handler: one call of the environments' endpoint.

Gap closed: the stock invoker keeps nothing of an invocation that failed. Its span, request id and error are kept
here until the engine records the failure (see `invocations`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from aws_durable_execution_sdk_python.execution import DurableExecutionInvocationInput
from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing.exceptions import ResourceNotFoundException
from aws_durable_execution_sdk_python_testing.invoker import InvokeResponse, LambdaInvoker

from local.clock import StackClock
from local.executions.environments import Answer, Environments, UnreachableError
from local.executions.errors import ApiError, NotFoundError

# Lambda's own longest timeout; the environments' endpoint ends a handler at its function's timeout long before.
LONGEST_INVOCATION_SECONDS = 900


class HandlerFailedError(Exception):
    """The invocation ended with a function error, or without an answer."""


@dataclass(frozen=True, slots=True)
class FailedInvocation:
    """When an invocation ran and what it failed with."""

    started: datetime
    ended: datetime
    request_id: str
    error: ErrorObject


class EnvironmentsInvoker(LambdaInvoker):
    """Invokes handlers at the environments' endpoint."""

    def __init__(self, environments: Environments, clock: StackClock) -> None:
        super().__init__(lambda_client=None)
        self._environments = environments
        self._clock = clock
        self._failures: dict[str, FailedInvocation] = {}
        self._under_way: dict[str, str] = {}

    def request_under_way(self, arn: str) -> str | None:
        """The request id of the execution's invocation that runs now."""
        return self._under_way.get(arn)

    def take_failure(self, arn: str) -> FailedInvocation | None:
        """The execution's last failed invocation, once."""
        return self._failures.pop(arn, None)

    def inherit_endpoint(self, child_execution_arn: str, parent_execution_arn: str) -> None:
        """Nothing to inherit: all functions are at one endpoint."""

    def invoke(  # noqa: PLR0913, PLR0917 - the engine's protocol
        self,
        function_name: str,
        input: DurableExecutionInvocationInput,  # noqa: A002 - the engine's protocol
        endpoint_url: str | None = None,  # noqa: ARG002 - one endpoint
        tenant_id: str | None = None,  # noqa: ARG002 - no tenants here
        account_id: str | None = None,  # noqa: ARG002 - one account
        region_name: str | None = None,  # noqa: ARG002 - one region
    ) -> InvokeResponse:
        """Run the handler once on `input`.

        Raises:
            ResourceNotFoundException: no such function; the engine ends the execution.
            HandlerFailedError: the invocation failed; the engine tries again.

        """
        started, request_id, arn = self._clock.now(), str(uuid4()), input.durable_execution_arn
        self._under_way[arn] = request_id
        try:
            outcome = self._run(function_name, input.to_json_dict(), request_id)
        finally:
            del self._under_way[arn]
        if isinstance(outcome, Answer):
            return InvokeResponse.from_payload(outcome.payload, outcome.request_id)
        self._failures[arn] = FailedInvocation(started, self._clock.now(), request_id, outcome)
        raise HandlerFailedError(f"{outcome.type}: {outcome.message}")

    def _run(self, name: str, event: Any, request_id: str) -> Answer | ErrorObject:
        """What the handler returned, or what it failed with."""
        body = json.dumps(event).encode()
        try:
            answer = self._environments.run(name, body, LONGEST_INVOCATION_SECONDS + 30, request_id)
        except NotFoundError as error:
            raise ResourceNotFoundException(str(error)) from error
        except (UnreachableError, ApiError) as error:
            return ErrorObject.from_message(str(error))
        return answer.error() if answer.failed else answer
