"""Chained invokes: what `context.invoke` reaches.

Gap closed: the stock engine invokes a target through a boto3 client at the handlers' endpoint, resolves no aliases,
and loses the invoke when it is restarted. A plain function runs once in an environment; a durable one becomes a child
execution whose name follows from the operation, so that a repeated start after a crash finds the first.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from aws_durable_execution_sdk_python.lambda_service import (
    ErrorObject,
    Operation,
    OperationStatus,
    OperationType,
    OperationUpdate,
)
from aws_durable_execution_sdk_python_testing.child_dispatcher import (
    ChainedInvokeRequest,
    ChildOutcome,
    DispatchResult,
    FunctionTarget,
    RunInvocation,
    StartChild,
    failed_to_start,
    result_outcome,
)
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import StartDurableExecutionInput

from local.executions.environments import Environments, UnreachableError
from local.executions.errors import ApiError, InvalidParameterError
from local.executions.functions import Functions, Target
from local.executions.invoker import LONGEST_INVOCATION_SECONDS
from local.executions.store import SqliteExecutions
from local.executions.timers import start_updates


class Dispatcher:
    """Resolves a chained invoke's target among the stack's functions and says how to reach it."""

    def __init__(self, functions: Functions, environments: Environments, store: SqliteExecutions) -> None:
        self._functions = functions
        self._store = store
        self._environments = environments

    def preflight(self, target: FunctionTarget) -> ChildOutcome | None:
        """The error of a target that cannot be invoked, known before anything is dispatched."""
        try:
            self._resolve(target.name, target.qualifier)
        except ApiError as error:
            return _refused(error)
        return None

    def dispatch(self, request: ChainedInvokeRequest) -> DispatchResult:
        """How the invoke will complete."""
        try:
            target = self._resolve(request.function_name, request.qualifier)
        except ApiError as error:
            return failed_to_start(str(error), error.code)
        self._store.record_executed_version(request.parent_execution_arn, request.operation_id, target.version)
        if target.function.durable is not None:
            return StartChild(_child(request, target))
        return RunInvocation(self._run_once(target.function.name, request.payload or "{}"))

    def _resolve(self, name: str, qualifier: str | None) -> Target:
        target = self._functions.resolve(name, qualifier)
        if target.function.durable is not None and target.qualifier is None:
            raise InvalidParameterError(f"{name} is durable: invoke it by version, alias or $LATEST")
        return target

    def _run_once(self, function: str, payload: str) -> Callable[[], ChildOutcome]:
        def run() -> ChildOutcome:
            try:
                answer = self._environments.run(function, payload.encode(), LONGEST_INVOCATION_SECONDS + 30)
            except UnreachableError as error:
                return ChildOutcome(error=ErrorObject.from_message(str(error)))
            except ApiError as error:
                return _refused(error)
            if answer.failed:
                return ChildOutcome(error=answer.error())
            return result_outcome(answer.payload.decode("utf-8", "replace") or None)

        return run


class DurableChains(Executor):
    """Takes chained invokes up again that were under way when the process ended."""

    _store: SqliteExecutions

    def resume_chained_invokes(self, execution_arn: str) -> None:
        """Dispatch once more what has no outcome yet; a plain target may so run twice, as Lambda's may."""
        execution = self._store.load(execution_arn)
        starts = start_updates(execution)
        for operation in list(execution.operations):
            if operation.operation_type is OperationType.CHAINED_INVOKE:
                self._resume(execution_arn, operation, starts[operation.operation_id])

    def _resume(self, arn: str, operation: Operation, update: OperationUpdate) -> None:
        options = update.chained_invoke_options
        if operation.status is not OperationStatus.STARTED or options is None:
            return
        recorded = self._store.load(arn).chained_invoke_children.get(operation.operation_id)
        child = recorded or self._store.named(child_name(arn, operation.operation_id))
        if child is None:
            self.on_chained_invoke_started(
                arn, operation.operation_id, options.function_name, options.tenant_id, update.payload
            )
            return
        self._record_child_on_parent(arn, operation.operation_id, child)
        if self._store.load(child).is_complete:
            self._notify_parent_of_terminal_child(child)


def child_name(parent_arn: str, operation_id: str) -> str:
    """The name of the execution that an operation starts: the same at every attempt."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{parent_arn}/{operation_id}"))


def _child(request: ChainedInvokeRequest, target: Target) -> StartDurableExecutionInput:
    durable = target.function.durable
    if durable is None:
        raise InvalidParameterError(f"{target.function.name} is not a durable function")
    return StartDurableExecutionInput(
        account_id=request.account_id,
        function_name=target.function.name,
        function_qualifier=target.version,
        execution_name=child_name(request.parent_execution_arn, request.operation_id),
        execution_timeout_seconds=durable.execution_timeout,
        execution_retention_period_days=durable.retention_days,
        input=request.payload,
        trace_fields=request.trace_fields,
        tenant_id=request.tenant_id,
    )


def _refused(error: ApiError) -> ChildOutcome:
    return ChildOutcome(error=ErrorObject(message=str(error), type=error.code, data=None, stack_trace=None))
