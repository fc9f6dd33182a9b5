"""The parts of the table: what a command is, what one row says, and what a judged command changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar

from orders.domain.model import AuditData, AuditEntry, Order, Person, Status
from orders.domain.refusals import TransitionRefusedError, refused_by_state


class Command(Protocol):
    """A request to move an order. It says itself what the audit records of it."""

    @property
    def actor(self) -> str:
        """The actor that the audit names: a username, `workflow` or `notifier`."""
        ...

    @property
    def event(self) -> str:
        """The name of the audit event."""
        ...

    @property
    def audit_data(self) -> AuditData:
        """What the audit entry says beside actor, event and states."""
        ...


class ReasonedCommand(Command, Protocol):
    """A command that says why."""

    @property
    def reason(self) -> str:
        """The reason, as the order's row shows it."""
        ...


class Audited:
    """The part of a command that says which of its fields the audit records, each under its own name."""

    __slots__ = ()
    audited: ClassVar[tuple[str, ...]] = ()

    @property
    def audit_data(self) -> AuditData:
        """The fields that `audited` names, with their values."""
        return {name: getattr(self, name) for name in self.audited}


@dataclass(frozen=True, slots=True)
class PersonCommand(Audited):
    """The part of a command that names the person who gives it."""

    person: Person

    @property
    def actor(self) -> str:
        """The person's username."""
        return self.person.username


AnyCommand = TypeVar("AnyCommand", bound=Command)
Guard = Callable[[Order, AnyCommand, datetime], None]
Effect = Callable[[Order, AnyCommand, datetime], Order]


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write: `after` replaces `before` and the audit gains `entry`, or nothing happens at all."""

    before: Order | None
    after: Order
    entry: AuditEntry | None


def state_refusal(order: Order, _command: Command) -> TransitionRefusedError:
    """Refuse a command because of the state that the order is in."""
    return refused_by_state(order)


@dataclass(frozen=True, slots=True)
class Rule(Generic[AnyCommand]):
    """One row of the table: who may give a command, in which states, what must hold, and what it does.

    The type checker refuses a guard, permission, effect or refusal that was written for another command.

    Attributes:
        command: The class of the command.
        by: Who gives the command, for the documentation.
        sources: The states in which the command is accepted.
        targets: The states it can lead to.
        effect: Returns the order after the command; `judge` adds version, audit and time.
        guards: Conditions on the order; each raises to refuse.
        permissions: Conditions on the person, judged before the state, so that a refusal reveals no state to a person
            who may not give the command.
        refusal: Returns the error for a command that comes in any other state.

    """

    command: type[AnyCommand]
    by: str
    sources: frozenset[Status]
    targets: frozenset[Status]
    effect: Effect[AnyCommand]
    guards: tuple[Guard[AnyCommand], ...] = ()
    permissions: tuple[Guard[AnyCommand], ...] = ()
    refusal: Callable[[Order, AnyCommand], TransitionRefusedError] = state_refusal


def to(status: Status) -> Effect[Command]:
    """Return the effect that only changes the status."""

    def effect(order: Order, _command: Command, _now: datetime) -> Order:
        return replace(order, status=status)

    return effect


def to_because(status: Status) -> Effect[ReasonedCommand]:
    """Return the effect that changes the status and keeps the command's reason as the outcome's."""

    def effect(order: Order, command: ReasonedCommand, _now: datetime) -> Order:
        return replace(order, status=status, outcome_reason=command.reason)

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
