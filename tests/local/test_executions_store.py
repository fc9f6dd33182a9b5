"""The pieces behind the API: what is stored, what is limited, what must be looked at when the engine's pin moves."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python.lambda_service import (
    ErrorObject,
    ExecutionDetails,
    Operation,
    OperationAction,
    OperationStatus,
    OperationType,
    OperationUpdate,
)
from aws_durable_execution_sdk_python_testing.exceptions import (
    InvalidParameterValueException,
    ResourceNotFoundException,
)
from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import StartDurableExecutionInput

from local.executions.__main__ import without_tokens
from local.executions.arns import ExecutionArn
from local.executions.database import Database
from local.executions.engine import Engine
from local.executions.errors import InvalidParameterError, NotFoundError
from local.executions.functions import Functions
from local.executions.history import EventNumbers
from local.executions.limits import Limits
from local.executions.store import SqliteExecutions, _head, digest

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def an_execution(name: str = "o-1", payload: str = '{"a": 1}') -> Execution:
    """A running execution with its EXECUTION operation."""
    start = StartDurableExecutionInput(
        account_id="123456789012",
        function_name="orders",
        function_qualifier="1",
        execution_name=name,
        execution_timeout_seconds=60,
        execution_retention_period_days=1,
        invocation_id=f"id-{name}",
        input=payload,
    )
    arn = ExecutionArn("us-east-1", "123456789012", "orders", "1", name, f"id-{name}")
    execution = Execution(str(arn), start, [])
    execution.start(now=NOW)
    return execution


def a_step(number: int, status: OperationStatus = OperationStatus.STARTED) -> Operation:
    """A step operation."""
    return Operation(f"step-{number}", OperationType.STEP, status, start_timestamp=NOW)


def an_update(number: int, action: OperationAction, payload: str | None = None) -> OperationUpdate:
    """An update of a step."""
    return OperationUpdate(f"step-{number}", OperationType.STEP, action, payload=payload)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "executions.sqlite3")
    yield made
    made.close()


@pytest.fixture
def statuses() -> list[str]:
    return []


@pytest.fixture
def store(database: Database, statuses: list[str]) -> SqliteExecutions:
    return a_store(database, statuses)


def a_store(database: Database, statuses: list[str]) -> SqliteExecutions:
    """A store without anything in memory."""
    return SqliteExecutions(database, lambda _, execution: statuses.append(execution.current_status().value))


def written(database: Database) -> list[tuple[Any, ...]]:
    """The operations table."""
    return database.rows("SELECT position, body FROM operations ORDER BY position")


def test_an_execution_comes_back_as_it_was_saved(database: Database, store: SqliteExecutions) -> None:
    """Everything the engine would write is read again, and its times to the microsecond, which the engine loses."""
    execution = an_execution()
    execution.operations.append(a_step(1))
    execution.updates.append(an_update(1, OperationAction.START))
    execution.update_timestamps.append(NOW + timedelta(microseconds=1))
    execution.touch_operation("step-1")
    execution.operation_size_bytes["step-1"] = 7
    execution.record_invocation_completion(NOW, NOW + timedelta(seconds=1), "request-1")
    execution.begin_new_invocation()
    execution.complete_fail(ErrorObject("no", "Refused", None, None), now=NOW + timedelta(seconds=2, microseconds=3))
    store.save(execution)
    again = a_store(database, []).load(execution.durable_execution_arn)
    assert again is not execution
    assert again.to_json_dict() == execution.to_json_dict()
    assert again.operations == execution.operations
    assert again.update_timestamps == execution.update_timestamps


def test_a_save_writes_what_changed(database: Database, store: SqliteExecutions) -> None:
    """An operation that is the same object as before is not written again."""
    execution = an_execution()
    execution.operations += [a_step(1), a_step(2)]
    store.save(execution)
    database.write("UPDATE operations SET body = 'untouched'")
    execution.operations[2] = a_step(2, OperationStatus.SUCCEEDED)
    store.save(execution)
    bodies = [body for _, body in written(database)]
    assert bodies[:2] == ["untouched", "untouched"]
    assert "SUCCEEDED" in bodies[2]


def test_a_status_is_announced_with_the_save_that_changes_it(store: SqliteExecutions, statuses: list[str]) -> None:
    """RUNNING when it starts, its end when it ends, nothing in between."""
    execution = an_execution()
    for _ in range(2):
        store.save(execution)
    execution.complete_success('"done"', now=NOW)
    for _ in range(2):
        store.save(execution)
    assert statuses == ["RUNNING", "SUCCEEDED"]


def test_a_failed_announcement_keeps_the_old_state(database: Database) -> None:
    """The status and its event are one transaction."""

    def refuse(_connection: object, _execution: Execution) -> None:
        raise OSError("full")

    store = SqliteExecutions(database, refuse)
    with pytest.raises(OSError, match="full"):
        store.save(an_execution())
    assert store.find("orders", "o-1") is None


def test_closed_executions_leave_memory_and_come_back(store: SqliteExecutions) -> None:
    """Memory holds what runs; a closed execution that is saved again after it left is written as a whole."""
    early = an_execution("early")
    early.complete_success(None, now=NOW)
    store.save(early)
    for number in range(200):
        closed = an_execution(f"later-{number}")
        closed.complete_success(None, now=NOW)
        store.save(closed)
    assert early.durable_execution_arn not in store._kept
    early.record_invocation_completion(NOW, NOW, "last")
    store.save(early)
    assert [span.request_id for span in store.load(early.durable_execution_arn).invocation_completions] == ["last"]


def test_a_forgotten_execution_leaves_nothing(database: Database, store: SqliteExecutions) -> None:
    """Its name is free again and no row of it is left."""
    execution = an_execution()
    store.save(execution)
    store.forget(execution.durable_execution_arn)
    assert store.find("orders", "o-1") is None
    assert written(database) == []
    with pytest.raises(ResourceNotFoundException):
        store.load(execution.durable_execution_arn)


def test_a_name_is_found_with_its_input(store: SqliteExecutions) -> None:
    """What an idempotent start compares."""
    store.save(an_execution())
    found = store.find("orders", "o-1")
    assert found is not None
    assert found.input_digest == digest('{"a": 1}')
    assert store.find("others", "o-1") is None


def test_event_numbers_stay_and_grow(database: Database, store: SqliteExecutions) -> None:
    """A late event goes to the end, wherever its time would put it."""
    execution = an_execution()
    store.save(execution)
    numbers, arn = EventNumbers(database), execution.durable_execution_arn
    assert numbers.number(arn, ["a", "b"]) == {"a": 1, "b": 2}
    assert numbers.number(arn, ["a", "late", "b", "c"]) == {"a": 1, "b": 2, "late": 3, "c": 4}
    assert EventNumbers(database).number(arn, ["late"])["late"] == 3


@pytest.mark.parametrize(
    ("limits", "update", "reason"),
    [
        (Limits(step_output_bytes=3), an_update(1, OperationAction.SUCCEED, "é" * 2), "STEP output .* 3 bytes"),
        (Limits(operations=2), an_update(2, OperationAction.START), "at most 2 operations"),
        (Limits(written_bytes=9), an_update(1, OperationAction.SUCCEED, "1234"), "at most 9 bytes"),
        (
            Limits(payload_bytes=3),
            OperationUpdate("c", OperationType.CONTEXT, OperationAction.SUCCEED, payload="1234"),
            "CONTEXT output .* 3 bytes",
        ),
    ],
)
def test_over_a_limit_is_refused(limits: Limits, update: OperationUpdate, reason: str) -> None:
    """Each limit with its sentence; sizes are bytes of UTF-8."""
    execution = an_execution()
    execution.operations.append(a_step(1))
    execution.operation_size_bytes["step-1"] = 6
    with pytest.raises(InvalidParameterValueException, match=reason):
        limits.check(execution, [update])
    Limits().check(execution, [update])


def test_the_limits_are_the_stricter_of_the_sources() -> None:
    """Service model, CloudWatch metrics documentation, and the service's own message for a step."""
    assert Limits() == Limits(262_144, 1_048_576, 6_291_456, 3_000, 104_857_600)


