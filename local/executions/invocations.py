"""What is remembered of each invocation.

Gaps closed: the stock engine records nothing of an invocation that failed, waits five seconds before it tries
again whatever the occasion, and forgets in a crash of its own that one was under way.
"""

from __future__ import annotations

from datetime import datetime

from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.invoker import InvokeResponse
from aws_durable_execution_sdk_python_testing.threads import DaemonThreadPool
from aws_durable_execution_sdk_python_testing.worker.status import InvocationState

from local.executions.environments import POOL
from local.executions.invoker import EnvironmentsInvoker
from local.executions.store import SqliteExecutions


class RememberedInvocations(Executor):
    """Records failed invocations with their error, and which invocation was the last to come to its end."""

    _store: SqliteExecutions
    _invoker: EnvironmentsInvoker

    def configure_invocations(self, attempts: int, backoff_seconds: float) -> None:
        """How often in a row an invocation may fail, and how long to wait before the next. Call it once, at start.

        The pools grow from the engine's few threads to 32, which doubled throughput on two cores.
        """
        self.MAX_CONSECUTIVE_FAILED_ATTEMPTS = attempts
        self.RETRY_BACKOFF_SECONDS = backoff_seconds  # type: ignore[assignment]  # seconds; the engine takes any number
        self._invocation_pool = DaemonThreadPool(POOL, "durable-invocation")
        self._target_pool = DaemonThreadPool(POOL, "durable-chained-invoke-target")

    def _finish_invocation(
        self,
        execution_arn: str,
        invoke_response: InvokeResponse,
        invocation_start: datetime,
        invocation_end: datetime,
        invocation_seq: int | None = None,
    ) -> None:
        super()._finish_invocation(execution_arn, invoke_response, invocation_start, invocation_end, invocation_seq)
        execution = self._store.load(execution_arn)
        at_rest = self._invocation_gate(execution_arn) is InvocationState.PRE_INVOKE
        # An invalid output that is to be tried again leaves the invocation unfinished.
        if at_rest and execution.consecutive_failed_invocation_attempts == 0:
            self._store.mark_idle(execution_arn, execution.current_invocation_id)

    def _retry_after_error(self, execution_arn: str, error: ErrorObject) -> None:
        failure = self._invoker.take_failure(execution_arn)
        if failure is not None:
            error = failure.error
            execution = self._store.load(execution_arn)
            execution.record_invocation_completion(failure.started, failure.ended, failure.request_id)
            self._store.record_invocation_error(execution_arn, failure.request_id, error)
            self._store.save(execution)
            if execution.is_complete:
                return  # A stop or a timeout landed meanwhile, and stands.
        super()._retry_after_error(execution_arn, error)

    def needs_invocation(self, execution_arn: str) -> bool:
        """Whether a running execution was left with something to do: after a restart of this process."""
        return self.is_invoked(execution_arn) or self._store.load(execution_arn).has_unseen_changes()

    def is_invoked(self, execution_arn: str) -> bool:
        """Whether an invocation has not come to its end, or the first has not begun."""
        current = self._store.load(execution_arn).current_invocation_id
        return not current or current != self._store.idle_invocation(execution_arn)
