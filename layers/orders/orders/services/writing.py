"""Read, judge, write: the one way in which every actor moves an order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orders.domain.errors import OrderNotFoundError, WriteConflictError
from orders.domain.model import Order, OrderId
from orders.domain.rules import Change
from orders.services.ports import OrderRepository, Pause

MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class OrderWriter:
    """Writes a judged change on the condition that the row has not changed since it was read."""

    orders: OrderRepository
    pause: Pause

    def read(self, order_id: OrderId) -> Order:
        """Return the row; raise OrderNotFoundError."""
        order = self.orders.get(order_id)
        if order is None:
            message = "There is no such order, or you may not see it."  # the words for one that exists elsewhere
            raise OrderNotFoundError(message)
        return order

    def apply(self, order_id: OrderId, judgement: Callable[[Order], Change | None]) -> Order:
        """Judge the current row, write the change, and return the row after it.

        `judgement` returns None when there is nothing to write, or raises a refusal. After a conflict, the row is read
        and judged again; after five tries WriteConflictError is raised.
        """
        for attempt in range(1, MAX_TRIES + 1):
            order = self.read(order_id)
            change = judgement(order)
            if change is None:
                return order
            try:
                self.orders.commit(change)
            except WriteConflictError:
                if attempt == MAX_TRIES:
                    raise
                self.pause(attempt)
            else:
                return change.after
        raise AssertionError  # the loop returns or raises
