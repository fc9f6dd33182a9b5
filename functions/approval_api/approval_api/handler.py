"""Entry point of the function: HTTP requests go to the routes, batches of the intake queue to `intake_queue`.

Errors of a route become problem documents here.
"""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_api import description
from approval_api.description import PUBLISHED, TOKEN, answers
from approval_api.problems import MEDIA_TYPE, MethodNotAllowedError, NoSuchRouteError, problem_of
from approval_api.requests import ORDER_ID, check_media, parse_json, with_plain_media
from approval_api.routes import ROUTERS
from orders.domain.errors import CountersignError

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

logger = Logger()
metrics = Metrics(namespace="Countersign")
app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=parse_json)
for router in ROUTERS:
    app.include_router(router)


@app.get(
    "/openapi.json",
    summary="Read the OpenAPI description",
    responses=answers(dict[str, Any]),
    security=TOKEN,
    cache_control=PUBLISHED,
)
def read_description() -> dict[str, Any]:
    """Return the OpenAPI description of every route, generated from the code."""
    return described().model_dump(mode="json", by_alias=True, exclude_none=True)


@cache
def described() -> OpenAPI:
    """Return the API's description; built once per process."""
    return app.get_openapi_schema(
        title=description.TITLE,
        version=description.VERSION,
        summary=description.SUMMARY,
        security_schemes=description.SECURITY_SCHEMES,
    )


def refuse_address(_: NotFoundError) -> Response[str]:
    """Refuse a path that API Gateway matched and the resolver did not, such as an id with unusual characters."""
    return refuse(unroutable(app.current_event.http_method, app.current_event.path))


def unroutable(method: str, path: str) -> CountersignError:
    """Return the error for a path without a route: 405 for a wrong method, else 404."""
    allowed = description.methods_at(path, description.route_keys(described()))
    if allowed and method not in allowed:
        return MethodNotAllowedError(allowed)
    return NoSuchRouteError("This path does not exist. GET /openapi.json lists the routes.")


def refuse(error: Exception) -> Response[str]:
    """Return the problem response for an error. Only unexpected errors are logged with their traceback."""
    problem = problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("unexpected error", exc_info=error)
    logger.append_keys(problem=problem.code)
    trace_id = app.current_event.request_context.request_id
    return Response(problem.status, MEDIA_TYPE, problem.body(trace_id), problem.headers)


app.not_found(refuse_address)
app.exception_handler(Exception)(refuse)


@metrics.log_metrics
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP request (payload format 2.0), or consume a batch of the intake queue."""
    if "Records" not in event:
        return answer_request(event, context)
    from approval_api.intake_queue import take_batch  # noqa: PLC0415  # only the queue needs it; keeps cold starts of requests short

    return take_batch(event, context)


def answer_request(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP request."""
    answer = refused_before_parsing(event) or app.resolve(with_plain_media(event), context)
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
    """Refuse a path with an encoded slash, and a path for which API Gateway has no route.

    API Gateway matches the path as it was sent and passes it on decoded. `/orders%2FID` would reach a route without its
    authorizer, and `/orders/ID%2Faudit` would reach another route than the one that API Gateway authorized.
    """
    if event["routeKey"].count("/") != event["rawPath"].count("/"):  # `$default` has none
        raise unroutable(event["requestContext"]["http"]["method"], event["rawPath"])


def refused_before_parsing(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the refusal of a request without a route or with an unusable body; None for other requests."""
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
