"""Translate errors into RFC 9457 problem documents. `STATUS_OF` maps each error to its status."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from orders.domain.errors import (
    AlreadySubmittedError,
    CountersignError,
    FieldError,
    InvalidRequestError,
    KeyReusedError,
    NotAnApproverError,
    NotPermittedError,
    NotTheRequesterError,
    OrderNotFoundError,
    SegregationOfDutiesError,
    TransientFaultError,
)
from orders.domain.refusals import TransitionRefusedError

MEDIA_TYPE = "application/problem+json"
MAX_FINDINGS = 100
RETRY_AFTER_SECONDS = 1


class MalformedRequestError(CountersignError):
    """A request that cannot be parsed."""

    code = "malformed"


class InvalidKeyError(CountersignError):
    """A POST without a usable Idempotency-Key."""

    code = "idempotency-key-invalid"


class UnauthenticatedError(CountersignError):
    """A request without a usable identity."""

    code = "unauthenticated"


class NoSuchRouteError(CountersignError):
    """The path has no route."""

    code = "not-found"


class MethodNotAllowedError(CountersignError):
    """The path has no route for this method."""

    code = "method-not-allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        """Keep the allowed methods."""
        self.allow = ", ".join(allowed)
        super().__init__(f"This path allows {self.allow}.")


class RequestInFlightError(CountersignError):
    """An equal request is still in progress."""

    code = "request-in-flight"


class RequestTooLargeError(CountersignError):
    """The body exceeds the size limit."""

    code = "too-large"


class UnsupportedMediaTypeError(CountersignError):
    """The media type of the body is not JSON."""

    code = "unsupported-media-type"


STATUS_OF: Mapping[type[CountersignError], int] = {
    MalformedRequestError: 400,
    InvalidKeyError: 400,
    UnauthenticatedError: 401,
    NotAnApproverError: 403,
    SegregationOfDutiesError: 403,
    NotTheRequesterError: 403,
    NotPermittedError: 403,
    OrderNotFoundError: 404,
    NoSuchRouteError: 404,
    MethodNotAllowedError: 405,
    AlreadySubmittedError: 409,
    TransitionRefusedError: 409,
    RequestInFlightError: 409,
    RequestTooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    InvalidRequestError: 422,
    KeyReusedError: 422,
    TransientFaultError: 503,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem document with its status and headers."""

    status: int
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, trace_id: str) -> str:
        """Return the document. The title is derived from the code, so it is the same for every problem of a type."""
        document = {
            "type": f"/problems/{self.code}",
            "title": self.code.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "traceId": trace_id,
            **self.extra,
        }
        return json.dumps(document, separators=(",", ":"))


INTERNAL = Problem(
    500,
    "internal",
    "An internal error occurred. It is safe to try again. If it persists, report the traceId to an operator.",
)


def problem_of(error: Exception) -> Problem:
    """Return the problem for an error. An unexpected error becomes a 500 without internal details."""
    if isinstance(error, RequestValidationError):
        error = _named(error)
    status = next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), None)
    if status is None or not isinstance(error, CountersignError):
        return INTERNAL
    return Problem(status, error.code, error.detail, _extra(error), _headers(error))


def _extra(error: CountersignError) -> dict[str, Any]:
    if isinstance(error, InvalidRequestError):
        return {"errors": [{"pointer": each.pointer, "detail": each.detail} for each in error.errors[:MAX_FINDINGS]]}
    if isinstance(error, TransitionRefusedError):
        return {"order": _winner(error)}
    return {}


def _winner(error: TransitionRefusedError) -> dict[str, Any]:
    """Return the state that refused the command, with the decision that led to it, if any."""
    won: dict[str, Any] = {"state": error.order.status}
    if error.decision is not None:
        at = error.decision.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        won["decision"] = {"by": error.decision.by, "verdict": error.decision.verdict, "at": at}
    return won


def _headers(error: CountersignError) -> dict[str, str]:
    if isinstance(error, MethodNotAllowedError):
        return {"Allow": error.allow}
    if isinstance(error, (RequestInFlightError, TransientFaultError)):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


# --- findings of the request's models ---------------------------------------------------------------------------------

_SENTENCES = {
    "bool_parsing": "Use true or false.",
    "enum": "Use {expected}.",
    "extra_forbidden": "Remove this member; the API does not define it.",
    "greater_than_equal": "Use {ge} or more.",
    "int_from_float": "Use a whole number.",
    "int_parsing": "Use a whole number.",
    "int_type": "Use a whole number, without quotes or a decimal point.",
    "less_than_equal": "Use {le} or less.",
    "list_type": "Use a list, in square brackets.",
    "literal_error": "Use {expected}.",
    "missing": "Add this member; it is required.",
    "model_attributes_type": "Use an object, in curly brackets.",
    "model_type": "Use an object, in curly brackets.",
    "string_too_long": "Use at most {max_length} characters.",
    "string_too_short": "Enter a value; this cannot be empty.",
    "string_type": "Use a string, in quotes.",
    "string_unicode": "Use complete Unicode characters; this text contains half of a surrogate pair.",
    "too_long": "Use at most {max_length} entries.",
    "too_short": "Use at least {min_length} entry.",
}


def _named(error: RequestValidationError) -> CountersignError:
    """Return the error for a set of findings. An invalid order id in the path means that the order does not exist."""
    findings = error.errors()
    places = {finding["loc"][0] for finding in findings}
    if "path" in places:
        return OrderNotFoundError("There is no such order, or you may not see it.")
    if "header" in places:
        return InvalidKeyError("Send an Idempotency-Key of 16 to 64 characters from A-Z, a-z, 0-9, _ and -.")
    return InvalidRequestError(tuple(FieldError(_pointer(each["loc"]), _sentence(each)) for each in findings))


def _pointer(location: Sequence[str | int]) -> str:
    """Return the JSON pointer into the body, or `/name` for a query parameter."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location[1:])


def _sentence(finding: Mapping[str, Any]) -> str:
    if finding["type"] == "missing" and len(finding["loc"]) == 1:
        return "Send a JSON object; this request has no body."
    template = _SENTENCES.get(finding["type"])
    return str(finding["msg"]) if template is None else template.format_map(finding.get("ctx", {}))
