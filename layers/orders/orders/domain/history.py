"""The history of a durable execution as operations with attempts, and invocations. Pure.

The events are those of GetDurableExecutionHistory, oldest first. The handler writes most of them while an invocation
runs; timers, people and other functions write the rest in between. An `InvocationCompleted` closes what came before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

STATUSES = {
    "Started": "STARTED",
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
    "TimedOut": "TIMED_OUT",
    "Stopped": "STOPPED",
    "Cancelled": "CANCELLED",
}
TYPES = {
    "Step": "STEP",
    "Wait": "WAIT",
    "Callback": "CALLBACK",
    "ChainedInvoke": "CHAINED_INVOKE",
    "Context": "CONTEXT",
}
OVER = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED"})
# What the handler itself writes during an invocation; everything else happens to a suspended execution.
BY_HANDLER = frozenset(
    {"StepStarted", "StepSucceeded", "StepFailed", "ContextStarted", "ContextSucceeded", "ContextFailed"}
    | {"WaitStarted", "CallbackStarted", "ChainedInvokeStarted"}
)
POLL_FRESH_MS, POLL_BUSY_MS, POLL_IDLE_MS = 1_000, 2_000, 5_000
FRESH = timedelta(seconds=30)


@dataclass(slots=True)
class Attempt:
    """One try of a step. `next_attempt_at` tells when a failed one is tried again."""

    started_at: datetime
    ended_at: datetime | None = None
    error: str | None = None
    next_attempt_at: datetime | None = None


@dataclass(slots=True)
class Operation:
    """One durable operation; `status` is the last thing the history says of it.

    `deadline` is when a callback times out or a wait ends. `input` and `result` are there if the events carry them.
    """

    id: str
    parent_id: str | None
    type: str
    sub_type: str | None
    name: str | None
    status: str
    started_at: datetime
    ended_at: datetime | None = None
    deadline: datetime | None = None
    error: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    input: str | None = None
    result: str | None = None
    last_event: int = 0

    def ended_before(self, moment: datetime) -> bool:
        """Return whether nothing was left to do of it at that moment."""
        return self.ended_at is not None and self.ended_at < moment


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the handler: how many operations it found done (`replayed`) and how many it moved on (`ran`)."""

    started_at: datetime
    ended_at: datetime
    request_id: str | None
    replayed: int
    ran: int
    error: str | None
    last_event: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """What changed since the caller's cursor. `next_poll_ms` is None when nothing more can come."""

    status: str
    started_at: datetime
    ended_at: datetime | None
    operations: tuple[Operation, ...]
    invocations: tuple[Invocation, ...]
    cursor: int
    next_poll_ms: int | None
    input: str | None = None
    result: str | None = None
    error: str | None = None


def timeline_of(
    description: Mapping[str, Any], events: Sequence[Mapping[str, Any]], *, after: int, now: datetime
) -> Timeline:
    """Return what the history says: everything for `after` 0, else only what an event later than `after` touched.

    The history may be younger than the description: an end that it tells is the end, or the caller, who has seen every
    event, would go on believing that the execution runs.
    """
    reading = _Reading()
    for event in events:
        reading.take(event)
    status, ended_at = reading.end or (str(description["Status"]), description.get("EndTimestamp"))
    return Timeline(
        status=status,
        started_at=description["StartTimestamp"],
        ended_at=ended_at,
        operations=tuple(each for each in reading.operations.values() if each.last_event > after),
        invocations=tuple(each for each in reading.invocations if each.last_event > after),
        cursor=reading.last_event,
        next_poll_ms=None if status in OVER else _pause(reading, now),
        input=reading.input,
        result=reading.result,
        error=reading.error,
    )


