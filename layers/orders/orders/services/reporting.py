"""Telling the state machine that asked for an order what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.errors import OrderNotFoundError
from orders.domain.model import DocumentRef, Order, Status
from orders.services.ports import DocumentStore, OrderRepository, Tasks


@dataclass(frozen=True, slots=True)
class ReportingService:
    """Ends a task by its token, which is its key: a task ends once, and hears nothing of a second report."""

    orders: OrderRepository
    documents: DocumentStore
    tasks: Tasks

    def report_outcome(self, ref: DocumentRef) -> bool:
        """Tell the task that the document names how its order ended; return whether it still waited.

        The token is read from the document each time, and goes nowhere from here but to the state machine.
        """
        document = self.documents.read(ref)
        order = self.orders.get(document.order_id)
        if order is None:
            raise OrderNotFoundError(f"{document.order_id} has a document and no row.")
        return document.task_token is not None and self.answer(document.task_token, order)

    def answer(self, token: str, order: Order) -> bool:
        """Tell a task how an order ended: success for a completed one, else a failure named after its status."""
        if not order.is_final:
            return False
        if order.status is Status.COMPLETED:
            return self.tasks.succeed(token, {"orderId": order.order_id, "status": order.status})
        return self.tasks.fail(token, order.status, order.outcome_reason or f"{order.order_id} is {order.status}")

    def refuse(self, token: str, error: str, cause: str) -> bool:
        """Tell a task that what it asked for will not be done, and why; return whether it still waited."""
        return self.tasks.fail(token, error, cause)
