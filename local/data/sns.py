"""SNS: topics and subscriptions are journalled as they were asked for; published messages pass through."""

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.moto_api._internal import mock_random
from moto.sns.models import SNSBackend, sns_backends
from moto.sns.responses import SNSResponse

from local.data import moto_bridge
from local.data.exchange import Answer, ApiRequest, ApiResponse, Record

TRANSIENT = ("Get", "List", "Publish", "Check")
"""Actions with these beginnings leave nothing behind that has to outlive the process."""
MESSAGES_KEPT = 100
PROTOCOLS = frozenset({"email", "email-json", "sms", "sqs"})
"""Subscriptions whose messages stay in this process: people's are kept, and a queue is one of its own."""


class SNS:
    """Answers SNS's API."""

    def __init__(self) -> None:
        self._backend: SNSBackend = sns_backends[moto_bridge.ACCOUNT][moto_bridge.REGION]
        self._records: list[Record] = []

    def answer(self, request: ApiRequest) -> Answer:
        """Carry out one action."""
        action = parse_qs(request.body.decode()).get("Action", [""])[0]
        if action.startswith(TRANSIENT):
            response = moto_bridge.call(SNSResponse.dispatch, request, "sns")
            self._forget_old_messages()
            return Answer(response)
        return self._configure(request, seed=random.getrandbits(64))

    def restore(self, record: Record) -> None:
        """Ask for the same again; the seed gives subscriptions the ARNs they had."""
        headers = {"content-type": record["contentType"]}
        self._configure(ApiRequest("POST", "/", "", headers, record["body"].encode()), seed=record["seed"])

    def snapshot(self) -> Iterator[Record]:
        """Every topic and subscription, in the order of their making."""
        yield from self._records

    def size(self) -> int:
        """How many records a snapshot has."""
        return len(self._records)

    def _configure(self, request: ApiRequest, seed: int) -> Answer:
        refused = _refusal(request)
        if refused is not None:
            return Answer(refused)
        mock_random.seed(seed)
        response = moto_bridge.call(SNSResponse.dispatch, request, "sns")
        mock_random.seed()
        if not response.succeeded:
            return Answer(response)
        record: Record = {
            "kind": "topic",
            "seed": seed,
            "contentType": request.headers.get("content-type", ""),
            "body": request.body.decode(),
        }
        self._records.append(record)
        return Answer(response, (record,))

    def _forget_old_messages(self) -> None:
        topics: dict[str, Any] = self._backend.topics
        for topic in topics.values():
            del topic.sent_notifications[:-MESSAGES_KEPT]


def _refusal(request: ApiRequest) -> ApiResponse | None:
    """Return SNS's error for a subscription that would have this process call another server; else None."""
    asked = parse_qs(request.body.decode())
    protocol = asked.get("Protocol", [""])[0]
    if asked.get("Action") != ["Subscribe"] or protocol in PROTOCOLS:
        return None
    message = (
        f"Invalid parameter: Protocol: the local stack sends no message to a subscriber over {protocol or 'nothing'}. "
        f"Subscribe with one of {', '.join(sorted(PROTOCOLS))}, or declare a function's subscription in the template."
    )
    error = f"<Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>{escape(message)}</Message></Error>"
    body = f'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">{error}</ErrorResponse>'
    return ApiResponse(400, {"content-type": "text/xml"}, body.encode())