@dataclass(slots=True)
class _Reading:
    """The history read so far."""

    operations: dict[str, Operation] = field(default_factory=dict)
    invocations: list[Invocation] = field(default_factory=list)
    last_event: int = 0
    last_moment: datetime | None = None
    end: tuple[str, datetime] | None = None
    running: bool = False
    began: datetime | None = None
    moved: set[str] = field(default_factory=set)
    input: str | None = None
    result: str | None = None
    error: str | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """Read one event."""
        kind, moment = str(event["EventType"]), event["EventTimestamp"]
        self.last_event, self.last_moment = int(event["EventId"]), moment
        if kind == "InvocationCompleted":
            self._close_invocation(event)
        elif kind.startswith("Execution"):
            self._note_execution(event)
        elif (subject := _subject(kind)) is not None:
            self._move(event, *subject)
            if kind in BY_HANDLER:
                self._note_work(event)

    def _note_execution(self, event: Mapping[str, Any]) -> None:
        details = _details(event)
        status = STATUSES.get(str(event["EventType"]).removeprefix("Execution"))
        if status in OVER:
            self.end = status, event["EventTimestamp"]
        self.input = _payload(details, "Input") or self.input
        self.result = _payload(details, "Result") or self.result
        self.error = _error(details) or self.error

    def _note_work(self, event: Mapping[str, Any]) -> None:
        self.running = True
        self.began = self.began or event["EventTimestamp"]
        self.moved.add(event["Id"])

    def _close_invocation(self, event: Mapping[str, Any]) -> None:
        details = _details(event)
        ended_at = details.get("EndTimestamp") or event["EventTimestamp"]
        started_at = details.get("StartTimestamp") or self.began or ended_at
        self.invocations.append(
            Invocation(
                started_at=started_at,
                ended_at=ended_at,
                request_id=details.get("RequestId"),
                replayed=sum(each.ended_before(started_at) for each in self.operations.values()),
                ran=len(self.moved),
                error=_error(details),
                last_event=self.last_event,
            )
        )
        self.running, self.began, self.moved = False, None, set()

    def _move(self, event: Mapping[str, Any], noun: str, verb: str) -> None:
        """Bring the event's operation up to date."""
        details, moment = _details(event), event["EventTimestamp"]
        operation = self.operations.setdefault(event["Id"], _operation(event, TYPES[noun]))
        operation.last_event, operation.status = self.last_event, STATUSES[verb]
        if verb == "Started":
            operation.deadline = _deadline(details, moment) or operation.deadline
            operation.input = _payload(details, "Input")
        else:
            operation.ended_at, operation.error = moment, _error(details)
            operation.result = _payload(details, "Result")
        if noun == "Step":
            _try(operation, verb, details, moment)


def _subject(kind: str) -> tuple[str, str] | None:
    """Return what an event type is about and what happened to it, or None for one that is about no operation."""
    for noun in TYPES:
        if kind.startswith(noun) and kind[len(noun) :] in STATUSES:
            return noun, kind[len(noun) :]
    return None


def _operation(event: Mapping[str, Any], kind: str) -> Operation:
    return Operation(
        id=event["Id"],
        parent_id=event.get("ParentId"),
        type=kind,
        sub_type=event.get("SubType"),
        name=event.get("Name"),
        status="STARTED",
        started_at=event["EventTimestamp"],
    )


def _try(operation: Operation, verb: str, details: Mapping[str, Any], moment: datetime) -> None:
    """Keep the step's attempts. One that is tried again is not at its end."""
    if verb == "Started":
        operation.attempts.append(Attempt(moment))
        operation.ended_at = operation.error = operation.result = None
        return
    if not operation.attempts or operation.attempts[-1].ended_at is not None:
        operation.attempts.append(Attempt(moment))  # the start of a quick attempt need not be in the history
    attempt = operation.attempts[-1]
    attempt.ended_at, attempt.error = moment, operation.error
    delay = details.get("RetryDetails", {}).get("NextAttemptDelaySeconds")
    if delay:
        attempt.next_attempt_at = moment + timedelta(seconds=delay)
        operation.status, operation.ended_at = "PENDING", None


def _deadline(details: Mapping[str, Any], moment: datetime) -> datetime | None:
    scheduled: datetime | None = details.get("ScheduledEndTimestamp")
    timeout = details.get("Timeout")
    return moment + timedelta(seconds=timeout) if timeout else scheduled


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = event.get(f"{event['EventType']}Details") or {}
    return found


def _payload(details: Mapping[str, Any], name: str) -> str | None:
    found: str | None = (details.get(name) or {}).get("Payload")
    return found


def _error(details: Mapping[str, Any]) -> str | None:
    """Return the error in one line, or None when there is none or the events carry no data."""
    found = (details.get("Error") or {}).get("Payload") or {}
    return ": ".join(text for text in (found.get("ErrorType"), found.get("ErrorMessage")) if text) or None


def _pause(reading: _Reading, now: datetime) -> int:
    """Return how long to leave the history alone: briefly while something runs, longer while all wait for a person."""
    if not reading.running:
        open_now = [each for each in reading.operations.values() if each.status == "STARTED"]
        if any(each.type == "CALLBACK" for each in open_now):
            return POLL_IDLE_MS
        if (until := _first_end(each for each in open_now if each.type == "WAIT")) is not None:
            return min(POLL_IDLE_MS, max(POLL_FRESH_MS, int((until - now).total_seconds() * 1000)))
    fresh = reading.last_moment is None or now - reading.last_moment < FRESH
    return POLL_FRESH_MS if fresh else POLL_BUSY_MS


def _first_end(waits: Iterable[Operation]) -> datetime | None:
    return min((each.deadline for each in waits if each.deadline is not None), default=None)
