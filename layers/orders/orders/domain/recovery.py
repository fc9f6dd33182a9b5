"""Holding of orders, and recovery from executions that ended early: commands, guards, effects and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from orders.domain.errors import NotPermittedError
from orders.domain.model import Order, Role, Status
from orders.domain.refusals import TransitionRefusedError
from orders.domain.rules import HELD, UNDER_WAY, Audited, PersonCommand, Rule, among, to_because
from orders.domain.usernames import WORKFLOW

# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NeedAttention(Audited):
    """Hold an order whose effects are uncertain, until an operator has looked at it."""

    event: ClassVar[str] = "needs-attention"
    audited: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class RequestStop(PersonCommand):
    """Stop the execution; the status event of AWS about it then holds the order."""

    event: ClassVar[str] = "stop-requested"
    audited: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str


@dataclass(frozen=True, slots=True)
class BeginRecovery(PersonCommand):
    """Start the execution that only undoes; `number` follows the number of the recovery before."""

    event: ClassVar[str] = "recovery-begun"
    audited: ClassVar[tuple[str, ...]] = ("reason",)
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Recover(Audited):
    """Close a held order after every undo was confirmed."""

    event: ClassVar[str] = "recovered"
    audited: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str
    actor: ClassVar[str] = WORKFLOW


# --- guards -----------------------------------------------------------------------------------------------------------


def is_operator(_order: Order, command: RequestStop | BeginRecovery, _now: datetime) -> None:
    """Require the role of an operator."""
    if Role.OPERATORS not in command.person.roles:
        raise NotPermittedError("Only operators may do that.")


def is_next_recovery(order: Order, command: BeginRecovery, _now: datetime) -> None:
    """Require the next number, so that two operators at once start one recovery."""
    if command.number != order.recoveries + 1:
        raise TransitionRefusedError("already-recovering", "Another operator has begun this recovery.", order)


def not_held(order: Order, _command: BeginRecovery) -> TransitionRefusedError:
    """Refuse the recovery of an order that is not held."""
    message = f"Only an order that is held can be recovered; this one is {order.status}."
    return TransitionRefusedError("not-held", message, order)


# --- effects ----------------------------------------------------------------------------------------------------------


def recovery_begun(order: Order, _command: BeginRecovery, _now: datetime) -> Order:
    """Count the recovery; its number is part of the execution's name."""
    return replace(order, recoveries=order.recoveries + 1)


def recorded(order: Order, _command: RequestStop, _now: datetime) -> Order:
    """Change nothing; the audit entry is the effect."""
    return order


# --- rows -------------------------------------------------------------------------------------------------------------

ROWS = (
    Rule(
        RequestStop,
        by="operator",
        sources=UNDER_WAY,
        targets=UNDER_WAY,
        effect=recorded,
        permissions=(is_operator,),
    ),
    Rule(
        NeedAttention,
        by="workflow or notifier",
        sources=UNDER_WAY,
        targets=HELD,
        effect=to_because(Status.NEEDS_ATTENTION),
    ),
    Rule(
        BeginRecovery,
        by="operator",
        sources=HELD,
        targets=HELD,
        effect=recovery_begun,
        guards=(is_next_recovery,),
        permissions=(is_operator,),
        refusal=not_held,
    ),
    Rule(
        Recover,
        by="recovery execution",
        sources=HELD,
        targets=among(Status.FAILED),
        effect=to_because(Status.FAILED),
    ),
)
