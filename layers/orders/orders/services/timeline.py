"""From a durable execution's history to what a person can look at: operations with attempts, and invocations. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Attempt:
    """One try of an operation."""

    started_at: datetime | None
    ended_at: datetime | None = None
    error: str | None = None


@dataclass(slots=True)
class Operation:
    """One durable operation; `status` is the last thing the history says of it."""

    id: str
    parent_id: str | None
    type: str
    name: str | None
    status: str
    started_at: datetime | None
    ended_at: datetime | None = None
    deadline: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)
    last_event: int = 0


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the handler: how many operations it found done (`replayed`) and how many it moved on (`ran`)."""

    started_at: datetime
    ended_at: datetime
    request_id: str
    replayed: int
    ran: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What changed since the caller's cursor."""

    status: str
    started_at: datetime | None
    ended_at: datetime | None
    operations: tuple[Operation, ...]
    invocations: tuple[Invocation, ...]
    cursor: int
    next_poll_ms: int
