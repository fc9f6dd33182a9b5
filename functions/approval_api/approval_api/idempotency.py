"""Execute equal requests once and give each the same response.

Powertools Idempotency stores each 2xx response for 24 hours under caller, route, order and key. An equal request that
arrives while the first is in progress waits for its response.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from approval_api.identity import person_of
from approval_api.problems import RequestInFlightError
from orders.adapters.clients import dynamodb_client
from orders.domain.errors import KeyReusedError, TransientFaultError
from orders.wiring import services

KEPT_SECONDS = 24 * 60 * 60
LEASE_MS = 5_000
MAX_WAIT_SECONDS = 8.0
# Time left after the wait, in which this invocation can do the work if the first attempt has failed.
RESERVE_SECONDS = 5.0
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """The identity of a request (`key`) and a hash of its content (`fingerprint`)."""

    key: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx response as it is stored. The body is text, so a replayed response is identical to the byte."""

    status: int
    body: str
    headers: dict[str, str]
    replayed: bool = False


def answer_once(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Run the route once per Idempotency-Key and replay its response to equal requests."""
    event = app.current_event
    caller, route = person_of(event).username, f"{event.http_method} {event.path}"
    body: BaseModel = app.context["_route_args"][
        "body"
    ]  # already validated: Powertools runs its validation before this middleware
    request = KeyedRequest(key=(caller, route, event.headers["idempotency-key"]), fingerprint=fingerprint_of(body))
    answer = once(request, app.lambda_context, lambda: _kept(next_middleware(app)))
    replayed = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    return Response(
        status_code=answer.status,
        content_type=content_types.APPLICATION_JSON,
        body=answer.body,
        headers={**answer.headers, **replayed},
    )


def fingerprint_of(body: BaseModel) -> str:
    """Return the SHA-256 of a request's content; formatting and null members do not affect it."""
    asked = body.model_dump(mode="json", by_alias=True, exclude_none=True)
    return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _kept(response: Response[Any]) -> Answer:
    body = json.dumps(response.body, ensure_ascii=False, separators=(",", ":"))
    return Answer(response.status_code, body, {name: str(value) for name, value in response.headers.items()})


def once(request: KeyedRequest, context: LambdaContext, work: Callable[[], Answer]) -> Answer:
    """Return the response of `work`, or the stored response to an equal request, marked as replayed.

    Errors of `work` are raised and not stored. A crashed attempt holds its key for five seconds at most.

    Raises:
        KeyReusedError: The key was used for another request.
        RequestInFlightError: An equal request is still in progress after the wait.
        TransientFaultError: The requests table cannot be reached.

    """
    guarded = _guarded(context, work)
    until = time.monotonic() + _patience(context)
    pause = MIN_PAUSE_SECONDS
    while True:
        try:
            return Answer(**guarded(request=asdict(request)))
        except IdempotencyValidationError as error:
            raise KeyReusedError("This Idempotency-Key was used for another request. Use a new key.") from error
        except IdempotencyPersistenceLayerError as error:
            raise TransientFaultError("The request could not be recorded. Send it again with the same key.") from error
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
            if time.monotonic() >= until:
                message = "An equal request is still in progress. Send it again in a moment, with the same key."
                raise RequestInFlightError(message) from error
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, not a secret
        pause = min(2 * pause, MAX_PAUSE_SECONDS)


def _guarded(context: LambdaContext, work: Callable[[], Answer]) -> Callable[..., dict[str, Any]]:
    def answer(*, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - Powertools reads it by name
        return asdict(work())

    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="fingerprint",
        expires_after_seconds=KEPT_SECONDS,
        hash_function="sha256",
        lambda_context=_Lease(context),
        response_hook=_mark_replayed,
    )
    guarded: Callable[..., dict[str, Any]] = idempotent_function(
        answer,
        data_keyword_argument="request",
        persistence_store=_store(services().settings.requests_table),
        config=config,
        key_prefix="approval-api",
    )
    return guarded


class _Lease(LambdaContext):
    """The time for which a crashed attempt holds its key. Every effect is conditional, so attempts may overlap."""

    def __init__(self, context: LambdaContext) -> None:
        self._context = context

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # a method in Lambda, static in the stub
        """Return the remaining time of the lease or of the invocation, whichever is less."""
        return min(LEASE_MS, self._context.get_remaining_time_in_millis())


def _mark_replayed(response: Any, idempotent_data: DataRecord) -> Any:  # noqa: ARG001 - Powertools names both
    return {**response, "replayed": True}


@cache
def _store(table: str) -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(table_name=table, boto3_client=dynamodb_client())


def _patience(context: LambdaContext) -> float:
    remaining = context.get_remaining_time_in_millis() / 1000
    return max(0.0, min(MAX_WAIT_SECONDS, remaining - RESERVE_SECONDS))
