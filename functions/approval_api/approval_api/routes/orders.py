"""Routes of orders: submit, list and read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.metrics import MetricUnit

from approval_api.description import NOTHING_NEW, TOKEN, answers
from approval_api.idempotency import answer_once
from approval_api.identity import Caller
from approval_api.requests import After, Cursor, IdempotencyKey, Limit, OrderPath, SubmissionBody
from approval_api.responses.executions import ExecutionView, execution_view
from approval_api.responses.orders import (
    AuditView,
    DocumentView,
    OrdersView,
    OrderView,
    audit_view,
    document_view,
    order_view,
)
from orders.domain.model import OrderId, Page, Person, Status
from orders.wiring import services

metrics = Metrics(namespace="Countersign")
router = APIGatewayHttpRouter()


@router.post(
    "/orders",
    status_code=HTTPStatus.ACCEPTED,
    summary="Submit an order",
    responses=answers(OrderView, 403, status=202, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def submit_order(body: Annotated[SubmissionBody, Body()], key: IdempotencyKey, caller: Caller) -> Response[OrderView]:
    """Submit an order and start its workflow. `Location` is the address of the order."""
    order = services().intake.submit(caller, key, body.submission())
    metrics.add_metric("OrdersSubmitted", MetricUnit.Count, 1)
    view = order_view(order, services().reading.actions(order, caller))
    headers = {"Location": f"/orders/{order.order_id}"}
    return Response(HTTPStatus.ACCEPTED, content_types.APPLICATION_JSON, view, headers)


@router.get("/orders", summary="List orders", responses=answers(OrdersView), security=TOKEN)
def list_orders(
    caller: Caller, *, status: Status | None = None, mine: bool = False, limit: Limit = 25, cursor: Cursor = None
) -> OrdersView:
    """List the orders that the caller may see, newest first. A short page can have a `nextCursor` too."""
    page = services().reading.page(caller, status=status, mine=mine, limit=limit, cursor=cursor)
    return page_view(page, caller)


@router.get(
    "/inbox", summary="List the orders that the caller may decide", responses=answers(OrdersView), security=TOKEN
)
def read_inbox(caller: Caller, limit: Limit = 25, cursor: Cursor = None) -> OrdersView:
    """List the orders that the caller may decide now, nearest deadline first."""
    return page_view(services().reading.inbox(caller, limit, cursor), caller)


def page_view(page: Page, caller: Person) -> OrdersView:
    """Return a page of orders with the actions that the caller may take."""
    reading = services().reading
    items = tuple(order_view(order, reading.actions(order, caller)) for order in page.orders)
    return OrdersView(items=items, next_cursor=page.cursor)


@router.get("/orders/<orderId>", summary="Read an order", responses=answers(OrderView, 404), security=TOKEN)
def read_order(order_id: OrderPath, caller: Caller) -> OrderView:
    """Return the order, with the actions that the caller may take now."""
    reading = services().reading
    order = reading.order(OrderId(order_id), caller)
    return order_view(order, reading.actions(order, caller))


@router.get(
    "/orders/<orderId>/document",
    summary="Read an order's document",
    responses=answers(DocumentView, 404),
    security=TOKEN,
)
def read_document(order_id: OrderPath, caller: Caller) -> DocumentView:
    """Return all lines with their prices, and the policy that was in force when the order was submitted."""
    return document_view(services().reading.document(OrderId(order_id), caller))


@router.get(
    "/orders/<orderId>/audit", summary="Read an order's audit", responses=answers(AuditView, 404), security=TOKEN
)
def read_audit(order_id: OrderPath, caller: Caller) -> AuditView:
    """Return the audit entries, oldest first."""
    return audit_view(services().reading.audit(OrderId(order_id), caller))


@router.get(
    "/orders/<orderId>/execution",
    summary="Read an order's execution history",
    responses=answers(ExecutionView, 404) | NOTHING_NEW,
    security=TOKEN,
)
def read_execution(order_id: OrderPath, caller: Caller, after: After = 0) -> Response[str | None]:
    """Return the operations since `after`, or 304. Poll again after `nextPollMs`; if it is null, stop polling."""
    timeline = services().reading.timeline(OrderId(order_id), caller, after)
    headers = {"ETag": f'"{timeline.cursor}"'}
    if timeline.cursor <= after:
        return Response(HTTPStatus.NOT_MODIFIED, headers=headers)
    body = execution_view(timeline).model_dump_json()
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, body, headers)
