"""The views of the page as its tests walk through them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.samples import NEEDS_ATTENTION, ORDER_ID


@dataclass(frozen=True, slots=True)
class View:
    """Where it is, its heading, what shows that it is complete, what it asks for first, and who looks at it."""

    address: str
    heading: str
    proof: str
    request: str
    who: str = "requester-1"


ALL = {
    "orders": View("#/orders", "Orders", "Waiting for approval", "GET /orders"),
    "new": View("#/new", "New order", "Place order", "GET /catalogue"),
    "order": View(f"#/orders/{ORDER_ID}", "Order o3x7kq2mf", "open-level", f"GET /orders/{ORDER_ID}"),
    "history": View(
        f"#/orders/{ORDER_ID}/history", "History of o3x7kq2mf", "Save as JSON", f"GET /orders/{ORDER_ID}/execution"
    ),
    "inbox": View("#/inbox", "Inbox", "Approve", "GET /inbox", "manager-1"),
    "picking": View("#/picking", "Warehouse station", "Cannot be picked", "GET /picking", "warehouse-1"),
    "attention": View("#/attention", "Attention", "Recover", NEEDS_ATTENTION, "operator-1"),
    "outbox": View("#/outbox", "Outbox", "Please decide", "GET /local/outbox"),
}
