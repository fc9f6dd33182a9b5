"""Read, judge, write: how every move of an order is made, whoever makes it."""

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
    """Applies one judgement to a row under the condition that nobody wrote in between."""

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
        """Write what `judgement` makes of the present row, and return the row afterwards.

        `judgement` returns None when there is nothing left to do, or raises a refusal. A conflict re-reads and judges
        again, so a settled row is answered at once; after five tries WriteConflictError is raised.
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
