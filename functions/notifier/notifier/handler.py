"""The notifier function: invoked by the workflow for each message, and by status events of its executions."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from notifier.messages import SendMessage, StatusChange, parse
from orders.domain.errors import OrderNotFoundError
from orders.wiring import services

UNSUCCESSFUL = frozenset({"FAILED", "TIMED_OUT", "STOPPED"})


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Send the message, or update the order of an ended execution. Repeated and reordered events are safe."""
    request = parse(event)
    logger = Logger(service="notifier")
    logger.info("request received", extra={"order_id": request.order_id, "request": type(request).__name__})
    if isinstance(request, SendMessage):
        message = services().notification.send(request.order_id, request.kind, request.level, request.k)
        return {"key": message.key}
    return follow(request, logger)


def follow(change: StatusChange, logger: Logger) -> dict[str, str]:
    """Hold the order of an unsuccessful execution; send a missing outcome after a success; ignore unknown orders."""
    try:
        if change.status in UNSUCCESSFUL:
            order = services().notification.execution_lost(change.order_id, change.status)
            return {"orderId": order.order_id, "status": order.status}
        if change.status == "SUCCEEDED":
            services().notification.execution_succeeded(change.order_id)
    except OrderNotFoundError:
        logger.warning("execution without an order", extra={"order_id": change.order_id})
    return {"orderId": change.order_id, "status": change.status}
