"""The parts of the OpenAPI description that the routes' signatures do not state: responses and security."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, OpenAPI, SecurityScheme

from approval_api.problems import MEDIA_TYPE
from approval_api.requests import MAX_BYTES
from approval_api.responses.problems import GatewayView, ProblemView

TITLE, VERSION = "Countersign", "1"
SUMMARY = "Order approval on AWS Lambda durable functions"
_BEARER = HTTPBearer(bearerFormat="JWT", description="An access token of the user pool")
SECURITY_SCHEMES: dict[str, SecurityScheme] = {"token": _BEARER}
TOKEN: list[dict[str, list[str]]] = [{"token": []}]

_PROBLEMS = {
    400: "The request cannot be read, or lacks a usable Idempotency-Key",
    403: "The caller may not do this",
    404: "The order does not exist, or the caller may not see it",
    409: "The order's state does not allow this, or an equal request is still in progress",
    413: f"The body has more than {MAX_BYTES:,} bytes",
    415: "The body is not JSON",
    422: "The request must be changed; `errors` lists each change",
    500: "Internal error",
    503: "The result could not be confirmed; it is safe to repeat the request",
}
_ALWAYS = (422, 500, 503)
_POST = (400, 409, 413, 415)
PUBLISHED = "private, max-age=300"  # reference data changes with a deployment only
NOTHING_NEW: dict[int, Any] = {304: {"description": "Nothing has changed since `after`", "content": {}}}
UNAUTHORIZED: dict[int, Any] = {
    401: {
        "description": "The token is missing, expired or from another issuer; this response comes from API Gateway",
        "content": {"application/json": {"model": GatewayView}},
    }
}


def answers(view: Any, *others: int, status: int = 200, post: bool = False) -> dict[int, Any]:
    """Return the responses of a route: `view` on success, and the possible problems."""
    described = {status: {"description": "Success", "content": {"application/json": {"model": view}}}}
    for other in sorted({*others, *_ALWAYS, *(_POST if post else ())}):
        described[other] = {"description": _PROBLEMS[other], "content": {MEDIA_TYPE: {"model": ProblemView}}}
    return described | UNAUTHORIZED


def route_keys(api: OpenAPI) -> tuple[str, ...]:
    """Return the described routes as API Gateway writes them, such as `GET /orders/{orderId}`."""
    paths = (api.paths or {}).items()
    methods = ("get", "post")
    return tuple(
        f"{method.upper()} {path}" for path, item in paths for method in methods if getattr(item, method) is not None
    )


def methods_at(path: str, routes: Sequence[str]) -> Sequence[str]:
    """Return the methods of the routes that match a request's path; none for an unknown path."""
    templates = (route.split(" ") for route in routes)
    return [method for method, template in templates if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)]
