"""Messages to people: who is told what, in which words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orders.domain.model import Level, Order, OrderId, Role
from orders.domain.texts import isolated


class MessageKind(StrEnum):
    """Why a message is sent; the values are part of its key."""

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
    """One message to people. `key` is `orderId#kind#level#k`: however often sent, it is one outbox item."""

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
    """Return message number `k` of this kind about a level, as it is sent."""
    about_the_end = kind in {MessageKind.OUTCOME, MessageKind.HELD}
    to, subject, body = _tell(order) if about_the_end else _ask(order, kind, number)
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


def money(amount: int, currency: str) -> str:
    """Return cents as people write them: `1,234.50 EUR`."""
    return f"{amount // 100:,}.{amount % 100:02} {currency}"


def _ask(order: Order, kind: MessageKind, number: int) -> tuple[Recipients, str, str]:
    level = order.level(number)
    who = f"{isolated(order.requester)} for {isolated(order.customer)}"
    what = f"order {order.order_id} of {who}, {money(order.total, order.currency)}"
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


def _tell(order: Order) -> tuple[Recipients, str, str]:
    reason = f" {isolated(order.outcome_reason)}." if order.outcome_reason else ""
    subject = f"Order {order.order_id} is {order.status}"
    amount = money(order.total, order.currency)
    return (
        OnePerson(order.requester),
        subject,
        f"{subject}: {isolated(order.customer)}, {amount}.{reason}\n#/orders/{order.order_id}",
    )
