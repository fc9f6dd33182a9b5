"""Reports of an order's outcome to the state machine that asked for the order."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.errors import OrderNotFoundError
from orders.domain.model import DocumentRef, Order, Status
from orders.services.ports import DocumentStore, OrderRepository, Tasks


@dataclass(frozen=True, slots=True)
class ReportingService:
    """Ends a task by its token, which is the idempotency key: a task ends once, and a second report has no effect."""

    orders: OrderRepository
    documents: DocumentStore
    tasks: Tasks

    def report_outcome(self, ref: DocumentRef) -> bool:
        """Report the outcome to the task that the document names; return whether the task still waited.

        The token is read from the document each time and is sent to the state machine only.
        """
        document = self.documents.read(ref)
        order = self.orders.get(document.order_id)
        if order is None:
            raise OrderNotFoundError(f"{document.order_id} has a document and no row.")
        return document.task_token is not None and self.answer(document.task_token, order)

    def answer(self, token: str, order: Order) -> bool:
        """Report an order's outcome to a task: success for COMPLETED, else a failure named after the status."""
        if not order.is_final:
            return False
        if order.status is Status.COMPLETED:
            return self.tasks.succeed(token, {"orderId": order.order_id, "status": order.status})
        return self.tasks.fail(token, order.status, order.outcome_reason or f"{order.order_id} is {order.status}")

    def refuse(self, token: str, error: str, cause: str) -> bool:
        """Report to a task that its request was refused, and why; return whether the task still waited."""
        return self.tasks.fail(token, error, cause)
