"""Things to hand over at least once: status-change events, and invocations nobody waits for.

Gap closed: the stock engine emits no events. On AWS every change of an execution's status is an EventBridge event
(documentation: "Monitoring durable functions"), delivered at least once; an asynchronous Invoke is queued by Lambda
and tried twice more when it fails. Both are rows here until they were taken, so they survive the end of the process.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.threads import DaemonThreadPool

from local.executions.database import Database
from local.executions.environments import Environments, UnreachableError
from local.executions.errors import ApiError
from local.faults import Faults

logger = logging.getLogger(__name__)

_WORKERS = 4
_IDLE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_INVOKE_ATTEMPTS = 3
_INVOKE_PAUSE_SECONDS = 2.0  # Lambda waits a minute, then two; nobody does in front of a laptop.
_INSERT = "INSERT INTO deliveries (kind, target, body) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class _Delivery:
    number: int
    kind: str
    target: str
    body: bytes
    attempts: int


class Deliveries:
    """The queue and its threads. `seconds` bound each asynchronous invocation."""

    def __init__(self, database: Database, environments: Environments, faults: Faults, seconds: float = 930.0) -> None:
        self._database = database
        self._environments = environments
        self._faults = faults
        self._seconds = seconds
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._busy: set[int] = set()
        self._pool = DaemonThreadPool(_WORKERS, "delivery")
        self._thread = threading.Thread(target=self._loop, name="deliveries", daemon=True)

    def start(self) -> None:
        """Begin to hand over, with what an earlier process left behind."""
        self._thread.start()

    def stop(self) -> None:
        """Stop handing over; what is left stays queued."""
        self._stopping.set()
        self._wake.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._thread.join(timeout=_IDLE_SECONDS)

    def status_changed(self, connection: sqlite3.Connection, execution: Execution) -> None:
        """Queue the event of an execution's new status, inside the transaction that records the status."""
        connection.execute(_INSERT, ("event", "", json.dumps(status_event(execution)).encode()))
        self._wake.set()

    def invoke_later(self, function: str, payload: bytes) -> None:
        """Queue one asynchronous invocation."""
        self._database.write(_INSERT, ("invoke", function, payload))
        self._wake.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._pause())
            self._wake.clear()
            for delivery in self._due():
                self._busy.add(delivery.number)
                self._pool.submit(self._hand_over, delivery)

    def _pause(self) -> float:
        """Seconds until something may be due."""
        ((due,),) = self._database.rows("SELECT min(due) FROM deliveries WHERE due > ?", (time.time(),))
        return min(_IDLE_SECONDS, max(0.0, due - time.time())) if due is not None else _IDLE_SECONDS

    def _due(self) -> list[_Delivery]:
        now = time.time()
        rows = self._database.rows(
            "SELECT number, kind, target, body, attempts FROM deliveries WHERE due NOT BETWEEN ? AND ?"
            " ORDER BY number LIMIT 100",
            (now, now + _LONGEST_PAUSE_SECONDS),  # what is due later was postponed before the clock was set back
        )
        return [_Delivery(*row) for row in rows if row[0] not in self._busy]

    def _hand_over(self, delivery: _Delivery) -> None:
        try:
            done = self._event(delivery) if delivery.kind == "event" else self._invoke(delivery)
            if done:
                self._database.write("DELETE FROM deliveries WHERE number = ?", (delivery.number,))
            else:
                self._postpone(delivery)
        except Exception:
            logger.exception("delivery %s failed", delivery.number)
            self._postpone(delivery)
        finally:
            self._busy.discard(delivery.number)
            self._wake.set()

    def _postpone(self, delivery: _Delivery) -> None:
        pause = min(_LONGEST_PAUSE_SECONDS, 0.2 * 2 ** min(delivery.attempts, 10))
        if delivery.kind == "invoke":
            pause = _INVOKE_PAUSE_SECONDS
        self._database.write(
            "UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE number = ?",
            (time.time() + pause, delivery.number),
        )

    def _event(self, delivery: _Delivery) -> bool:
        event = json.loads(delivery.body)
        if self._faults.duplicates(event["detail"]["durableExecutionName"], event["detail"]["status"]):
            self._environments.publish(event)
        return self._environments.publish(event)

    def _invoke(self, delivery: _Delivery) -> bool:
        """Run the function; done when it succeeded, or failed for the last time."""
        try:
            answer = self._environments.run(delivery.target, delivery.body, self._seconds)
        except (UnreachableError, ApiError) as error:
            failure: object = error
        else:
            if not answer.failed:
                return True
            failure = answer.error()
        last = delivery.attempts + 1 >= _INVOKE_ATTEMPTS
        if last:
            logger.error("gave up invoking %s after %s attempts: %s", delivery.target, _INVOKE_ATTEMPTS, failure)
        return last


def status_event(execution: Execution) -> dict[str, Any]:
    """The EventBridge event of the execution's status as it is now. It holds no input, output or error."""
    operation = execution.get_operation_execution_started()
    detail = {
        "durableExecutionArn": execution.durable_execution_arn,
        "durableExecutionName": execution.start_input.execution_name,
        "functionArn": execution.function_arn(execution.region or ""),
        "status": execution.current_status().value,
        "startTimestamp": _rfc3339(operation.start_timestamp),
    }
    if execution.is_complete:
        detail["endTimestamp"] = _rfc3339(operation.end_timestamp)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Durable Execution Status Change",
        "source": "aws.lambda",
        "account": execution.start_input.account_id,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": execution.region or "",
        "resources": [],
        "detail": detail,
    }


def _rfc3339(at: datetime | None) -> str:
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