def test_retention_frees_the_name(database: Database, store: SqliteExecutions) -> None:
    """RetentionPeriodInDays: a closed execution is kept that long after its end, a running one for ever."""
    old, running = an_execution("old"), an_execution("running")
    old.complete_success(None, now=datetime.now(UTC) - timedelta(days=1, minutes=1))
    fresh = an_execution("fresh")
    fresh.complete_success(None, now=datetime.now(UTC) - timedelta(hours=23))
    for execution in (old, running, fresh):
        store.save(execution)
    names = {arn.split("/")[2] for arn in store.closed_before(datetime.now(UTC) - timedelta(days=1))}
    assert names == {"old"}


@pytest.mark.parametrize("text", ["", "arn:aws:lambda", "uuid/uuid", f"{ExecutionArn('r', '1', 'f', '1', 'n', 'i')}"])
def test_what_is_not_an_executions_arn_is_refused(text: str) -> None:
    """Shape DurableExecutionArn."""
    with pytest.raises(InvalidParameterError):
        ExecutionArn.parse(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"region": "r", "account": "a", "functions": [{}]}'])
def test_a_functions_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    """One sentence with the file's name."""
    file = tmp_path / "functions.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"functions|Expecting value"):
        Functions.from_file(file)


def test_an_unknown_function_is_not_found() -> None:
    """By name only: nothing is guessed."""
    with pytest.raises(NotFoundError):
        Functions("us-east-1", "123456789012").resolve("nobody:live")


def test_tokens_do_not_reach_the_log() -> None:
    """A callback id is a key to an order."""
    record = logging.LogRecord("n", 30, "f", 1, "callback %s timed out", ("eyJhcm4iOiJhcm4%2Fx+y==",), None)
    assert without_tokens(record)
    assert record.getMessage() == "callback [token] timed out"


def test_the_engines_pin_and_what_to_look_at_when_it_moves() -> None:
    """The classes here extend the engine's inside. When this fails, the pin has moved: look at each of them again.

    The store writes what `Execution.to_json_dict` writes; each extended method must still exist with its parameters.
    """
    assert version("aws-durable-execution-sdk-python-testing") == "1.4.0"
    apart = {"DurableExecutionArn", "StartInput", "Operations", "Updates", "UpdateTimestamps", "InvocationCompletions"}
    apart |= {"OperationLastTouchedSeq", "OperationSizeBytes"}
    assert set(an_execution().to_json_dict()) == set(_head(an_execution())) | apart
    for base in Engine.__mro__:
        if base.__module__.startswith("local."):
            for name, method in vars(base).items():
                stock = getattr(Executor, name, None)
                if inspect.isfunction(method) and inspect.isfunction(stock) and name != "__init__":
                    assert list(inspect.signature(method).parameters) == list(inspect.signature(stock).parameters)


def test_an_operation_without_an_end_has_none_after_a_restart(database: Database, store: SqliteExecutions) -> None:
    """Absent times stay absent."""
    execution = an_execution()
    store.save(execution)
    first = a_store(database, []).load(execution.durable_execution_arn).operations[0]
    assert (first.start_timestamp, first.end_timestamp) == (NOW, None)
    assert first.execution_details == ExecutionDetails('{"a": 1}')
