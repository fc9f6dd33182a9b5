"""Routes that end an approval: decide a level, withdraw an order."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.metrics import MetricUnit

from approval_api.description import TOKEN, answers
from approval_api.idempotency import answer_once
from approval_api.identity import Caller
from approval_api.requests import DecisionBody, IdempotencyKey, OrderPath, WithdrawalBody
from approval_api.responses.decisions import DecisionTakenView, decision_view
from approval_api.responses.orders import OrderView, order_view
from orders.domain.approval import Decide, Withdraw
from orders.domain.model import OrderId, Verdict
from orders.wiring import services

metrics = Metrics(namespace="Countersign")
router = APIGatewayHttpRouter()


@router.post(
    "/orders/<orderId>/decisions",
    summary="Approve or reject a level",
    responses=answers(DecisionTakenView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def decide(
    order_id: OrderPath, body: Annotated[DecisionBody, Body()], _key: IdempotencyKey, caller: Caller
) -> DecisionTakenView:
    """Record the caller's decision on a level. Repeating the same verdict returns the recorded decision."""
    command = Decide(caller, body.level, Verdict(body.verdict), body.reason)
    taken = services().approval.decide(OrderId(order_id), command)
    metrics.add_metric("DecisionsTaken", MetricUnit.Count, 1)
    return decision_view(taken)


@router.post(
    "/orders/<orderId>/withdrawal",
    summary="Withdraw an order",
    responses=answers(OrderView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def withdraw(
    order_id: OrderPath, body: Annotated[WithdrawalBody, Body()], _key: IdempotencyKey, caller: Caller
) -> OrderView:
    """Withdraw the caller's own order, until its charge begins."""
    order = services().approval.withdraw(OrderId(order_id), Withdraw(caller, body.reason))
    return order_view(order, services().reading.actions(order, caller))
