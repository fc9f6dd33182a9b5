"""The routes. Each parses (its signature says what), calls one service and renders; errors become problems below.

The function has a second way in, the intake queue: see `intake_queue`.
"""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_api import description
from approval_api.description import NOTHING_NEW, TOKEN, answers
from approval_api.idempotency import answer_once
from approval_api.identity import Caller
from approval_api.problems import MEDIA_TYPE, MethodNotAllowedError, NoSuchRouteError, problem_of
from approval_api.requests import (
    ORDER_ID,
    After,
    Cursor,
    DecisionBody,
    HeartbeatBody,
    IdempotencyKey,
    Limit,
    OperationBody,
    OrderPath,
    PickingResultBody,
    SubmissionBody,
    WithdrawalBody,
    check_media,
    parse_json,
    with_plain_media,
)
from approval_api.responses import (
    AuditView,
    CatalogueView,
    DecisionTakenView,
    DocumentView,
    ExecutionView,
    HealthView,
    MeView,
    OrdersView,
    OrderView,
    PickingListView,
    PickingView,
    PolicyView,
    audit_view,
    catalogue_view,
    decision_view,
    document_view,
    execution_view,
    me_view,
    order_view,
    picking_view,
    policy_view,
)
from orders.domain.approval import Decide, Withdraw
from orders.domain.errors import CountersignError
from orders.domain.model import Order, OrderId, Page, Person, Status, Verdict
from orders.domain.picking import ReportPicking
from orders.wiring import services

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
PUBLISHED = "private, max-age=300"  # the same for everybody until the next deployment

logger = Logger()
metrics = Metrics(namespace="Countersign")
app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=parse_json)


# --- orders -----------------------------------------------------------------------------------------------------------


