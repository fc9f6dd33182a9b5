"""Routes of the warehouse: list picking jobs, claim one, report its result."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from approval_api.description import TOKEN, answers
from approval_api.idempotency import answer_once
from approval_api.identity import Caller
from approval_api.requests import Cursor, HeartbeatBody, IdempotencyKey, Limit, OrderPath, PickingResultBody
from approval_api.responses.picking import PickingListView, PickingView, picking_view
from orders.domain.model import Order, OrderId
from orders.domain.picking import ReportPicking
from orders.wiring import services

router = APIGatewayHttpRouter()


@router.get("/picking", summary="List picking jobs", responses=answers(PickingListView, 403), security=TOKEN)
def read_picking(caller: Caller, limit: Limit = 25, cursor: Cursor = None) -> PickingListView:
    """List open and claimed jobs, oldest first."""
    page = services().picking.jobs(caller, limit, cursor)
    return PickingListView(items=tuple(job_of(order) for order in page.orders), next_cursor=page.cursor)


@router.post(
    "/orders/<orderId>/picking/heartbeat",
    summary="Send a heartbeat for a picking job",
    responses=answers(PickingView, 403, 404, post=True),
    security=TOKEN,
)
def beat(order_id: OrderPath, body: Annotated[HeartbeatBody, Body()], caller: Caller) -> PickingView:
    """Claim a job or keep it alive. Heartbeats are not idempotent requests, so they take no Idempotency-Key."""
    return job_of(services().picking.beat(OrderId(order_id), caller, body.job), body.job)


@router.post(
    "/orders/<orderId>/picking/result",
    summary="Report the result of a picking job",
    responses=answers(PickingView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def report(
    order_id: OrderPath, body: Annotated[PickingResultBody, Body()], _key: IdempotencyKey, caller: Caller
) -> PickingView:
    """Report a job that the caller claimed as picked or failed."""
    command = ReportPicking(caller, body.job, body.outcome == "picked", body.reason)
    return job_of(services().picking.report(OrderId(order_id), command), body.job)


def job_of(order: Order, number: int | None = None) -> PickingView:
    """Return job `number` of an order, by default its last job."""
    picking = services().picking
    job = order.jobs[(number or len(order.jobs)) - 1]
    return picking_view(order, job, picking.lines(order), services().catalogue)
