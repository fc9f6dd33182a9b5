"""Messages to people. The outbox writes each message once by its key; the topic delivers it at least once."""

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
    """Writes, then publishes: the workflow asks for each message, AWS's status events for those it could not send."""

    writer: OrderWriter
    outbox: Outbox
    publisher: Publisher
    clock: Clock

    def send(self, order_id: OrderId, kind: MessageKind, level: int, k: int) -> Message:
        """Send message number `k` of this kind about a level (0 for the outcome); a repeat sends nothing new.

        A held order has no outcome yet, so the message about the outcome becomes one of kind HELD; the outcome follows.
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
        """Hold the order of an execution that ended without closing it.

        A final row stays as it is; the outcome is sent in case the execution ended before sending it.
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
