"""Messages to people: recipients, subject and body. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orders.domain.model import Level, Order, OrderId, Role
from orders.domain.payments import Money
from orders.domain.texts import isolated


class MessageKind(StrEnum):
    """The reason for a message; the values are part of its key."""

    REQUEST_DECISION = "request-decision"
    REMIND = "remind"
    ESCALATE = "escalate"
    OUTCOME = "outcome"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class RoleMembers:
    """Every person who has one of these roles."""

    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class OnePerson:
    """The person of this username."""

    username: str


Recipients = RoleMembers | OnePerson


@dataclass(frozen=True, slots=True)
class Message:
    """One message to people. Its key, `orderId#kind#level#k`, makes every retry the same outbox item."""

    key: str
    order_id: OrderId
    kind: str
    level: int
    k: int
    to: Recipients
    subject: str
    body: str
    at: datetime


def message_about(order: Order, kind: MessageKind, number: int, k: int, at: datetime) -> Message:
    """Return message number `k` of this kind about a level."""
    about_the_end = kind in {MessageKind.OUTCOME, MessageKind.HELD}
    to, subject, body = _outcome(order) if about_the_end else _request(order, kind, number)
    return Message(
        key=f"{order.order_id}#{kind}#{number}#{k}",
        order_id=order.order_id,
        kind=kind,
        level=number,
        k=k,
        to=to,
        subject=subject,
        body=body,
        at=at,
    )


def _request(order: Order, kind: MessageKind, number: int) -> tuple[Recipients, str, str]:
    level = order.level(number)
    who = f"{isolated(order.requester)} for {isolated(order.customer)}"
    what = f"order {order.order_id} of {who}, {Money(order.total, order.currency)}"
    subject = {
        MessageKind.REQUEST_DECISION: "Please decide",
        MessageKind.REMIND: "Still waiting for your decision",
        MessageKind.ESCALATE: "Escalated to you",
    }[kind]
    by = f" by {level.deadline.isoformat()}" if level.deadline else ""
    body = f"Please approve or reject {what}{by}.\n#/orders/{order.order_id}"
    return _recipients(level, kind), f"{subject}: {what}", body


def _recipients(level: Level, kind: MessageKind) -> Recipients:
    if kind is MessageKind.ESCALATE and level.escalated_to is not None:
        return RoleMembers(frozenset({level.escalated_to}))
    return RoleMembers(level.deciding_roles)


def _outcome(order: Order) -> tuple[Recipients, str, str]:
    reason = f" {isolated(order.outcome_reason)}." if order.outcome_reason else ""
    subject = f"Order {order.order_id} is {order.status}"
    amount = Money(order.total, order.currency)
    return (
        OnePerson(order.requester),
        subject,
        f"{subject}: {isolated(order.customer)}, {amount}.{reason}\n#/orders/{order.order_id}",
    )