@app.post(
    "/orders",
    status_code=HTTPStatus.ACCEPTED,
    summary="Submit an order",
    responses=answers(OrderView, 403, status=202, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def submit_order(body: Annotated[SubmissionBody, Body()], key: IdempotencyKey, caller: Caller) -> Response[OrderView]:
    """Take an order. The answer says that its workflow has been started; follow `Location` to see it move."""
    order = services().intake.submit(caller, key, body.submission())
    metrics.add_metric("OrdersSubmitted", MetricUnit.Count, 1)
    view = order_view(order, services().reading.actions(order, caller))
    headers = {"Location": f"/orders/{order.order_id}"}
    return Response(HTTPStatus.ACCEPTED, content_types.APPLICATION_JSON, view, headers)


@app.get("/orders", summary="List orders, newest first", responses=answers(OrdersView), security=TOKEN)
def list_orders(
    caller: Caller, *, status: Status | None = None, mine: bool = False, limit: Limit = 25, cursor: Cursor = None
) -> OrdersView:
    """List what the caller may see. A page can be shorter than `limit` and still go on at `nextCursor`."""
    page = services().reading.page(caller, status=status, mine=mine, limit=limit, cursor=cursor)
    return page_view(page, caller)


@app.get("/inbox", summary="What the caller may decide now", responses=answers(OrdersView), security=TOKEN)
def read_inbox(caller: Caller, limit: Limit = 25, cursor: Cursor = None) -> OrdersView:
    """List the orders that wait for this person, the nearest deadline first."""
    return page_view(services().reading.inbox(caller, limit, cursor), caller)


def page_view(page: Page, caller: Person) -> OrdersView:
    """Return a page of orders as the caller sees them."""
    reading = services().reading
    items = tuple(order_view(order, reading.actions(order, caller)) for order in page.orders)
    return OrdersView(items=items, next_cursor=page.cursor)


@app.get("/orders/<orderId>", summary="One order", responses=answers(OrderView, 404), security=TOKEN)
def read_order(order_id: OrderPath, caller: Caller) -> OrderView:
    """Return the order and what the caller may do with it now."""
    reading = services().reading
    order = reading.order(OrderId(order_id), caller)
    return order_view(order, reading.actions(order, caller))


@app.get("/orders/<orderId>/document", summary="The whole order", responses=answers(DocumentView, 404), security=TOKEN)
def read_document(order_id: OrderPath, caller: Caller) -> DocumentView:
    """Return every line with its price, and the policy as it was when the order was taken."""
    return document_view(services().reading.document(OrderId(order_id), caller))


@app.get("/orders/<orderId>/audit", summary="Who did what", responses=answers(AuditView, 404), security=TOKEN)
def read_audit(order_id: OrderPath, caller: Caller) -> AuditView:
    """Return the audit, oldest first."""
    return audit_view(services().reading.audit(OrderId(order_id), caller))


@app.get(
    "/orders/<orderId>/execution",
    summary="What its workflow did",
    responses=answers(ExecutionView, 404) | NOTHING_NEW,
    security=TOKEN,
)
def read_execution(order_id: OrderPath, caller: Caller, after: After = 0) -> Response[str | None]:
    """Return what is new since `after`; 304 when nothing is. Ask again after `nextPollMs`; null means never again."""
    timeline = services().reading.timeline(OrderId(order_id), caller, after)
    headers = {"ETag": f'"{timeline.cursor}"'}
    if timeline.cursor <= after:
        return Response(HTTPStatus.NOT_MODIFIED, headers=headers)
    body = execution_view(timeline).model_dump_json()
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, body, headers)


# --- decisions --------------------------------------------------------------------------------------------------------


@app.post(
    "/orders/<orderId>/decisions",
    summary="Approve or reject a level",
    responses=answers(DecisionTakenView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def decide(
    order_id: OrderPath, body: Annotated[DecisionBody, Body()], _key: IdempotencyKey, caller: Caller
) -> DecisionTakenView:
    """Take the caller's word on one level; the same word again returns the decision that stands."""
    command = Decide(caller, body.level, Verdict(body.verdict), body.reason)
    taken = services().approval.decide(OrderId(order_id), command)
    metrics.add_metric("DecisionsTaken", MetricUnit.Count, 1)
    return decision_view(taken)


@app.post(
    "/orders/<orderId>/withdrawal",
    summary="Take an order back",
    responses=answers(OrderView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def withdraw(
    order_id: OrderPath, body: Annotated[WithdrawalBody, Body()], _key: IdempotencyKey, caller: Caller
) -> OrderView:
    """Withdraw the caller's own order; possible until it is being charged."""
    order = services().approval.withdraw(OrderId(order_id), Withdraw(caller, body.reason))
    return order_view(order, services().reading.actions(order, caller))


# --- picking ----------------------------------------------------------------------------------------------------------


@app.get("/picking", summary="What is to be picked", responses=answers(PickingListView, 403), security=TOKEN)
def read_picking(caller: Caller, limit: Limit = 25, cursor: Cursor = None) -> PickingListView:
    """List the jobs that are open or claimed, the oldest first; for the warehouse."""
    page = services().picking.jobs(caller, limit, cursor)
    return PickingListView(items=tuple(job_of(order) for order in page.orders), next_cursor=page.cursor)


@app.post(
    "/orders/<orderId>/picking/heartbeat",
    summary="Claim a job, or keep it",
    responses=answers(PickingView, 403, 404, post=True),
    security=TOKEN,
)
def beat(order_id: OrderPath, body: Annotated[HeartbeatBody, Body()], caller: Caller) -> PickingView:
    """Give a sign of life; the first one claims the job. Beats are no requests to repeat: they carry no key."""
    return job_of(services().picking.beat(OrderId(order_id), caller, body.job), body.job)


@app.post(
    "/orders/<orderId>/picking/result",
    summary="Say what became of a job",
    responses=answers(PickingView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def report(
    order_id: OrderPath, body: Annotated[PickingResultBody, Body()], _key: IdempotencyKey, caller: Caller
) -> PickingView:
    """Report a job of the caller's as picked or failed."""
    command = ReportPicking(caller, body.job, body.outcome == "picked", body.reason)
    return job_of(services().picking.report(OrderId(order_id), command), body.job)


def job_of(order: Order, number: int | None = None) -> PickingView:
    """Return one of an order's jobs, the last one unless told which."""
    picking = services().picking
    job = order.jobs[(number or len(order.jobs)) - 1]
    return picking_view(order, job, picking.lines(order), services().catalogue)


# --- operators --------------------------------------------------------------------------------------------------------


@app.post(
    "/orders/<orderId>/stop",
    summary="Stop an order's workflow",
    responses=answers(OrderView, 403, 404, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def stop(
    order_id: OrderPath, body: Annotated[OperationBody, Body()], _key: IdempotencyKey, caller: Caller
) -> OrderView:
    """Stop the execution. Nothing is undone by that; the order is held until an operator recovers it."""
    order = services().operating.stop(OrderId(order_id), caller, body.reason)
    return order_view(order, services().reading.actions(order, caller))


@app.post(
    "/orders/<orderId>/recovery",
    status_code=HTTPStatus.ACCEPTED,
    summary="Undo what a lost workflow did",
    responses=answers(OrderView, 403, 404, status=202, post=True),
    security=TOKEN,
    middlewares=[answer_once],
)
def recover(
    order_id: OrderPath, body: Annotated[OperationBody, Body()], _key: IdempotencyKey, caller: Caller
) -> Response[OrderView]:
    """Start the execution that only undoes, for an order that is held; one that runs already is returned."""
    order = services().operating.recover(OrderId(order_id), caller, body.reason)
    view = order_view(order, services().reading.actions(order, caller))
    return Response(HTTPStatus.ACCEPTED, content_types.APPLICATION_JSON, view)


# --- what everybody may know ------------------------------------------------------------------------------------------


@app.get(
    "/catalogue",
    summary="What can be ordered",
    responses=answers(CatalogueView),
    security=TOKEN,
    cache_control=PUBLISHED,
)
def read_catalogue() -> CatalogueView:
    """Return every good with its price in cents."""
    return catalogue_view(services().catalogue)


@app.get(
    "/policy", summary="Who must approve what", responses=answers(PolicyView), security=TOKEN, cache_control=PUBLISHED
)
def read_policy() -> PolicyView:
    """Return the tiers by total."""
    return policy_view(services().policy)


@app.get("/me", summary="Who calls", responses=answers(MeView), security=TOKEN)
def read_me(caller: Caller) -> MeView:
    """Return the caller as the token names them."""
    return me_view(caller)


@app.get("/health", summary="Whether the API is up", responses=answers(HealthView))
def read_health() -> HealthView:
    """Answer when every service can be built from the configuration; needs no token and reads no data."""
    services()
    return HealthView(status="ok")


@app.get(
    "/openapi.json",
    summary="This description",
    responses=answers(dict[str, Any]),
    security=TOKEN,
    cache_control=PUBLISHED,
)
def read_description() -> dict[str, Any]:
    """Return the OpenAPI description of every route, generated from this module."""
    return described().model_dump(mode="json", by_alias=True, exclude_none=True)


@cache
def described() -> OpenAPI:
    """Return the API's description, made once in a process."""
    return app.get_openapi_schema(
        title=description.TITLE,
        version=description.VERSION,
        summary=description.SUMMARY,
        security_schemes=description.SECURITY_SCHEMES,
    )


# --- problems, and the way in -----------------------------------------------------------------------------------------


def refuse_address(_: NotFoundError) -> Response[str]:
    """Refuse what no route of ours is for, though API Gateway found one: an id of odd characters."""
    return refuse(unroutable(app.current_event.http_method, app.current_event.path))


def unroutable(method: str, path: str) -> CountersignError:
    """Tell an unknown address from a wrong method."""
    allowed = description.methods_at(path, described().paths or {})
    if allowed and method not in allowed:
        return MethodNotAllowedError(allowed)
    return NoSuchRouteError("There is nothing at this address; GET /openapi.json lists what there is.")


def refuse(error: Exception) -> Response[str]:
    """Answer with the problem that the error is; only a defect is logged with its trace."""
    problem = problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("unforeseen error", exc_info=error)
    logger.append_keys(problem=problem.code)
    trace_id = app.current_event.request_context.request_id
    return Response(problem.status, MEDIA_TYPE, problem.body(trace_id), problem.headers)


app.not_found(refuse_address)
app.exception_handler(Exception)(refuse)


@metrics.log_metrics
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP request (payload version 2.0), or take a batch of the intake queue."""
    if "Records" not in event:
        return answer_request(event, context)
    from approval_api.intake_queue import take_batch  # noqa: PLC0415  # no request waits for what only the queue needs

    return take_batch(event, context)


def answer_request(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP request."""
    answer = refused_unread(event) or app.resolve(with_plain_media(event), context)
    answer["headers"] = {**HEADERS, **answer["headers"]}
    status = int(answer["statusCode"])
    metrics.add_metric(f"Answers{status // 100}xx", MetricUnit.Count, 1)
    order = re.search(ORDER_ID, answer["headers"].get("Location", event["rawPath"]))
    logger.info(
        "answered",
        extra={"route": event["routeKey"], "status": status, "order_id": order.group() if order else None},
    )
    return answer


def check_route(event: dict[str, Any]) -> None:
    """Refuse an address with an encoded slash, and what API Gateway found no route for.

    API Gateway compares the path as it was sent and hands it over decoded. `/orders%2FID` then looks like a route of
    ours whose authorizer was never asked, and `/orders/ID%2Faudit` like another route than the one it found.
    """
    if event["routeKey"].count("/") != event["rawPath"].count("/"):  # `$default` has none
        raise unroutable(event["requestContext"]["http"]["method"], event["rawPath"])


def refused_unread(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the refusal of a request without a route or with a body that cannot be read, None for all others."""
    try:
        check_route(event)
        check_media(event)
    except CountersignError as error:
        problem = problem_of(error)
        logger.append_keys(problem=problem.code)
        headers = {"Content-Type": MEDIA_TYPE, **problem.headers}
        body = problem.body(event["requestContext"]["requestId"])
        return {"statusCode": problem.status, "headers": headers, "body": body, "isBase64Encoded": False}
    return None
