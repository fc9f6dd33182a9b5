"""Holding an order, and undoing what a dead execution did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from orders.domain.errors import NotPermittedError
from orders.domain.model import Order, Person, Role, Status
from orders.domain.refusals import TransitionRefusedError, not_held
from orders.domain.rules import HELD, UNDER_WAY, Command, Rule, among, to
from orders.domain.usernames import WORKFLOW

# --- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NeedAttention:
    """Nobody can tell any more what happened; fence the order until an operator has looked."""

    event: ClassVar[str] = "needs-attention"
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class RequestStop:
    """An operator stops the execution; the service's event about it then holds the order."""

    event: ClassVar[str] = "stop-requested"
    person: Person
    reason: str

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class BeginRecovery:
    """An operator starts the execution that only undoes; `number` is the one that follows those before."""

    event: ClassVar[str] = "recovery-begun"
    person: Person
    number: int
    reason: str

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class Recover:
    """Every undo is confirmed."""

    event: ClassVar[str] = "recovered"
    reason: str
    actor: ClassVar[str] = WORKFLOW


# --- guards ----------------------------------------------------------------------------------------------------------


def is_operator(_order: Order, command: RequestStop | BeginRecovery, _now: datetime) -> None:
    """The person runs this system."""
    if Role.OPERATORS not in command.person.roles:
        raise NotPermittedError("Only operators may do that.")


def is_next_recovery(order: Order, command: BeginRecovery, _now: datetime) -> None:
    """Recoveries are numbered without gaps, so that two operators at once start one."""
    if command.number != order.recoveries + 1:
        raise TransitionRefusedError("already-recovering", "Somebody else has begun this recovery.", order)


# --- effects ---------------------------------------------------------------------------------------------------------


def recovery_begun(order: Order, _command: BeginRecovery, _now: datetime) -> Order:
    """One recovery more; its number is part of the execution's name."""
    return replace(order, recoveries=order.recoveries + 1)


def unchanged(order: Order, _command: Command, _now: datetime) -> Order:
    """Only the audit says something."""
    return order


# --- rows ------------------------------------------------------------------------------------------------------------


ROWS: dict[type[Command], Rule] = {
    NeedAttention: Rule("workflow or notifier", UNDER_WAY, HELD, to(Status.NEEDS_ATTENTION)),
    RequestStop: Rule("operator", UNDER_WAY, UNDER_WAY, unchanged, permissions=(is_operator,)),
    BeginRecovery: Rule(
        "operator",
        HELD,
        HELD,
        recovery_begun,
        guards=(is_next_recovery,),
        permissions=(is_operator,),
        refusal=not_held,
    ),
    Recover: Rule("recovery execution", HELD, among(Status.FAILED), to(Status.FAILED)),
}
