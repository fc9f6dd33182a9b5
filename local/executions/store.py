"""Executions in sqlite, written piece by piece.

Gaps closed: the stock sqlite store reads, parses and rewrites a whole execution for every change, rounds times to
milliseconds, and has no unique names. Here a running execution stays in memory, a save writes the operations and
updates that changed since the last one, and a change of status is queued for the event bus in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import ErrorObject, Operation
from aws_durable_execution_sdk_python_testing.exceptions import ResourceNotFoundException
from aws_durable_execution_sdk_python_testing.execution import Execution, ExecutionStatus
from aws_durable_execution_sdk_python_testing.stores.base import BaseExecutionStore

from local.executions.database import PARTS_OF_AN_EXECUTION, Database

_CLOSED_KEPT_IN_MEMORY = 128

StatusListener = Callable[[sqlite3.Connection, Execution], None]


@dataclass(frozen=True, slots=True)
class Started:
    """What is known of an execution by its name."""

    arn: str
    input_digest: str


@dataclass(slots=True)
class _Kept:
    """An execution in memory, and how much of it is on disk already.

    Operations are immutable: one that is the same object as at the last save has not changed.
    """

    execution: Execution
    row: int
    status: ExecutionStatus | None = None
    operations: list[Operation] = field(default_factory=list)
    updates: int = 0
    invocations: int = 0


def digest(payload: str | None) -> str:
    """What two inputs are compared by."""
    return hashlib.sha256((payload or "").encode()).hexdigest()


class SqliteExecutions(BaseExecutionStore):
    """The engine's store. `on_status` is called inside the transaction of every change of status."""

    def __init__(self, database: Database, on_status: StatusListener) -> None:
        self._database = database
        self._on_status = on_status
        self._lock = threading.RLock()
        self._kept: dict[str, _Kept] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()

    # What the engine asks of a store.

    def save(self, execution: Execution) -> None:
        """Write what changed since the last save of the same execution."""
        with self._lock:
            kept = self._kept.get(execution.durable_execution_arn)
            with self._database.transaction() as connection:
                if kept is None or kept.execution is not execution:
                    kept = _Kept(execution, _insert_or_clear(connection, execution))
                kept = self._write(connection, kept)
            self._keep(kept)

    def update(self, execution: Execution) -> None:
        """The same as `save`."""
        self.save(execution)

    def load(self, execution_arn: str) -> Execution:
        """The execution; the same object for every caller while it is in memory.

        Raises:
            ResourceNotFoundException: there is none with this ARN.

        """
        with self._lock:
            kept = self._kept.get(execution_arn)
            if kept is None:
                kept = self._read(execution_arn)
                self._keep(kept)
            return kept.execution

    def list_all(self) -> list[Execution]:
        """Every execution. Loads them all: for tests and tools."""
        return [self.load(arn) for (arn,) in self._database.rows("SELECT arn FROM executions ORDER BY row")]

    # What the gaps need beyond it.

    def find(self, function: str, name: str) -> Started | None:
        """The execution of this name, running or closed."""
        rows = self._database.rows(
            "SELECT arn, input_digest FROM executions WHERE function = ? AND name = ?", (function, name)
        )
        return Started(*rows[0]) if rows else None

    def named(self, name: str) -> str | None:
        """The ARN of an execution of this name, whatever its function."""
        rows = self._database.rows("SELECT arn FROM executions WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def exists(self, arn: str) -> bool:
        """Whether there is an execution with this ARN."""
        return bool(self._database.rows("SELECT 1 FROM executions WHERE arn = ?", (arn,)))

    def running(self) -> list[str]:
        """The ARNs of all executions that have not ended, oldest first."""
        rows = self._database.rows("SELECT arn FROM executions WHERE status = 'RUNNING' ORDER BY row")
        return [arn for (arn,) in rows]

    def running_versions(self) -> list[tuple[str, str]]:
        """Every function and version of which an execution has not ended."""
        rows = self._database.rows("SELECT DISTINCT function, version FROM executions WHERE status = 'RUNNING'")
        return [(function, version) for function, version in rows]

    def closed_before(self, moment: datetime) -> list[str]:
        """The ARNs of executions that ended before `moment`."""
        rows = self._database.rows("SELECT arn FROM executions WHERE ended < ?", (moment.timestamp(),))
        return [arn for (arn,) in rows]

    def forget(self, arn: str) -> None:
        """Delete an execution and everything that belongs to it."""
        with self._lock, self._database.transaction() as connection:
            (row,) = connection.execute("SELECT row FROM executions WHERE arn = ?", (arn,)).fetchone()
            _clear(connection, row)
            connection.execute("DELETE FROM executions WHERE row = ?", (row,))
            self._kept.pop(arn, None)
            self._closed.pop(arn, None)

    def mark_idle(self, arn: str, invocation_id: str) -> None:
        """Remember that this invocation came to its end: the next start of the process need not repeat it."""
        self._database.write("UPDATE executions SET idle_invocation = ? WHERE arn = ?", (invocation_id, arn))

    def idle_invocation(self, arn: str) -> str:
        """The last invocation that came to its end; empty before the first one did."""
        rows = self._database.rows("SELECT idle_invocation FROM executions WHERE arn = ?", (arn,))
        return str(rows[0][0]) if rows else ""

    def record_heartbeat(self, arn: str, operation_id: str, at: datetime) -> None:
        """Remember the last heartbeat of a callback."""
        self._database.write(
            "INSERT OR REPLACE INTO heartbeats SELECT row, ?, ? FROM executions WHERE arn = ?",
            (operation_id, at.timestamp(), arn),
        )

    def last_heartbeat(self, arn: str, operation_id: str) -> datetime | None:
        """When the callback's last heartbeat came, if one did."""
        rows = self._database.rows(
            "SELECT at FROM heartbeats JOIN executions USING (row) WHERE arn = ? AND operation_id = ?",
            (arn, operation_id),
        )
        return _time(rows[0][0]) if rows else None

    def record_invocation_error(self, arn: str, request_id: str, error: ErrorObject) -> None:
        """Remember what a failed invocation failed with."""
        self._database.write(
            "INSERT OR REPLACE INTO invocation_errors SELECT row, ?, ? FROM executions WHERE arn = ?",
            (request_id, json.dumps(dict(error.to_dict())), arn),
        )

    def invocation_errors(self, arn: str) -> dict[str, dict[str, Any]]:
        """The errors of failed invocations, by request id."""
        rows = self._database.rows(
            "SELECT request_id, error FROM invocation_errors JOIN executions USING (row) WHERE arn = ?", (arn,)
        )
        return {request_id: json.loads(error) for request_id, error in rows}

    def record_executed_version(self, arn: str, operation_id: str, version: str) -> None:
        """Remember the version that a chained invoke's target resolved to; the first one stays."""
        self._database.write(
            "INSERT OR IGNORE INTO executed_versions SELECT row, ?, ? FROM executions WHERE arn = ?",
            (operation_id, version, arn),
        )

    def executed_versions(self, arn: str) -> dict[str, str]:
        """Return the versions that chained invokes resolved to, by operation id."""
        rows = self._database.rows(
            "SELECT operation_id, chosen.version FROM executed_versions AS chosen JOIN executions USING (row)"
            " WHERE arn = ?",
            (arn,),
        )
        return dict(rows)

    def _write(self, connection: sqlite3.Connection, kept: _Kept) -> _Kept:
        execution, row = kept.execution, kept.row
        operations, status = list(execution.operations), execution.current_status()
        _write_head(connection, row, execution, operations[0], status)
        _write_operations(connection, row, execution, operations, kept.operations)
        updates = _append_updates(connection, row, execution, kept.updates)
        invocations = _append_invocations(connection, row, execution, kept.invocations)
        if status is not kept.status:
            self._on_status(connection, execution)
        return _Kept(execution, row, status, operations, updates, invocations)

    def _keep(self, kept: _Kept) -> None:
        """Hold running executions in memory, and the most recently used closed ones."""
        arn = kept.execution.durable_execution_arn
        self._kept[arn] = kept
        if kept.execution.is_complete:
            self._closed[arn] = None
            self._closed.move_to_end(arn)
            if len(self._closed) > _CLOSED_KEPT_IN_MEMORY:
                oldest, _ = self._closed.popitem(last=False)
                del self._kept[oldest]

    def _read(self, arn: str) -> _Kept:
        rows = self._database.rows("SELECT row, start_input, head FROM executions WHERE arn = ?", (arn,))
        if not rows:
            raise ResourceNotFoundException("Durable Execution does not exist")
        row, start_input, head = rows[0]
        document = json.loads(head) | {"DurableExecutionArn": arn, "StartInput": json.loads(start_input)}
        execution = _restore(self._database, row, document)
        return _Kept(
            execution,
            row,
            execution.current_status(),
            list(execution.operations),
            len(execution.updates),
            len(execution.invocation_completions),
        )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe_time(seconds: float | None) -> datetime | None:
    return None if seconds is None else _time(seconds)


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _insert_or_clear(connection: sqlite3.Connection, execution: Execution) -> int:
    """The row of an execution that is to be written as a whole."""
    arn, start = execution.durable_execution_arn, execution.start_input
    known = connection.execute("SELECT row FROM executions WHERE arn = ?", (arn,)).fetchone()
    if known:
        _clear(connection, known[0])
        return int(known[0])
    cursor = connection.execute(
        "INSERT INTO executions (arn, function, version, name, status, started, input_digest, start_input, head)"
        " VALUES (?, ?, ?, ?, '', 0, ?, ?, '')",
        (
            arn,
            start.function_name,
            start.function_qualifier,
            start.execution_name,
            digest(start.input),
            json.dumps(start.to_dict()),
        ),
    )
    return int(cursor.lastrowid or 0)


def _clear(connection: sqlite3.Connection, row: int) -> None:
    for table in PARTS_OF_AN_EXECUTION:
        connection.execute(f"DELETE FROM {table} WHERE row = ?", (row,))  # noqa: S608 - names of our own tables


def _write_head(
    connection: sqlite3.Connection,
    row: int,
    execution: Execution,
    first: Operation,
    status: ExecutionStatus,
) -> None:
    connection.execute(
        "UPDATE executions SET status = ?, started = ?, ended = ?, head = ? WHERE row = ?",
        (
            status.value,
            _seconds(first.start_timestamp),
            _seconds(first.end_timestamp),
            json.dumps(_head(execution)),
            row,
        ),
    )


def _head(execution: Execution) -> dict[str, Any]:
    """What `Execution.to_json_dict` holds beside the parts that have tables of their own."""
    last = execution.last_checkpoint
    return {
        "UpdatedOperationIds": execution.updated_operation_ids,
        "TokenSequence": execution.token_sequence,
        "SeqCounter": execution.seq_counter,
        "HandlerSeenSeq": execution.handler_seen_seq,
        "ChainedInvokeChildren": execution.chained_invoke_children,
        "ParentExecutionArn": execution.parent_execution_arn,
        "Region": execution.region,
        "NeedsReinvoke": execution.needs_reinvoke,
        "LastCheckpoint": last.to_json_dict() if last else None,
        "IsComplete": execution.is_complete,
        "Result": execution.result.to_dict() if execution.result else None,
        "ConsecutiveFailedInvocationAttempts": execution.consecutive_failed_invocation_attempts,
        "CloseStatus": execution.close_status.value if execution.close_status else None,
        "CurrentInvocationId": execution.current_invocation_id,
        "PauseState": execution.pause_state.value,
    }


def _write_operations(
    connection: sqlite3.Connection,
    row: int,
    execution: Execution,
    now: list[Operation],
    before: list[Operation],
) -> None:
    touched, sizes = execution.operation_last_touched_seq, execution.operation_size_bytes
    for position, operation in enumerate(now):
        if position < len(before) and before[position] is operation:
            continue
        connection.execute(
            "INSERT OR REPLACE INTO operations VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                row,
                position,
                _seconds(operation.start_timestamp),
                _seconds(operation.end_timestamp),
                touched.get(operation.operation_id, 0),
                sizes.get(operation.operation_id, 0),
                json.dumps(dict(operation.to_json_dict())),
            ),
        )


