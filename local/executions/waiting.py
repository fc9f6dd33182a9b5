"""Waiting for the end of an execution: what a synchronous Invoke does.

Gap closed: the stock engine's waiting works only in the process that started the execution. Here whoever asks
waits, before or after a restart, and a second caller of the same name attaches to the same end.
"""

from __future__ import annotations

import threading
from typing import Any

from aws_durable_execution_sdk_python_testing.executor import Executor

from local.executions.store import SqliteExecutions


class Waiters(Executor):
    """Wakes everyone who waits for an execution when it closes."""

    _store: SqliteExecutions

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._closings = threading.Condition()

    def wait_closed(self, execution_arn: str, seconds: float) -> bool:
        """Wait until the execution has ended, whatever its outcome; False when `seconds` were not enough."""
        with self._closings:
            return self._closings.wait_for(lambda: self._store.load(execution_arn).is_complete, seconds)

    def _complete_events(self, execution_arn: str) -> None:
        super()._complete_events(execution_arn)
        with self._closings:
            self._closings.notify_all()
