"""The API's own description: what every route answers, beside what its signature already says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, SecurityScheme

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
    403: "This person may not do that",
    404: "No such order, or none that this person may see",
    409: "The order's state does not allow it, or an equal request is still being worked on",
    413: f"The body has more than {MAX_BYTES:,} bytes",
    415: "Not JSON",
    422: "Something in the request must be changed; `errors` says what",
    500: "A defect",
    503: "Could not be confirmed; the same request again is safe",
}
_ALWAYS = (422, 500, 503)
_POST = (400, 409, 413, 415)
PUBLISHED = "private, max-age=300"  # the same for every caller until the next deployment
NOTHING_NEW: dict[int, Any] = {304: {"description": "Nothing is new", "content": {}}}
UNAUTHORIZED: dict[int, Any] = {
    401: {
        "description": "API Gateway's own answer to a token that is missing, expired or foreign",
        "content": {"application/json": {"model": GatewayView}},
    }
}


def answers(view: Any, *others: int, status: int = 200, post: bool = False) -> dict[int, Any]:
    """Return what a route answers: `view` when all is well, and the problems that are possible."""
    described = {status: {"description": "All is well", "content": {"application/json": {"model": view}}}}
    for other in sorted({*others, *_ALWAYS, *(_POST if post else ())}):
        described[other] = {"description": _PROBLEMS[other], "content": {MEDIA_TYPE: {"model": ProblemView}}}
    return described | UNAUTHORIZED


def methods_at(path: str, paths: Mapping[str, Any]) -> Sequence[str]:
    """Return the methods that the description knows for a path of a request, none for an unknown path."""
    for template, item in paths.items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return [method.upper() for method in ("get", "post") if getattr(item, method) is not None]
    return []
