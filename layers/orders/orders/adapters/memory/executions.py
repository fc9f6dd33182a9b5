"""Durable executions that only record the calls made to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from orders.domain.errors import NoHistoryError
from orders.domain.executions import recovery_name
from orders.domain.model import DocumentRef, OrderId

ARN = "arn:aws:lambda:us-east-1:123456789012:function:countersign-OrderWorkflow:1/durable-execution/{0}/{0}"


class MemoryStarter:
    """Records the executions that were started, one of each name."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._started: dict[OrderId, DocumentRef] = {}
        self._stopped: dict[str, str] = {}

    def start(self, order_id: OrderId, ref: DocumentRef) -> str:
        """Start, or find, the order's one execution and return its ARN."""
        with self._lock:
            self._started.setdefault(order_id, ref)
        return ARN.format(order_id)

    def start_recovery(self, order_id: OrderId, ref: DocumentRef, number: int, *, awaited: bool = False) -> str:  # noqa: ARG002
        """Start, or find, the order's recovery of this number and return its ARN."""
        return self.start(OrderId(recovery_name(order_id, number)), ref)

    def stop(self, execution_arn: str, reason: str) -> None:
        """Record the stop and its reason."""
        with self._lock:
            self._stopped[execution_arn] = reason

    @property
    def stopped(self) -> Mapping[str, str]:
        """The reason of each stop, by execution ARN."""
        with self._lock:
            return dict(self._stopped)

    @property
    def started(self) -> Mapping[OrderId, DocumentRef]:
        """The document of each started execution, by name."""
        with self._lock:
            return dict(self._started)


class MemorySignaller:
    """Records signals. A callback can be completed once; `close` closes one without completing it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._signals: list[str] = []
        self._woken: list[str] = []
        self._closed: set[str] = set()
        self._beats: list[str] = []

    def wake(self, callback_id: str) -> bool:
        """Complete the callback; return False when it was closed."""
        with self._lock:
            self._signals.append(callback_id)
            if callback_id in self._closed:
                return False
            self._closed.add(callback_id)
            self._woken.append(callback_id)
            return True

    def keep_alive(self, callback_id: str) -> bool:
        """Record a heartbeat; return False for a closed callback."""
        with self._lock:
            self._beats.append(callback_id)
            return callback_id not in self._closed

    @property
    def beats(self) -> tuple[str, ...]:
        """The callbacks that received a heartbeat, in order."""
        with self._lock:
            return tuple(self._beats)

    def close(self, callback_id: str) -> None:
        """Close the callback, as a timeout does."""
        with self._lock:
            self._closed.add(callback_id)

    @property
    def signals(self) -> tuple[str, ...]:
        """The callback of every call of `wake`, in their order: a callback that was signalled twice is there twice."""
        with self._lock:
            return tuple(self._signals)

    @property
    def woken(self) -> tuple[str, ...]:
        """The callbacks that were completed, in their order."""
        with self._lock:
            return tuple(self._woken)


class MemoryHistory:
    """Histories that a test has set, by execution ARN."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._histories: dict[str, tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]] = {}

    def tell(self, execution_arn: str, description: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
        """Set the history of an execution."""
        with self._lock:
            self._histories[execution_arn] = (description, events)

    def events(self, execution_arn: str, *, payloads: bool) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """Return the events that were set."""
        return self._found(execution_arn)[1]

    def describe(self, execution_arn: str) -> Mapping[str, Any]:
        """Return the description that was set."""
        return self._found(execution_arn)[0]

    def _found(self, execution_arn: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
        with self._lock:
            found = self._histories.get(execution_arn)
        if found is None:
            raise NoHistoryError("This execution has no history.")
        return found
