"""Charging an order: the refusal before it, the rest before it, the charge itself, and its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from orders.domain.approval import all_approved
from orders.domain.model import JobState, Order, Status
from orders.domain.refusals import TransitionRefusedError
from orders.domain.rules import BEFORE_CHARGE, CHARGING, COOLING, PAID, PENDING, Command, Rule, among, to
from orders.domain.usernames import WORKFLOW

# --- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refuse:
    """Screening, stock or authorisation said no."""

    event: ClassVar[str] = "refused"
    reason: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class BeginCoolingOff:
    """Every level of a very large order is approved; let everybody sleep over it."""

    event: ClassVar[str] = "cooling-off-begun"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class BeginCharge:
    """The point of no return."""

    event: ClassVar[str] = "charge-begun"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Complete:
    """Paid and delivered."""

    event: ClassVar[str] = "completed"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Fail:
    """The charge did not succeed and everything is undone."""

    event: ClassVar[str] = "failed"
    reason: str
    actor: ClassVar[str] = WORKFLOW


# --- guards ----------------------------------------------------------------------------------------------------------


def every_level_approved(order: Order, _command: BeginCharge | BeginCoolingOff, _now: datetime) -> None:
    """Every level is approved."""
    if not all_approved(order.levels):
        message = "This order has not been approved."
        raise TransitionRefusedError("not-approved", message, order)


def cooling_off_is_due(order: Order, command: BeginCoolingOff, now: datetime) -> None:
    """The policy asks for a rest and every level is approved."""
    every_level_approved(order, command, now)
    if order.cooling_off_seconds == 0:
        raise TransitionRefusedError("not-due", "This order needs no cooling-off.", order)


def cooling_off_is_over(order: Order, _command: BeginCharge, now: datetime) -> None:
    """What must rest has rested."""
    if order.cooling_off_seconds == 0:
        return
    if order.cooling_off_until is None or now < order.cooling_off_until:
        raise TransitionRefusedError("not-due", "This order is still cooling off.", order)


def is_delivered(order: Order, _command: Complete, _now: datetime) -> None:
    """Physical goods have been picked; digital ones need nobody."""
    picked = bool(order.jobs) and order.jobs[-1].state is JobState.PICKED
    if order.picking is not None and not picked:
        raise TransitionRefusedError("not-picked", "The goods of this order have not been picked.", order)


# --- effects ---------------------------------------------------------------------------------------------------------


def rested(order: Order, _command: BeginCoolingOff, now: datetime) -> Order:
    """The order rests."""
    until = now + timedelta(seconds=order.cooling_off_seconds)
    return replace(order, status=Status.COOLING_OFF, cooling_off_until=until)


# --- rows ------------------------------------------------------------------------------------------------------------


ROWS: dict[type[Command], Rule] = {
    Refuse: Rule("workflow", among(Status.SUBMITTED), among(Status.REFUSED), to(Status.REFUSED)),
    BeginCoolingOff: Rule("workflow", PENDING, COOLING, rested, guards=(cooling_off_is_due,)),
    BeginCharge: Rule(
        "workflow",
        BEFORE_CHARGE,
        CHARGING,
        to(Status.CHARGING),
        guards=(every_level_approved, cooling_off_is_over),
    ),
    Complete: Rule("workflow", PAID, among(Status.COMPLETED), to(Status.COMPLETED), guards=(is_delivered,)),
    Fail: Rule("workflow", PAID, among(Status.FAILED), to(Status.FAILED)),
}
