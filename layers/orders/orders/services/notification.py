"""Telling people. A message is its outbox item, written once by key; publishing it is at least once."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.messages import Message, MessageKind, message_about
from orders.domain.model import Order, OrderId, Status
from orders.domain.recovery import NeedAttention
from orders.domain.rules import Change
from orders.domain.table import judge
from orders.domain.usernames import NOTIFIER
from orders.services.ports import Clock, Outbox, Publisher
from orders.services.writing import OrderWriter


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
        message = message_about(order, kind, level, k, self.clock.now())
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
