"""The two events that the notifier accepts, parsed strictly."""

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
    """A request of the workflow for one message; `k` is its number among those of its kind on a level."""

    order_id: OrderId
    kind: MessageKind
    level: int
    k: int


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The end of a durable execution. The event has no result; the order has it."""

    order_id: OrderId
    status: str


def parse(event: Mapping[str, Any]) -> SendMessage | StatusChange:
    """Return the request in an event; raise ValueError or KeyError for an invalid one."""
    if event.get("detail-type") == STATUS_CHANGE:
        detail = event["detail"]
        return StatusChange(order_of_execution(detail["durableExecutionName"]), detail["status"])
    return SendMessage(OrderId(event["orderId"]), MessageKind(event["kind"]), int(event["level"]), int(event["k"]))
