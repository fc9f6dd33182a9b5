"""Timers that survive a restart, and that follow the stack's clock when it jumps.

Gaps closed: the stock engine arms its timers when it is told of an operation and never again, so after its own
restart a waiting execution hangs for ever; its execution timeout overwrites the result of an execution that ended at
the same moment; and it skips waits and retries at most, never the timeout of a callback, a heartbeat or an execution.
All deadlines can be rebuilt from what is stored, and an overdue one fires at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

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

Kind = Literal["execution-timeout", "callback-timeout", "heartbeat-timeout", "wait", "retry"]


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that will happen to an execution by the mere passing of time."""

    at: datetime
    execution: str
    kind: Kind
    operation: str | None = None
    callback_id: str = ""


class DurableTimers(Executor):
    """Deadlines counted from stored moments instead of from the call that arms them."""

    _store: SqliteExecutions

    def rearm_timers(self, execution_arn: str) -> None:
        """Arm the execution's timers anew by the clock as it is; those that were armed before no longer count."""
        for timer in self.open_timers(execution_arn):
            self._arm(execution_arn, timer)
        self._schedule_earliest_pending(execution_arn)

    def open_timers(self, execution_arn: str) -> list[Timer]:
        """Everything that time will bring to a running execution; nothing for one that has ended."""
        execution = self._store.load(execution_arn)
        if execution.is_complete:
            return []
        timers = [self._execution_timer(execution)]
        starts = start_updates(execution)
        for operation in list(execution.operations):
            timers.extend(self._timers_of(execution, operation, starts))
        return timers

    def _launch_execution(self, execution: Execution, timeout_seconds: int) -> None:  # noqa: ARG002 - stored
        # The stock method also makes a completion event that is never released; `waiting` does without.
        self._arm(execution.durable_execution_arn, self._execution_timer(execution))
        self._invoke_execution(execution.durable_execution_arn)

    def _execution_timer(self, execution: Execution) -> Timer:
        started = execution.get_operation_execution_started().start_timestamp or self._clock.now()
        at = started + timedelta(seconds=execution.start_input.execution_timeout_seconds)
        return Timer(at, execution.start_input.execution_name, "execution-timeout")

    def _timers_of(
        self, execution: Execution, operation: Operation, starts: dict[str, OperationUpdate]
    ) -> Iterator[Timer]:
        name, kind = execution.start_input.execution_name, operation.operation_type
        is_open = operation.status is OperationStatus.STARTED
        wait, step = operation.wait_details, operation.step_details
        if kind is OperationType.CALLBACK and is_open:
            yield from self._callback_timers(execution, operation, starts[operation.operation_id])
        elif kind is OperationType.WAIT and is_open and wait and wait.scheduled_end_timestamp:
            yield Timer(wait.scheduled_end_timestamp, name, "wait", operation.name)
        elif operation.status is OperationStatus.PENDING and step and step.next_attempt_timestamp:
            yield Timer(step.next_attempt_timestamp, name, "retry", operation.name)

    def _callback_timers(self, execution: Execution, operation: Operation, update: OperationUpdate) -> Iterator[Timer]:
        options, details = update.callback_options, operation.callback_details
        if options is None or details is None or details.callback_id is None:
            return
        name, callback_id = execution.start_input.execution_name, details.callback_id
        started = operation.start_timestamp or self._clock.now()
        if options.timeout_seconds > 0:
            at = started + timedelta(seconds=options.timeout_seconds)
            yield Timer(at, name, "callback-timeout", operation.name, callback_id)
        if options.heartbeat_timeout_seconds > 0:
            last = self._store.last_heartbeat(execution.durable_execution_arn, operation.operation_id) or started
            at = last + timedelta(seconds=options.heartbeat_timeout_seconds)
            yield Timer(at, name, "heartbeat-timeout", operation.name, callback_id)

    def _arm(self, arn: str, timer: Timer) -> None:
        """Have the engine called when a timer is due; it keeps waits and retries itself."""
        if timer.kind == "execution-timeout":
            seconds = self._store.load(arn).start_input.execution_timeout_seconds
            error = ErrorObject.from_message(f"Execution timed out after {seconds} seconds.")
            self._replace(self._execution_timeouts, arn, timer, partial(self.on_timed_out, arn, error))
        elif timer.kind == "callback-timeout":
            fire = partial(self._on_callback_timeout, arn, timer.callback_id)
            self._replace(self._callback_timeouts, timer.callback_id, timer, fire)
        elif timer.kind == "heartbeat-timeout":
            fire = partial(self._on_callback_heartbeat_timeout, arn, timer.callback_id)
            self._replace(self._callback_heartbeats, timer.callback_id, timer, fire)

    def _replace(self, armed: dict[str, Future[Any]], key: str, timer: Timer, fire: Callable[[], None]) -> None:
        before = armed.pop(key, None)
        armed[key] = self._scheduler.call_later(fire, delay=self._clock.arm(timer.at))
        if before is not None:
            before.cancel()

    def _apply_timeout(self, execution_arn: str, error: ErrorObject) -> None:
        if not self._store.load(execution_arn).is_complete:
            super()._apply_timeout(execution_arn, error)


def start_updates(execution: Execution) -> dict[str, OperationUpdate]:
    """The update that started each operation, by operation id: it holds the options, which the operation does not."""
    updates = list(execution.updates)
    return {update.operation_id: update for update in updates if update.action is OperationAction.START}
