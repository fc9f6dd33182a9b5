"""Routes of operators: stop an execution, start a recovery."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from approval_api.description import TOKEN, answers
from approval_api.idempotency import answer_once
from approval_api.identity import Caller
from approval_api.requests import IdempotencyKey, OperationBody, OrderPath
from approval_api.responses.orders import OrderView, order_view
from orders.domain.model import OrderId
from orders.wiring import services

router = APIGatewayHttpRouter()


@router.post(
    "/orders/<orderId>/stop",
    summary="Stop an order's workflow",
    responses=answers(OrderView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def stop(
    order_id: OrderPath, body: Annotated[OperationBody, Body()], _key: IdempotencyKey, caller: Caller
) -> OrderView:
    """Stop the execution. This undoes nothing: the order is held until an operator recovers it."""
    order = services().operating.stop(OrderId(order_id), caller, body.reason)
    return order_view(order, services().reading.actions(order, caller))


@router.post(
    "/orders/<orderId>/recovery",
    status_code=HTTPStatus.ACCEPTED,
    summary="Recover a held order",
    responses=answers(OrderView, 403, 404, status=202, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def recover(
    order_id: OrderPath, body: Annotated[OperationBody, Body()], _key: IdempotencyKey, caller: Caller
) -> Response[OrderView]:
    """Start the recovery execution of a held order. A second call while it runs returns the same order."""
    order = services().operating.recover(OrderId(order_id), caller, body.reason)
    view = order_view(order, services().reading.actions(order, caller))
    return Response(HTTPStatus.ACCEPTED, content_types.APPLICATION_JSON, view)
