"""The testing SDK's engine with its gaps closed, one class per gap, and its revival after a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.worker.checkpoint_tasks import CallableTask

from local.executions.breaking import Breakable
from local.executions.callbacks import CallbackContract
from local.executions.chained import DurableChains
from local.executions.history import DescribedHistory
from local.executions.identity import AwsShapedArns
from local.executions.invocations import RememberedInvocations
from local.executions.jumps import TimeJumps
from local.executions.limits import Limited
from local.executions.store import SqliteExecutions
from local.executions.timers import DurableTimers
from local.executions.waiting import Waiters

T = TypeVar("T")
SHORTEST_RETENTION = timedelta(days=1)


class Engine(
    Breakable,
    AwsShapedArns,
    TimeJumps,
    RememberedInvocations,
    CallbackContract,
    DurableTimers,
    DurableChains,
    DescribedHistory,
    Limited,
    Waiters,
    Executor,
):
    """The engine of the local durable service. Each base closes the gap its module describes."""

    _store: SqliteExecutions

    def revive(self) -> int:
        """Take up every running execution where the last process left it; how many there are.

        Timers are armed for what is left of them, overdue ones fire at once, and an execution that was being
        invoked, or has changes its handler has not seen, is invoked again: replay makes that safe.
        """
        running = self._store.running()
        for arn in running:
            self.rearm_timers(arn)
            self.resume_chained_invokes(arn)
            if self.needs_invocation(arn):
                self._invoke_execution(arn)
        return len(running)

    def undisturbed(self, execution_arn: str, read: Callable[[], T]) -> T:
        """What `read` returns, run where the execution's changes run: it sees no half of one."""
        return self._registry.submit(execution_arn, CallableTask(read)).result()

    def forget_expired(self) -> None:
        """Delete closed executions whose retention is over."""
        for arn in self._store.closed_before(self._clock.now() - SHORTEST_RETENTION):
            if self.retention_is_over(arn):
                self._store.forget(arn)

    def retention_is_over(self, execution_arn: str) -> bool:
        """Whether a closed execution has been kept as long as its function's configuration asks."""
        execution = self._store.load(execution_arn)
        ended = execution.get_operation_execution_started().end_timestamp
        days = execution.start_input.execution_retention_period_days
        return execution.is_complete and ended is not None and ended + timedelta(days=days) < self._clock.now()
