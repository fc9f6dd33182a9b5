"""GetDurableExecutionHistory with numbers that stay, invocation spans and callback timeouts.

Gaps closed: the stock engine numbers events anew at every call, by time, so an event that is recorded late (an
invocation's end) renumbers those after it; it sends the ends of invocations without their times, callbacks without
their timeouts, no execution data unless asked. The service model: EventId identifies an event, InvocationCompleted
carries StartTimestamp, EndTimestamp, RequestId and Error, CallbackStarted carries Timeout and HeartbeatTimeout,
IncludeExecutionData is true by default.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import (
    CallbackStartedDetails,
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
        )
        names = _names(described)
        given = numbers.number(arn, names)
        for name, event in zip(names, described, strict=True):
            event["EventId"] = given[name]
        return sorted(described, key=lambda event: int(event["EventId"]))


def _described(
    execution: Execution, events: Sequence[Event], errors: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The events with what the engine leaves out of them."""
    starts = start_updates(execution)
    # The engine sorts by time and keeps the order of equals: so does this, and the two lists run in step.
    spans = iter(sorted(execution.invocation_completions, key=lambda span: span.end_timestamp))
    described = []
    for event in events:
        body = event.to_dict()
        if event.event_type == EventType.INVOCATION_COMPLETED.value:
            body["InvocationCompletedDetails"] = _span(next(spans), errors)
        elif event.event_type == EventType.CALLBACK_STARTED.value and event.callback_started_details:
            options = starts[event.operation_id or ""].callback_options
            details = CallbackStartedDetails(
                callback_id=event.callback_started_details.callback_id,
                timeout=options.timeout_seconds if options else None,
                heartbeat_timeout=options.heartbeat_timeout_seconds if options else None,
            )
            body["CallbackStartedDetails"] = details.to_dict()
        described.append(body)
    return described


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
