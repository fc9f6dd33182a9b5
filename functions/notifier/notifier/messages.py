"""The two events the notifier understands, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orders.domain.executions import order_of_execution
from orders.domain.messages import MessageKind
from orders.domain.model import OrderId

STATUS_CHANGE = "Durable Execution Status Change"


@dataclass(frozen=True, slots=True)
class SendMessage:
    """The workflow asks for one message; `k` numbers messages of a kind on a level."""

    order_id: OrderId
    kind: MessageKind
    level: int
    k: int


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A durable execution has ended. The event carries no result: read the order."""

    order_id: OrderId
    status: str


def parse(event: Mapping[str, Any]) -> SendMessage | StatusChange:
    """Return what the event says; raise ValueError or KeyError for one that nobody should have sent."""
    if event.get("detail-type") == STATUS_CHANGE:
        detail = event["detail"]
        return StatusChange(order_of_execution(detail["durableExecutionName"]), detail["status"])
    return SendMessage(OrderId(event["orderId"]), MessageKind(event["kind"]), int(event["level"]), int(event["k"]))
