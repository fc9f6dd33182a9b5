"""Orders in a book: placed, asked about, and moved by commands that are each committed."""

from datetime import datetime
from typing import Any

from orders.domain.approval import OpenLevel
from orders.domain.model import DocumentRef, LevelTerms, Order, OrderId, Page, Role
from orders.domain.rules import Change, Command
from orders.domain.submission import register
from orders.domain.table import judge
from orders.services.ports import OrderRepository
from tests.builders import NOON, a_document, at


def terms(role: Role, quorum: int = 1) -> LevelTerms:
    """A level of ten minutes."""
    return LevelTerms(role, quorum, window_seconds=600, reminder_seconds=120, escalation_seconds=300)


def registration(number: int = 1, *, arn: str | None = "arn:1", seconds: float = 0, **overrides: Any) -> Change:
    """The creation of an order that was submitted so many seconds after noon."""
    order_id = OrderId(f"order-{number:03}")
    document = a_document(order_id=order_id, submitted_at=at(seconds), **overrides)
    return register(document, DocumentRef(f"orders/{order_id}/document.json", "0" * 64, 500), arn)


def placed(orders: OrderRepository, number: int = 1, *, seconds: float = 0, **overrides: Any) -> Order:
    """An order in the book."""
    return orders.create(registration(number, seconds=seconds, **overrides))


def moved(orders: OrderRepository, order: Order, *commands: Command, now: datetime = NOON) -> Order:
    """The order after these commands, each committed."""
    for command in commands:
        change = judge(order, command, now)
        orders.commit(change)
        order = change.after
    return order


def asked(orders: OrderRepository, number: int = 1, *, seconds: float = 0, **overrides: Any) -> Order:
    """An order whose first level was opened so many seconds after noon."""
    order = placed(orders, number, seconds=seconds, **overrides)
    return moved(orders, order, OpenLevel(1, f"callback-{number}"), now=at(seconds))


def ids(page: Page) -> list[str]:
    """The orders of a page."""
    return [order.order_id for order in page.orders]
