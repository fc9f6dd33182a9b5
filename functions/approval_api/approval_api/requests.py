"""Models of requests and the parser of their bodies. Both are strict: no value is guessed, converted or ignored."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, LiteralString

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from approval_api.problems import MalformedRequestError, RequestTooLargeError, UnsupportedMediaTypeError
from orders.domain.errors import FieldError, InvalidRequestError, InvalidUsernameError
from orders.domain.submission import MAX_LINES, MAX_QUANTITY, RequestedLine, Submission
from orders.domain.texts import CUSTOMER, NOTE, OPTIONAL_REASON, REASON, TextKind, canonical, has_word
from orders.domain.usernames import username_of

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_TOKEN = 2_048
IDEMPOTENCY_KEY = "^[A-Za-z0-9_-]{16,64}$"
BYTE_ORDER_MARK = "\ufeff"
_JSON = re.compile(r"application/json\s*(;.*)?", re.IGNORECASE)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _written(kind: TextKind, text: str) -> str:
    """Return the text in its stored form; refuse a text that the field does not accept."""
    mistake = kind.mistake(text)
    if mistake is not None:
        raise _finding("text", mistake)
    return canonical(text)


def _username(name: str) -> str:
    """Return the name unchanged; refuse one that is not a username."""
    try:
        username_of(name)
    except InvalidUsernameError as error:
        raise _finding(error.code, error.detail) from error
    return name


def _finding(kind: LiteralString, sentence: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{sentence}", {"sentence": sentence})


OptionalReason = Annotated[
    str, Field(max_length=OPTIONAL_REASON.max_length), AfterValidator(partial(_written, OPTIONAL_REASON))
]


class LineBody(_Body):
    """One line of a submission. Prices come from the catalogue."""

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class SubmissionBody(_Body):
    """An order to submit."""

    customer: Annotated[str, Field(min_length=1, max_length=CUSTOMER.max_length)]
    currency: Annotated[str, Field(min_length=1, max_length=10)]
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MAX_LINES)]
    note: Annotated[str, Field(max_length=NOTE.max_length)] | None = None

    def submission(self) -> Submission:
        """Return the domain's submission."""
        lines = tuple(RequestedLine(line.sku, line.quantity) for line in self.lines)
        return Submission(self.customer, self.currency, lines, self.note)


class QueuedBody(_Body):
    """A message of the intake queue: an order, its requester, and the token of a state machine's waiting task."""

    requester: Annotated[str, AfterValidator(_username)]
    idempotency_key: Annotated[str, Field(alias="idempotencyKey", pattern=IDEMPOTENCY_KEY)]
    order: SubmissionBody
    task_token: Annotated[str | None, Field(alias="taskToken", min_length=1, max_length=MAX_TOKEN)] = None


class DecisionBody(_Body):
    """A decision on one level. A rejection needs a reason."""

    level: Annotated[int, Field(ge=1, le=100)]
    verdict: Literal["approve", "reject"]
    reason: OptionalReason | None = Field(default=None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def _reason_to_reject(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("verdict") == "reject" and not has_word(reason or ""):
            raise _finding("reason_required", "Enter the reason for the rejection; the requester will read it.")
        return reason


class WithdrawalBody(_Body):
    """A withdrawal."""

    reason: OptionalReason | None = None


class HeartbeatBody(_Body):
    """A heartbeat of a picking station. The first one claims the job."""

    job: Annotated[int, Field(ge=1, le=100)]


class PickingResultBody(_Body):
    """The result of a picking job. A failure needs a reason."""

    job: Annotated[int, Field(ge=1, le=100)]
    outcome: Literal["picked", "failed"]
    reason: OptionalReason | None = Field(default=None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def _reason_to_fail(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("outcome") == "failed" and not has_word(reason or ""):
            raise _finding("reason_required", "Enter the reason why the goods could not be picked.")
        return reason


class OperationBody(_Body):
    """The reason for an operator's action."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON.max_length), AfterValidator(partial(_written, REASON))]


ORDER_ID = r"o[a-z2-7]{26}"
OrderPath = Annotated[str, Path(alias="orderId", pattern=f"^{ORDER_ID}$", description="The order's id")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY,
        description="A value that the caller chooses for a request and repeats in every retry of it; kept for 24 hours",
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="The maximum number of items to return")]
Cursor = Annotated[str | None, Query(max_length=500, description="`nextCursor` of the previous page")]
After = Annotated[
    int, Query(ge=0, le=2**53, description="`cursor` of the previous response; 0 for the complete history")
]


def check_media(event: Mapping[str, Any]) -> None:
    """Refuse a POST whose body is too large, not declared as JSON, or not text, before parsing it."""
    if event["requestContext"]["http"]["method"] != "POST":
        return
    body: str = event.get("body") or ""
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    if body and not _JSON.fullmatch(headers.get("content-type", "")):
        raise UnsupportedMediaTypeError("Send JSON with the header `Content-Type: application/json`.")
    text = _decoded(body) if event.get("isBase64Encoded") else body
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise RequestTooLargeError(f"Send at most {MAX_BYTES:,} bytes. Split the order.")


def with_plain_media(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with its media type in lower case, because Powertools compares it with case."""
    headers = event.get("headers", {})
    plain = {name: value.lower() if name.lower() == "content-type" else value for name, value in headers.items()}
    return {**event, "headers": plain}


def _decoded(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise MalformedRequestError("The body is not UTF-8 text. Send uncompressed JSON in UTF-8.") from error


def parse_json(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`. A leading byte order mark is ignored.

    Raises:
        MalformedRequestError: The text is not JSON, or an object repeats a key.
        InvalidRequestError: The JSON is not an object, or is nested too deeply.

    """
    try:
        parsed = json.loads(
            text.removeprefix(BYTE_ORDER_MARK), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise MalformedRequestError("The body is not JSON. Check quotes, commas and brackets.") from error
    if not isinstance(parsed, dict):
        raise InvalidRequestError((FieldError("", "Use an object, in curly brackets."),))
    _check_depth(parsed)
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedRequestError(f"An object names {name[:100]!r} twice. Name it once.")
        found[name] = value
    return found


def _refuse_constant(name: str) -> None:
    raise MalformedRequestError(f"{name} is not JSON. Use a number.")


def _check_depth(parsed: dict[str, Any]) -> None:
    layer: list[Any] = [parsed]
    for _ in range(MAX_DEPTH):
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return
    raise _too_deep()


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return [each for each in inner if isinstance(each, (dict, list))]


def _too_deep() -> InvalidRequestError:
    return InvalidRequestError((FieldError("", f"Nest at most {MAX_DEPTH} objects and lists."),))
