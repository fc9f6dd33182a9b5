"""GetDurableExecutionHistory with numbers that stay, invocation spans and callback timeouts.

Gaps closed: the stock engine numbers events anew at every call, by time, so an event that is recorded late (an
invocation's end) renumbers those after it; it sends the ends of invocations without their times, callbacks without
their timeouts, successful attempts without their number, polls without the state that they found, chained invokes
without version and tenant, and no execution data unless asked. The service model: EventId identifies an event,
InvocationCompleted carries StartTimestamp, EndTimestamp, RequestId and Error, CallbackStarted carries Timeout and
HeartbeatTimeout, StepSucceeded requires RetryDetails, IncludeExecutionData is true by default. AWS's conformance
requirements add the rest (tests/conformance).
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aws_durable_execution_sdk_python.lambda_service import OperationAction, OperationType, OperationUpdate
from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import (
    Event,
    EventType,
    InvocationCompletedDetails,
)

from local.executions.database import Database
from local.executions.errors import InvalidParameterError
from local.executions.listing import page_size
from local.executions.store import SqliteExecutions
from local.executions.timers import start_updates

_EVERYTHING = 1_000_000
_SUCCESSES = {OperationAction.SUCCEED, OperationAction.RETRY}


class EventNumbers:
    """Gives every event of an execution its number when it is first shown, and keeps it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()

    def number(self, arn: str, events: Sequence[str]) -> dict[str, int]:
        """The number of each event, which are named uniquely and given in the order new ones shall follow.

        Numbers start at 1, have no gaps, and a new event's number is above all that were given before.
        """
        with self._lock, self._database.transaction() as connection:
            (row,) = connection.execute("SELECT row FROM executions WHERE arn = ?", (arn,)).fetchone()
            known = dict(connection.execute("SELECT event, number FROM event_numbers WHERE row = ?", (row,)))
            fresh = [event for event in events if event not in known]
            numbered = list(enumerate(fresh, len(known) + 1))
            connection.executemany(
                "INSERT INTO event_numbers VALUES (?, ?, ?)",
                [(row, number, event) for number, event in numbered],
            )
        return known | {event: number for number, event in numbered}