def _append_updates(connection: sqlite3.Connection, row: int, execution: Execution, written: int) -> int:
    fresh = list(zip(execution.updates, execution.update_timestamps, strict=True))[written:]
    connection.executemany(
        "INSERT INTO updates VALUES (?, ?, ?, ?)",
        [
            (row, position, at.timestamp(), json.dumps(dict(update.to_dict())))
            for position, (update, at) in enumerate(fresh, written)
        ],
    )
    return written + len(fresh)


def _append_invocations(connection: sqlite3.Connection, row: int, execution: Execution, written: int) -> int:
    fresh = execution.invocation_completions[written:]
    connection.executemany(
        "INSERT INTO invocations VALUES (?, ?, ?, ?, ?)",
        [
            (row, position, span.start_timestamp.timestamp(), span.end_timestamp.timestamp(), span.request_id)
            for position, span in enumerate(fresh, written)
        ],
    )
    return written + len(fresh)


def _restore(database: Database, row: int, document: Mapping[str, Any]) -> Execution:
    """The execution from its head and the tables of its parts, with times exact to the microsecond."""

    def parts(sql: str) -> list[tuple[Any, ...]]:
        return database.rows(f"{sql} WHERE row = ? ORDER BY position", (row,))

    operations = parts("SELECT body, touched, bytes, started, ended FROM operations")
    updates = parts("SELECT body, at FROM updates")
    invocations = parts("SELECT started, ended, request_id FROM invocations")
    execution = Execution.from_json_dict(
        {
            **document,
            **_operation_parts(operations),
            "Updates": [json.loads(body) for body, _ in updates],
            "UpdateTimestamps": [_time(at).isoformat() for _, at in updates],
            "InvocationCompletions": [
                {"StartTimestamp": started * 1000, "EndTimestamp": ended * 1000, "RequestId": request_id}
                for started, ended, request_id in invocations
            ],
        }
    )
    execution.operations = [
        replace(operation, start_timestamp=_maybe_time(started), end_timestamp=_maybe_time(ended))
        for operation, (*_, started, ended) in zip(execution.operations, operations, strict=True)
    ]
    return execution


def _operation_parts(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The operations, and the two tables the engine keeps beside them, which leave out zeros."""
    bodies = [json.loads(body) for body, *_ in rows]
    numbers = [(body["Id"], touched, size) for body, (_, touched, size, *_) in zip(bodies, rows, strict=True)]
    return {
        "Operations": bodies,
        "OperationLastTouchedSeq": {name: touched for name, touched, _ in numbers if touched},
        "OperationSizeBytes": {name: size for name, _, size in numbers if size},
    }
