"""What may come in: strict models, strict JSON. Nothing is guessed, converted or ignored."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from approval_api.problems import MalformedRequestError, RequestTooLargeError, UnsupportedMediaTypeError
from orders.domain.errors import FieldError, InvalidRequestError
from orders.domain.submission import MAX_LINES, MAX_QUANTITY, RequestedLine, Submission

MAX_BYTES = 1_000_000
MOST_LEVELS_DEEP = 20
LONGEST_TEXT = 2_000
LONGEST_TOKEN = 2_048
IDEMPOTENCY_KEY = "^[A-Za-z0-9_-]{16,64}$"
BYTE_ORDER_MARK = "\ufeff"
_JSON = re.compile(r"application/json\s*(;.*)?", re.IGNORECASE)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LineBody(_Body):
    """One line: what and how many, never a price."""

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class SubmissionBody(_Body):
    """An order as asked for."""

    customer: Annotated[str, Field(min_length=1, max_length=100)]
    currency: Annotated[str, Field(min_length=1, max_length=10)]
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MAX_LINES)]
    note: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None

    def submission(self) -> Submission:
        """Return it in the words of the domain."""
        lines = tuple(RequestedLine(line.sku, line.quantity) for line in self.lines)
        return Submission(self.customer, self.currency, lines, self.note)


class QueuedBody(_Body):
    """A message of the intake queue: an order, for whom, and the token of the task that waits for it, if one does."""

    requester: Annotated[str, Field(max_length=128, pattern=r"^\S+$")]
    idempotency_key: Annotated[str, Field(alias="idempotencyKey", pattern=IDEMPOTENCY_KEY)]
    order: SubmissionBody
    task_token: Annotated[str | None, Field(alias="taskToken", min_length=1, max_length=LONGEST_TOKEN)] = None


class DecisionBody(_Body):
    """A word on one level; a rejection says why."""

    level: Annotated[int, Field(ge=1, le=100)]
    verdict: Literal["approve", "reject"]
    reason: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = Field(default=None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def _reason_to_reject(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("verdict") == "reject" and not (reason or "").strip():
            kind, message = "reason_required", "Say why you reject it; the requester will read this."
            raise PydanticCustomError(kind, message)
        return reason


class WithdrawalBody(_Body):
    """Taking an order back."""

    reason: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None


class HeartbeatBody(_Body):
    """A station's sign of life; the first one claims the job."""

    job: Annotated[int, Field(ge=1, le=100)]


class PickingResultBody(_Body):
    """What became of a job; a failure says why."""

    job: Annotated[int, Field(ge=1, le=100)]
    outcome: Literal["picked", "failed"]
    reason: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = Field(default=None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def _reason_to_fail(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("outcome") == "failed" and not (reason or "").strip():
            kind, message = "reason_required", "Say why the goods could not be picked."
            raise PydanticCustomError(kind, message)
        return reason


class OperationBody(_Body):
    """Why an operator steps in."""

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"\S")]


ORDER_ID = r"o[a-z2-7]{26}"
OrderPath = Annotated[str, Path(alias="orderId", pattern=f"^{ORDER_ID}$", description="The order's id")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY,
        description="Made by the caller, the same at every try of the same request; kept for 24 hours",
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="The most items to return")]
Cursor = Annotated[str | None, Query(max_length=500, description="`nextCursor` of the page before")]
After = Annotated[int, Query(ge=0, le=2**53, description="`cursor` of the last answer; 0 for everything")]


def check_media(event: Mapping[str, Any]) -> None:
    """Refuse, before anything is read, a POST whose body is too large, is not JSON or is not text."""
    if event["requestContext"]["http"]["method"] != "POST":
        return
    body: str = event.get("body") or ""
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    if body and not _JSON.fullmatch(headers.get("content-type", "")):
        raise UnsupportedMediaTypeError("Send JSON, and say so: `Content-Type: application/json`.")
    text = _decoded(body) if event.get("isBase64Encoded") else body
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise RequestTooLargeError(f"Send at most {MAX_BYTES:,} bytes; split the order.")


def with_plain_media(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with its media type in lower case: its case has no meaning, and Powertools compares it."""
    headers = event.get("headers", {})
    plain = {name: value.lower() if name.lower() == "content-type" else value for name, value in headers.items()}
    return {**event, "headers": plain}


def _decoded(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise MalformedRequestError("The body is not UTF-8 text; send JSON in UTF-8, uncompressed.") from error


def parse_json(text: str) -> dict[str, Any]:
    """Return the JSON object that `text` is; a byte order mark before it, as some editors write, has no meaning.

    Raises MalformedRequestError for what is not JSON or names a key twice, InvalidRequestError for what is no object or
    goes too deep.
    """
    try:
        parsed = json.loads(
            text.removeprefix(BYTE_ORDER_MARK), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise MalformedRequestError("The body is not JSON; check quotes, commas and brackets.") from error
    if not isinstance(parsed, dict):
        raise InvalidRequestError((FieldError("", "Use an object, in curly brackets."),))
    _check_depth(parsed)
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedRequestError(f"An object names {name[:100]!r} twice; name it once.")
        found[name] = value
    return found


def _refuse_constant(name: str) -> None:
    raise MalformedRequestError(f"{name} is not JSON; use a number.")


def _check_depth(parsed: dict[str, Any]) -> None:
    layer: list[Any] = [parsed]
    for _ in range(MOST_LEVELS_DEEP):
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return
    raise _too_deep()


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return [each for each in inner if isinstance(each, (dict, list))]


def _too_deep() -> InvalidRequestError:
    return InvalidRequestError((FieldError("", f"Nest at most {MOST_LEVELS_DEEP} objects and lists."),))
