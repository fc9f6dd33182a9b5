"""The moves that close an order or lead it to its end, made by the workflow."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.charging import BeginCharge, BeginCoolingOff, Complete, Fail, Refuse
from orders.domain.errors import OrderFencedError, TransientFaultError
from orders.domain.model import Order, OrderId, Status
from orders.domain.recovery import NeedAttention, Recover
from orders.domain.refusals import TransitionRefusedError
from orders.domain.rules import Change, Command
from orders.domain.table import judge
from orders.domain.usernames import WORKFLOW
from orders.services.ports import Clock, DocumentStore
from orders.services.writing import OrderWriter


@dataclass(frozen=True, slots=True)
class ClosingService:
    """The workflow's moves of an order outside approval and picking, each one conditional write."""

    writer: OrderWriter
    documents: DocumentStore
    clock: Clock

    def begin_cooling_off(self, order_id: OrderId) -> bool:
        """Begin the cooling-off period; return False when the requester has withdrawn the order."""
        order = self._move(order_id, BeginCoolingOff(), {Status.COOLING_OFF, Status.WITHDRAWN})
        return order.status is Status.COOLING_OFF

    def recover(self, order_id: OrderId) -> Order:
        """Close a held order after every undo is confirmed."""
        return self._move(order_id, Recover("Undone by a recovery"), {Status.FAILED})

    def begin_charge(self, order_id: OrderId) -> bool:
        """Pass the point of no return; return False when the requester has withdrawn the order."""
        order = self._move(order_id, BeginCharge(), {Status.CHARGING, Status.WITHDRAWN})
        return order.status is Status.CHARGING

    def complete(self, order_id: OrderId) -> Order:
        """Write the receipt, then close the row."""
        order = self.writer.read(order_id)
        self.documents.put_receipt(order_id, receipt_of(order))
        return self._move(order_id, Complete(), {Status.COMPLETED})

    def refuse(self, order_id: OrderId, reason: str) -> Order:
        """Close an order that was refused before approval; do nothing when the requester has withdrawn it."""
        return self._move(order_id, Refuse(reason), {Status.REFUSED, Status.WITHDRAWN})

    def fail(self, order_id: OrderId, reason: str) -> Order:
        """Close an order whose charge or picking failed, after every effect is undone."""
        return self._move(order_id, Fail(reason), {Status.FAILED})

    def hold(self, order_id: OrderId, reason: str) -> Order:
        """Hold an order whose effects are uncertain."""
        return self._move(order_id, NeedAttention(reason, WORKFLOW), {Status.NEEDS_ATTENTION})

    def _move(self, order_id: OrderId, command: Command, already: set[Status]) -> Order:
        """Apply `command` unless the order is in a state of `already`; a retry finds its own earlier write there."""

        def judgement(order: Order) -> Change | None:
            if order.status in already:
                return None
            try:
                return judge(order, command, self.clock.now())
            except TransitionRefusedError as refusal:
                if refusal.code == "not-due":  # two clocks differ slightly; try again in a second
                    raise TransientFaultError(refusal.detail) from refusal
                raise OrderFencedError(refusal.detail) from refusal

        return self.writer.apply(order_id, judgement)


def receipt_of(order: Order) -> dict[str, object]:
    """Return the receipt, computed from the row only, so that every try writes the same bytes."""
    return {
        "orderId": order.order_id,
        "customer": order.customer,
        "currency": order.currency,
        "total": order.total,
        "documentSha256": order.document.sha256,
        "approvals": [
            {"level": level.number, "by": decision.by, "at": decision.at.isoformat()}
            for level in order.levels
            for decision in level.decisions
        ],
    }