class DescribedHistory(Executor):
    """Completes the engine's events and numbers them."""

    _store: SqliteExecutions

    def history(  # noqa: PLR0913 - the API's parameters
        self,
        numbers: EventNumbers,
        arn: str,
        *,
        include_execution_data: bool = True,
        reverse_order: bool = False,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> dict[str, Any]:
        """One page of events, in the shape of the API's response. The marker is the last number that was sent."""
        limit = page_size(max_items)
        events = self._numbered(numbers, arn, include_execution_data=include_execution_data)
        if reverse_order:
            events.reverse()
        if marker:
            last = _number(marker)
            events = [
                event for event in events if (event["EventId"] < last if reverse_order else event["EventId"] > last)
            ]
        page = events[:limit]
        answer: dict[str, Any] = {"Events": page}
        if len(events) > limit:
            answer["NextMarker"] = str(page[-1]["EventId"])
        return answer

    def _numbered(self, numbers: EventNumbers, arn: str, *, include_execution_data: bool) -> list[dict[str, Any]]:
        """All events as dictionaries, by number."""
        execution = self.get_execution(arn)
        described = _described(
            execution,
            self.get_execution_history(arn, include_execution_data, max_items=_EVERYTHING).events,
            self._store.invocation_errors(arn),
            self._store.executed_versions(arn),
        )
        names = _names(described)
        given = numbers.number(arn, names)
        for name, event in zip(names, described, strict=True):
            event["EventId"] = given[name]
        return sorted(described, key=lambda event: int(event["EventId"]))


def _described(
    execution: Execution,
    events: Sequence[Event],
    errors: dict[str, dict[str, Any]],
    versions: dict[str, str],
) -> list[dict[str, Any]]:
    """Return the events with what the engine leaves out of them."""
    starts = start_updates(execution)
    # The engine sorts by time and keeps the order of equals: so does this, and the two lists run in step.
    spans = iter(sorted(execution.invocation_completions, key=lambda span: span.end_timestamp))
    attempts = _attempts(execution.updates)
    described = []
    for event in events:
        body = event.to_dict()
        operation_id = event.operation_id or ""
        match event.event_type:
            case EventType.INVOCATION_COMPLETED.value:
                body["InvocationCompletedDetails"] = _span(next(spans), errors)
            case EventType.CALLBACK_STARTED.value:
                body["CallbackStartedDetails"] |= _timeouts(starts[operation_id])
            case EventType.CHAINED_INVOKE_STARTED.value:
                body["ChainedInvokeStartedDetails"] |= _invoked(starts[operation_id], versions.get(operation_id))
            case EventType.STEP_SUCCEEDED.value:
                _complete_attempt(body["StepSucceededDetails"], next(attempts[operation_id]))
        described.append(body)
    return described


class _Attempt(NamedTuple):
    """A successful attempt of a step: its number, and the update that ended it."""

    number: int
    update: OperationUpdate


def _attempts(updates: Sequence[OperationUpdate]) -> dict[str, Iterator[_Attempt]]:
    """Return the successful attempts of every step, in their order. A poll that goes on is one as well."""
    started: Counter[str] = Counter()
    found: defaultdict[str, list[_Attempt]] = defaultdict(list)
    for update in updates:
        if update.operation_type is not OperationType.STEP:
            continue
        if update.action is OperationAction.START:
            started[update.operation_id] += 1
        elif update.action in _SUCCESSES and update.error is None:
            found[update.operation_id].append(_Attempt(started[update.operation_id], update))
    return {operation_id: iter(attempts) for operation_id, attempts in found.items()}


def _complete_attempt(details: dict[str, Any], attempt: _Attempt) -> None:
    """Add the attempt's number; a poll that goes on also gets its state and the delay before the next poll."""
    retry = {"CurrentAttempt": attempt.number}
    if attempt.update.action is OperationAction.RETRY:
        options = attempt.update.step_options
        if options is not None:
            retry["NextAttemptDelaySeconds"] = options.next_attempt_delay_seconds
        if attempt.update.payload is not None and "Result" in details:
            details["Result"] = {"Payload": attempt.update.payload, "Truncated": False}
    details["RetryDetails"] = retry


def _timeouts(start: OperationUpdate) -> dict[str, int]:
    options = start.callback_options
    if options is None:
        return {}
    timeouts = {"Timeout": options.timeout_seconds, "HeartbeatTimeout": options.heartbeat_timeout_seconds}
    return {name: seconds for name, seconds in timeouts.items() if seconds}


def _invoked(start: OperationUpdate, version: str | None) -> dict[str, str]:
    """Return what a chained invoke was sent with. The requirements ask for the tenant; see docs/conformance.md."""
    options = start.chained_invoke_options
    tenant = None if options is None else options.tenant_id
    return {name: value for name, value in (("TenantId", tenant), ("ExecutedVersion", version)) if value}


def _span(span: InvocationCompletedDetails, errors: dict[str, dict[str, Any]]) -> dict[str, Any]:
    details = span.to_dict()
    error = errors.get(span.request_id)
    if error is not None:
        details["Error"] = {"Payload": error, "Truncated": False}
    return details


def _names(events: Sequence[dict[str, Any]]) -> list[str]:
    """A name for each event that no later change of the execution alters: what happened to whom, for the nth time."""
    seen: Counter[str] = Counter()
    names = []
    for event in events:
        details = event.get("InvocationCompletedDetails", {})
        base = f"{event['EventType']} {event.get('Id', '')}{details.get('RequestId', '')}"
        seen[base] += 1
        names.append(f"{base} {seen[base]}")
    return names


def _number(marker: str) -> int:
    if not marker.isascii() or not marker.isdigit():
        raise InvalidParameterError("Invalid Marker")
    return int(marker)
