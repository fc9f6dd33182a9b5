"""Timers that survive a restart.

Gaps closed: the stock engine arms its timers when it is told of an operation and never again, so after its own
restart a waiting execution hangs for ever; and its execution timeout overwrites the result of an execution that
ended at the same moment. All deadlines can be rebuilt from what is stored, and an overdue one fires at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aws_durable_execution_sdk_python.lambda_service import (
    ErrorObject,
    Operation,
    OperationAction,
    OperationStatus,
    OperationType,
    OperationUpdate,
)
from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.executor import Executor

from local.executions.store import SqliteExecutions


class DurableTimers(Executor):
    """Deadlines counted from stored moments instead of from the call that arms them."""

    _store: SqliteExecutions

    def rearm_timers(self, execution_arn: str) -> None:
        """Arm the execution's timeout, its callbacks' timeouts and heartbeats, its waits and its retries."""
        execution = self._store.load(execution_arn)
        self._arm_execution_timeout(execution)
        starts = start_updates(execution)
        for operation in execution.operations:
            is_open = operation.status is OperationStatus.STARTED
            if operation.operation_type is OperationType.CALLBACK and is_open:
                self._rearm_callback(execution_arn, operation, starts[operation.operation_id])
        self._schedule_earliest_pending(execution_arn)

    def _launch_execution(self, execution: Execution, timeout_seconds: int) -> None:  # noqa: ARG002 - stored
        # The stock method also makes a completion event that is never released; `waiting` does without.
        self._arm_execution_timeout(execution)
        self._invoke_execution(execution.durable_execution_arn)

    def _arm_execution_timeout(self, execution: Execution) -> None:
        arn, seconds = execution.durable_execution_arn, execution.start_input.execution_timeout_seconds
        started = execution.get_operation_execution_started().start_timestamp or self._clock.now()
        error = ErrorObject.from_message(f"Execution timed out after {seconds} seconds.")
        self._execution_timeouts[arn] = self._scheduler.call_later(
            lambda: self.on_timed_out(arn, error),
            delay=self._clock.arm(started + timedelta(seconds=seconds)),
        )

    def _apply_timeout(self, execution_arn: str, error: ErrorObject) -> None:
        if not self._store.load(execution_arn).is_complete:
            super()._apply_timeout(execution_arn, error)

    def _rearm_callback(self, arn: str, operation: Operation, update: OperationUpdate) -> None:
        options, details = update.callback_options, operation.callback_details
        if options is None or details is None or details.callback_id is None:
            return
        callback_id, started = details.callback_id, operation.start_timestamp or self._clock.now()
        if options.timeout_seconds > 0:
            self._callback_timeouts[callback_id] = self._scheduler.call_later(
                lambda: self._on_callback_timeout(arn, callback_id),
                delay=self._remaining(started, options.timeout_seconds),
            )
        if options.heartbeat_timeout_seconds > 0:
            last = self._store.last_heartbeat(arn, operation.operation_id) or started
            self._callback_heartbeats[callback_id] = self._scheduler.call_later(
                lambda: self._on_callback_heartbeat_timeout(arn, callback_id),
                delay=self._remaining(last, options.heartbeat_timeout_seconds),
            )

    def _remaining(self, since: datetime, seconds: int) -> float:
        return self._clock.arm(since + timedelta(seconds=seconds))


def start_updates(execution: Execution) -> dict[str, OperationUpdate]:
    """The update that started each operation, by operation id: it holds the options, which the operation does not."""
    return {update.operation_id: update for update in execution.updates if update.action is OperationAction.START}
