"""Event sources: messages of a queue on their way to a function, in batches, until it has taken them.

As Lambda does it ("Using Lambda with Amazon SQS" in its developer guide), except that a message which was not taken
comes again after two seconds and not after the queue's whole visibility timeout.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import urllib3

from local.environments import Invoke, Outcome, UnknownFunctionError
from local.template import EventSource

logger = logging.getLogger(__name__)

POLL_SECONDS = 10
REDELIVERY_SECONDS = 2
OUT_OF_REACH_SECONDS = 0.5
_OK = 200
Message = Mapping[str, Any]


class QueueError(Exception):
    """The data service did not carry out what was asked of a queue."""


@dataclass(frozen=True, slots=True)
class QueueReader:
    """One event source; `data` is the address of the data service."""

    source: EventSource
    region: str
    data: str
    invoke: Invoke
    _connections: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=POLL_SECONDS + 20)
    )

    async def run(self) -> None:
        """Read and deliver, one batch after the other; never ends."""
        while True:
            try:
                await self.deliver_next()
            except (QueueError, urllib3.exceptions.HTTPError) as error:
                # The data service is being started again, or an answer was lost: what was not deleted comes again.
                logger.debug("%s could not be read: %s", self.source.queue_arn, error)
                await asyncio.sleep(OUT_OF_REACH_SECONDS)

    async def deliver_next(self) -> None:
        """Wait for a batch and have the function take it; what it took is deleted."""
        asked = {
            "MaxNumberOfMessages": self.source.batch_size,
            "WaitTimeSeconds": POLL_SECONDS,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        messages: list[Message] = (await self._call("ReceiveMessage", asked)).get("Messages") or []
        if not messages:
            return
        failed = await self._not_taken(messages)
        for message in messages:
            handle = {"ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                await self._call("ChangeMessageVisibility", {**handle, "VisibilityTimeout": REDELIVERY_SECONDS})
            else:
                await self._call("DeleteMessage", handle)

    async def _not_taken(self, messages: Sequence[Message]) -> frozenset[str]:
        """Invoke the function with a batch; the ids of the messages that must come again."""
        event = {"Records": [record_of(message, self.source, self.region) for message in messages]}
        everything = frozenset(message["MessageId"] for message in messages)
        try:
            outcome = await self.invoke(self.source.function_arn, json.dumps(event).encode())
        except UnknownFunctionError:
            return everything
        failed = failures(outcome) if self.source.names_failures or outcome.function_error else frozenset()
        return everything if failed is None or not failed <= everything else failed

    async def _call(self, action: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Ask something of the queue; raises QueueError."""
        headers = {"x-amz-target": f"AmazonSQS.{action}", "content-type": "application/x-amz-json-1.0"}
        content = json.dumps({"QueueUrl": f"{self.data}/{self.source.queue_name}", **body}).encode()
        answer = await asyncio.to_thread(
            self._connections.request, "POST", f"{self.data}/", body=content, headers=headers
        )
        if answer.status != _OK:
            raise QueueError(answer.data.decode(errors="replace"))
        return json.loads(answer.data or b"{}") or {}


def failures(outcome: Outcome) -> frozenset[str] | None:
    """The messages that a function says it did not take; None, which is all of them, when what it says has no sense."""
    if outcome.function_error:
        return None
    try:
        said = json.loads(outcome.payload)
        return frozenset(str(each["itemIdentifier"]) for each in (said or {}).get("batchItemFailures") or ())
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def record_of(message: Message, source: EventSource, region: str) -> dict[str, Any]:
    """What Lambda is given of a message."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "binaryValue": value.get("BinaryValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source.queue_arn,
        "awsRegion": region,
    }
