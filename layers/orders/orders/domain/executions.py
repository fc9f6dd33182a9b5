"""Names of durable executions: `{orderId}` for an order's own, `{orderId}-r{n}` for its recovery number n."""

from __future__ import annotations

from orders.domain.model import OrderId

_RECOVERY = "-r"


def recovery_name(order_id: OrderId, number: int) -> str:
    """Return the name of an order's recovery execution."""
    return f"{order_id}{_RECOVERY}{number}"


def order_of_execution(name: str) -> OrderId:
    """Return the order that an execution belongs to; order ids contain no hyphen."""
    return OrderId(name.partition(_RECOVERY)[0])
