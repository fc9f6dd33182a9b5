"""A recorded history: the operations that a handler finds when it is invoked again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import Operation, OperationStatus, OperationType
from aws_durable_execution_sdk_python_testing.model import Event, events_to_operations

_ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionStopped": "STOPPED",
}


class UnreadableHistoryError(ValueError):
    """What was given is no history that can be replayed; the message is one line."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """`operations` in the order in which they began, the execution itself first; `result` is JSON or None."""

    operations: tuple[Operation, ...]
    status: str
    result: str | None


def recorded(events: Sequence[Mapping[str, Any]]) -> Recorded:
    """Read events with their data, times as RFC 3339 or as seconds since 1970.

    Raises UnreadableHistoryError when they are incomplete or something else.
    """
    try:
        plain = [_with_moments(event) for event in events]
        operations = events_to_operations([Event.from_dict(event) for event in plain])
    except Exception as error:
        raise UnreadableHistoryError(f"these are not the events of a durable execution: {error!r}") from error
    first = operations[0] if operations else None
    details = first.execution_details if first and first.operation_type is OperationType.EXECUTION else None
    if details is None or details.input_payload is None:
        raise UnreadableHistoryError("its first event is not the start of an execution with its input")
    status, result = _end(plain)
    waiting = _waiting_for_retry(plain)
    found = (_pending(each) if each.operation_id in waiting else each for each in operations)
    return Recorded(tuple(found), status, result)


def _with_moments(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _with_moments(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_moments(inner) for inner in value]
    if name.endswith("Timestamp") and isinstance(value, str):
        return datetime.fromisoformat(value)
    if name.endswith("Timestamp") and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return value


def _end(events: Sequence[Mapping[str, Any]]) -> tuple[str, str | None]:
    """The execution's status and result. The end need not be the last event: other events may be recorded late."""
    for event in events:
        if event["EventType"] in _ENDS:
            details = event.get("ExecutionSucceededDetails") or {}
            return _ENDS[event["EventType"]], (details.get("Result") or {}).get("Payload")
    return "RUNNING", None


def _waiting_for_retry(events: Sequence[Mapping[str, Any]]) -> set[str]:
    """The steps whose last event is a try, or a poll, with another to come: `events_to_operations` calls them ended."""
    last = {event.get("Id"): event for event in events if event["EventType"].startswith("Step")}
    return {
        str(name)
        for name, event in last.items()
        if _details(event).get("RetryDetails", {}).get("NextAttemptDelaySeconds")
    }


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return event.get("StepFailedDetails") or event.get("StepSucceededDetails") or {}


def _pending(step: Operation) -> Operation:
    return replace(step, status=OperationStatus.PENDING, end_timestamp=None)


def input_of(history: Recorded) -> Any:
    """What the execution was started with."""
    details = history.operations[0].execution_details
    return json.loads((details and details.input_payload) or "null")
