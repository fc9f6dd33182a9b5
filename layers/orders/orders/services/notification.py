"""Telling people. A message is its outbox item, written once by key; publishing it is at least once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orders.domain.commands import NeedAttention
from orders.domain.model import Level, Order, OrderId, Status
from orders.domain.refusals import level_of
from orders.domain.texts import isolated
from orders.domain.transitions import Change, judge
from orders.domain.usernames import NOTIFIER
from orders.services.ports import Clock, Message, Outbox, Publisher
from orders.services.writing import OrderWriter


class MessageKind(StrEnum):
    """Why a message is sent; the values are part of its key."""

    REQUEST_DECISION = "request-decision"
    REMIND = "remind"
    ESCALATE = "escalate"
    OUTCOME = "outcome"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class NotificationService:
    """Writes, then publishes. Called by the workflow for each message, and by status events for what went missing."""

    writer: OrderWriter
    outbox: Outbox
    publisher: Publisher
    clock: Clock

    def send(self, order_id: OrderId, kind: MessageKind, level: int, k: int) -> Message:
        """Send message number `k` of this kind about a level (0 for the outcome); a repeat sends nothing new.

        An order that is held has no outcome yet: being told that is a message of its own, and the outcome is to come.
        """
        order = self.writer.read(order_id)
        if kind is MessageKind.OUTCOME and order.status is Status.NEEDS_ATTENTION:
            kind = MessageKind.HELD
        message = self._compose(order, kind, level, k)
        if self.outbox.record(message):
            self.publisher.publish(message)
            self.outbox.mark_published(message)
        return message

    def execution_succeeded(self, order_id: OrderId) -> None:
        """Send the outcome if the workflow could not."""
        if self.writer.read(order_id).is_final:
            self.send(order_id, MessageKind.OUTCOME, 0, 0)

    def execution_lost(self, order_id: OrderId, status: str) -> Order:
        """Fence the order of an execution that ended without closing it.

        A final row stays as it is, and the requester is told if the execution ended before it could do so.
        """
        reason = f"The workflow ended {status} before the order was closed; an operator must look."

        def judgement(order: Order) -> Change | None:
            if order.is_final or order.status is Status.NEEDS_ATTENTION:
                return None
            return judge(order, NeedAttention(reason, NOTIFIER), self.clock.now())

        order = self.writer.apply(order_id, judgement)
        if order.is_final:
            self.send(order_id, MessageKind.OUTCOME, 0, 0)
        return order

    def _compose(self, order: Order, kind: MessageKind, number: int, k: int) -> Message:
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
            at=self.clock.now(),
        )


def money(amount: int, currency: str) -> str:
    """Return cents as people write them: `1,234.50 EUR`."""
    return f"{amount // 100:,}.{amount % 100:02} {currency}"


def _ask(order: Order, kind: MessageKind, number: int) -> tuple[str, str, str]:
    level = level_of(order, number)
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


def _recipients(level: Level, kind: MessageKind) -> str:
    if kind is MessageKind.ESCALATE and level.escalated_to is not None:
        return level.escalated_to
    return ",".join(sorted(level.deciding_roles))


def _tell(order: Order) -> tuple[str, str, str]:
    reason = f" {isolated(order.outcome_reason)}." if order.outcome_reason else ""
    subject = f"Order {order.order_id} is {order.status}"
    amount = money(order.total, order.currency)
    return (
        order.requester,
        subject,
        f"{subject}: {isolated(order.customer)}, {amount}.{reason}\n#/orders/{order.order_id}",
    )
