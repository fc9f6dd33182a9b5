"""Messages of the template's topics on their way to the functions that subscribed.

Functions publish here instead of at the data service: it takes the message as before, and every subscribed function
is invoked asynchronously, which the executions process queues durably and repeats. The publisher is answered after
that; when it is not, it publishes again, so a message comes at least once. Other protocols end at the data service,
which keeps the last messages and sends nothing anywhere.
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote

import urllib3

from local.template import Topic

_SECONDS = 30
_ACCEPTED, _FIRST_FAILURE = 202, 300


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP response of SNS."""

    status: int
    content_type: str
    body: bytes


_UNDELIVERED = Answered(500, "text/plain", b"the message could not be delivered; publish it again")


class Topics:
    """The topics of a template in front of the data service; `data` and `lambda_api` are addresses."""

    def __init__(self, topics: Sequence[Topic], data: str, lambda_api: str) -> None:
        self._listeners = {
            topic.arn: [each.endpoint for each in topic.subscriptions if each.protocol == "lambda"] for topic in topics
        }
        self._data = data
        self._lambda_api = lambda_api
        self._connections = urllib3.PoolManager(retries=False, maxsize=8, timeout=_SECONDS)

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Carry out one request of SNS's API; 500 when a subscribed function could not be asked."""
        passed_on = {name: headers[name] for name in ("content-type", "authorization") if name in headers}
        try:
            answer = self._connections.request("POST", self._data, body=body, headers=passed_on)
            if answer.status < _FIRST_FAILURE and not self._deliver(parse_qs(body.decode()), answer.data):
                return _UNDELIVERED
        except urllib3.exceptions.HTTPError:
            return _UNDELIVERED
        return Answered(answer.status, answer.headers.get("content-type", "text/xml"), answer.data)

    def _deliver(self, asked: Mapping[str, list[str]], answer: bytes) -> bool:
        if asked.get("Action") != ["Publish"]:
            return True
        topic = asked.get("TopicArn", [""])[0]
        return all(self._invoke(listener, event_of(asked, answer)) for listener in self._listeners.get(topic, ()))

    def _invoke(self, function: str, event: Mapping[str, Any]) -> bool:
        url = f"{self._lambda_api}/2015-03-31/functions/{quote(function, safe='')}/invocations"
        headers = {"X-Amz-Invocation-Type": "Event", "Content-Type": "application/json"}
        answer = self._connections.request("POST", url, body=json.dumps(event).encode(), headers=headers)
        return answer.status == _ACCEPTED


def event_of(asked: Mapping[str, list[str]], answer: bytes) -> dict[str, Any]:
    """What Lambda is given of a published message: the one record of "Invoking Lambda functions with Amazon SNS"."""
    topic = asked["TopicArn"][0]
    identity = next((found.text for found in ET.fromstring(answer).iter() if found.tag.endswith("MessageId")), "")  # noqa: S314 - of our own service
    message = {
        "Type": "Notification",
        "MessageId": identity,
        "TopicArn": topic,
        "Subject": asked.get("Subject", [None])[0],
        "Message": asked.get("Message", [""])[0],
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "MessageAttributes": _attributes(asked),
    }
    return {
        "Records": [
            {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": f"{topic}:local", "Sns": message}
        ]
    }


def _attributes(asked: Mapping[str, list[str]]) -> dict[str, dict[str, str]]:
    """The message's attributes, from the numbered parameters of the query protocol."""
    found = {}
    number = 1
    while name := asked.get(f"MessageAttributes.entry.{number}.Name"):
        value = f"MessageAttributes.entry.{number}.Value"
        text = asked.get(f"{value}.StringValue") or asked.get(f"{value}.BinaryValue") or [""]
        found[name[0]] = {"Type": asked.get(f"{value}.DataType", ["String"])[0], "Value": text[0]}
        number += 1
    return found
