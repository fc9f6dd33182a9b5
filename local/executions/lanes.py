"""One lane for each execution, without a thread for each.

Gap closed: the stock lane is a thread that lives as long as its execution, so that a thousand waiting orders are a
thousand threads. Here a lane borrows a thread from a pool while it has something to do.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from aws_durable_execution_sdk_python_testing.scheduler import Scheduler
from aws_durable_execution_sdk_python_testing.stores.base import ExecutionStore
from aws_durable_execution_sdk_python_testing.worker.execution_worker import ExecutionWorker
from aws_durable_execution_sdk_python_testing.worker.lane import SerialTaskLane
from aws_durable_execution_sdk_python_testing.worker.registry import ExecutionRegistry

T = TypeVar("T")
# A lane may wait for another one, so there has to be a thread for every lane that is at work; the pool makes no more.
_MOST_THREADS = 10_000


class PooledLane(SerialTaskLane):
    """Runs what is submitted one after the other, in order, on threads of a pool."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._tasks: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._changed = threading.Condition()
        self._working = False
        self._stopped = False

    def submit(self, fn: Callable[[], T]) -> Future[T]:
        """Append a task; its future has what it returns or raises.

        Raises:
            RuntimeError: the lane was stopped.

        """
        future: Future[T] = Future()
        with self._changed:
            if self._stopped:
                raise RuntimeError("the lane is stopped")
            self._tasks.append((fn, future))  # type: ignore[arg-type]  # each future goes with its own function
            if not self._working:
                self._working = True
                self._pool.submit(self._work)
        return future

    def stop(self, *, wait: bool = True) -> None:
        """Take no more tasks; those that were submitted still run."""
        with self._changed:
            self._stopped = True
            if wait:
                self._changed.wait_for(lambda: not self._working)

    def is_running(self) -> bool:
        """Whether it takes or runs tasks."""
        return self._working or not self._stopped

    def _work(self) -> None:
        while (task := self._next()) is not None:
            function, future = task
            if future.set_running_or_notify_cancel():
                _settle(future, function)

    def _next(self) -> tuple[Callable[[], object], Future[object]] | None:
        with self._changed:
            if self._tasks:
                return self._tasks.popleft()
            self._working = False
            self._changed.notify_all()
            return None


class PooledLanes(ExecutionRegistry):
    """The stock registry, whose workers share threads."""

    def __init__(self, store: ExecutionStore, scheduler: Scheduler) -> None:
        super().__init__(store, scheduler)
        self._pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="lane")

    def get_or_create(self, execution_arn: str) -> ExecutionWorker:
        """The worker of an execution.

        Raises:
            RuntimeError: the registry was shut down.

        """
        with self._lock:
            if self._shut_down:
                raise RuntimeError("the registry is shut down")
            if execution_arn not in self._workers:
                lane = PooledLane(self._pool)
                self._workers[execution_arn] = ExecutionWorker(execution_arn, self._store, self._scheduler, self, lane)
            return self._workers[execution_arn]

    def shutdown(self) -> None:
        """Stop every lane; nothing waits for the tasks that are still running."""
        super().shutdown()
        self._pool.shutdown(wait=False)


def _settle(future: Future[object], function: Callable[[], object]) -> None:
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
        future.set_exception(error)
    else:
        future.set_result(result)
