"""The charge of an order, and how an order ends around it: commands, guards, effects and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from orders.domain.model import JobState, Order, Status
from orders.domain.refusals import TransitionRefusedError
from orders.domain.rules import BEFORE_CHARGE, CHARGING, COOLING, PAID, PENDING, Audited, Rule, among, to, to_because
from orders.domain.usernames import WORKFLOW

# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refuse(Audited):
    """Close an order that screening, stock or payment authorization refused."""

    event: ClassVar[str] = "refused"
    audited: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class BeginCoolingOff(Audited):
    """Delay the charge of a very large order after its last approval, so that its requester can still withdraw it."""

    event: ClassVar[str] = "cooling-off-begun"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class BeginCharge(Audited):
    """Pass the point of no return."""

    event: ClassVar[str] = "charge-begun"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Complete(Audited):
    """Close an order that is paid and delivered."""

    event: ClassVar[str] = "completed"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Fail(Audited):
    """Close an order whose charge or picking failed, after every effect was undone."""

    event: ClassVar[str] = "failed"
    audited: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str
    actor: ClassVar[str] = WORKFLOW


# --- guards -----------------------------------------------------------------------------------------------------------


def every_level_approved(order: Order, _command: BeginCharge | BeginCoolingOff, _now: datetime) -> None:
    """Require the approval of every level."""
    if not order.is_approved:
        raise TransitionRefusedError("not-approved", "This order has not been approved.", order)


def cooling_off_is_due(order: Order, command: BeginCoolingOff, now: datetime) -> None:
    """Require an approved order for which the policy asks for a cooling-off period."""
    every_level_approved(order, command, now)
    if order.cooling_off_seconds == 0:
        raise TransitionRefusedError("not-due", "This order needs no cooling-off.", order)


def cooling_off_is_over(order: Order, _command: BeginCharge, now: datetime) -> None:
    """Require the end of the cooling-off period, if the policy asks for one."""
    if order.cooling_off_seconds == 0:
        return
    if order.cooling_off_until is None or now < order.cooling_off_until:
        raise TransitionRefusedError("not-due", "This order is still cooling off.", order)


def is_delivered(order: Order, _command: Complete, _now: datetime) -> None:
    """Require that physical goods have been picked; digital goods need no picking."""
    picked = bool(order.jobs) and order.jobs[-1].state is JobState.PICKED
    if order.picking is not None and not picked:
        raise TransitionRefusedError("not-picked", "The goods of this order have not been picked.", order)


# --- effects ----------------------------------------------------------------------------------------------------------


def cooling_off_begun(order: Order, _command: BeginCoolingOff, now: datetime) -> Order:
    """Begin the cooling-off period."""
    until = now + timedelta(seconds=order.cooling_off_seconds)
    return replace(order, status=Status.COOLING_OFF, cooling_off_until=until)


# --- rows -------------------------------------------------------------------------------------------------------------

ROWS = (
    Rule(
        Refuse,
        by="workflow",
        sources=among(Status.SUBMITTED),
        targets=among(Status.REFUSED),
        effect=to_because(Status.REFUSED),
    ),
    Rule(
        BeginCoolingOff,
        by="workflow",
        sources=PENDING,
        targets=COOLING,
        effect=cooling_off_begun,
        guards=(cooling_off_is_due,),
    ),
    Rule(
        BeginCharge,
        by="workflow",
        sources=BEFORE_CHARGE,
        targets=CHARGING,
        effect=to(Status.CHARGING),
        guards=(every_level_approved, cooling_off_is_over),
    ),
    Rule(
        Complete,
        by="workflow",
        sources=PAID,
        targets=among(Status.COMPLETED),
        effect=to(Status.COMPLETED),
        guards=(is_delivered,),
    ),
    Rule(Fail, by="workflow", sources=PAID, targets=among(Status.FAILED), effect=to_because(Status.FAILED)),
)
