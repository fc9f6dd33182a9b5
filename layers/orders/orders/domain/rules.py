"""What one row of the table of moves is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from orders.domain.model import AuditEntry, Order, Status
from orders.domain.refusals import TransitionRefusedError, refusal_by_state


class Command(Protocol):
    """What somebody wants to do with an order: who, and what the audit calls it."""

    @property
    def actor(self) -> str:
        """Who the audit names."""
        ...

    @property
    def event(self) -> str:
        """What the audit calls it."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write: `after` replaces `before` and the audit gains `entry`, or nothing happens at all."""

    before: Order | None
    after: Order
    entry: AuditEntry | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: a command by whom, from where, to where, who may ask at all, what must hold.

    `permissions` are judged before the state is: a stranger learns nothing from the order in which we refuse. `refusal`
    tells why a move is refused from anywhere but its sources.
    """

    by: str
    sources: frozenset[Status]
    targets: frozenset[Status]
    effect: Callable[..., Order]
    guards: tuple[Callable[..., None], ...] = ()
    permissions: tuple[Callable[..., None], ...] = ()
    refusal: Callable[..., TransitionRefusedError] = refusal_by_state


def to(status: Status) -> Callable[[Order, Command, datetime], Order]:
    """Return the effect that only moves the order, with the command's reason if it has one."""

    def effect(order: Order, command: Command, _now: datetime) -> Order:
        return replace(order, status=status, outcome_reason=getattr(command, "reason", order.outcome_reason))

    return effect


def among(*statuses: Status) -> frozenset[Status]:
    """Return the set of these states."""
    return frozenset(statuses)


BEFORE_CHARGE = among(Status.SUBMITTED, Status.PENDING_APPROVAL, Status.COOLING_OFF)
PENDING = among(Status.PENDING_APPROVAL)
COOLING = among(Status.COOLING_OFF)
CHARGING = among(Status.CHARGING)
PAID = among(Status.CHARGING, Status.FULFILLING)
FULFILLING = among(Status.FULFILLING)
HELD = among(Status.NEEDS_ATTENTION)
UNDER_WAY = BEFORE_CHARGE | PAID
