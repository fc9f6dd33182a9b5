"""Jumping to the next timer: the stack's clock is put forward, and every execution's timers follow it.

    GET  /local/time                     -> {"now", "offsetSeconds", "nextTimer": TIMER or null}
    POST /local/time/jump {"orderId"?}   -> {"from", "to", "offsetSeconds", "due": [TIMER, ...]}

    TIMER {"at", "orderId", "kind", "operation" or null}; times are ISO 8601, by the stack's clock. A kind is
    callback-timeout, heartbeat-timeout, wait, retry or execution-timeout.

With an order's id the jump goes to that order's next timer, without to the next of all; everything that is due by
then fires, whosever it is. A workflow that is just running is given a moment to come to its next timer; the timeout of
a whole execution is jumped to only when there is nothing else. 409 {"message"} when nothing waits for time.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import OperationStatus, OperationType
from aws_durable_execution_sdk_python_testing.worker.checkpoint_tasks import CallableTask

from local.clock import StackClock
from local.executions.arns import ExecutionArn
from local.executions.invocations import RememberedInvocations
from local.executions.timers import DurableTimers, Timer
from local.faults import order_of

_LONGEST_MOMENT = 3.0


class NothingWaitsError(Exception):
    """There is no timer to jump to."""


class TimeJumps(RememberedInvocations, DurableTimers):
    """Puts the clock forward for everybody."""

    _clock: StackClock

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._jumping = threading.Lock()

    def time_described(self) -> dict[str, Any]:
        """What the clock says, and what it would jump to."""
        now, timers = self._clock.now(), self._all_timers()
        soonest = min(timers, key=_order_of_jumps, default=None)
        return {
            "now": _written(now),
            "offsetSeconds": self._clock.offset,
            "nextTimer": soonest and _described(soonest),
        }

    def jump(self, order_id: str | None) -> dict[str, Any]:
        """Jump to the next timer, of an order or of all; raises NothingWaitsError."""
        with self._jumping:
            self._come_to_rest(order_id)
            before, timers = self._clock.now(), self._all_timers()
            wanted = [timer for timer in timers if order_id in {None, order_of(timer.execution)}]
            if not wanted:
                raise NothingWaitsError("No timer is running" if order_id is None else f"{order_id} waits for no timer")
            self._clock.jump(min(wanted, key=_order_of_jumps).at)
            after = self._clock.now()
            due = sorted((timer for timer in timers if timer.at <= after), key=_moment)
            self.rearm_all()
        return {
            "from": _written(before),
            "to": _written(after),
            "offsetSeconds": self._clock.offset,
            "due": [_described(timer) for timer in due],
        }

    def rearm_all(self) -> None:
        """Arm every execution's timers by the clock as it is now; what is overdue fires at once."""
        for arn in self._store.running():
            self._registry.submit(arn, CallableTask(partial(self.rearm_timers, arn)))

    def _come_to_rest(self, order_id: str | None) -> None:
        """Wait a moment for executions that are on their way to their next timer."""
        deadline = time.monotonic() + _LONGEST_MOMENT
        while time.monotonic() < deadline and any(map(self._is_busy, self._executions_of(order_id))):
            time.sleep(0.02)

    def _executions_of(self, order_id: str | None) -> list[str]:
        return [arn for arn in self._store.running() if order_id in {None, order_of(ExecutionArn.parse(arn).name)}]

    def _is_busy(self, arn: str) -> bool:
        """Whether a handler runs or is about to, or another function runs for it."""
        execution = self._store.load(arn)
        chained = any(
            operation.operation_type is OperationType.CHAINED_INVOKE and operation.status is OperationStatus.STARTED
            for operation in list(execution.operations)
        )
        waits = any(timer.kind != "execution-timeout" for timer in self.open_timers(arn))
        return chained or self.is_invoked(arn) or (not waits and execution.has_unseen_changes())

    def _all_timers(self) -> list[Timer]:
        return [timer for arn in self._store.running() for timer in self.open_timers(arn)]


def _order_of_jumps(timer: Timer) -> tuple[bool, datetime]:
    return timer.kind == "execution-timeout", timer.at


def _moment(timer: Timer) -> datetime:
    return timer.at


def _described(timer: Timer) -> dict[str, str | None]:
    return {
        "at": _written(timer.at),
        "orderId": order_of(timer.execution),
        "kind": timer.kind,
        "operation": timer.operation,
    }


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
