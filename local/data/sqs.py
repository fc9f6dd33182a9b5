"""SQS: queues are journalled as they were asked for, messages as they became; nobody waits inside a request."""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from local.data import moto_bridge
from local.data.encoding import from_text, to_text
from local.data.exchange import Answer, ApiRequest, ApiResponse, Record

TARGET = "AmazonSQS"
QUEUE_WRITES = frozenset({"CreateQueue", "DeleteQueue", "SetQueueAttributes", "TagQueue", "UntagQueue"})
STATE = (
    "body",
    "message_attributes",
    "system_attributes",
    "sent_timestamp",
    "approximate_first_receive_timestamp",
    "approximate_receive_count",
    "receipt_handle",
    "visible_at",
    "delayed_until",
)
"""What makes up a message, in moto's names."""

Standing: TypeAlias = tuple[str, int, float]
"""Where a message stands: its queue, how often it was received, and until when it is hidden."""


class SQS:
    """Answers SQS's API, in its JSON protocol."""

    def __init__(self) -> None:
        self._backend: SQSBackend = sqs_backends[moto_bridge.ACCOUNT][moto_bridge.REGION]
        self._queues: list[Record] = []
        self._known: dict[str, Standing] = {}

    def answer(self, request: ApiRequest) -> Answer:
        """Carry out one action; an empty answer to a long poll says how long its caller would wait for a better one."""
        action = request.headers.get("x-amz-target", "").rpartition(".")[2]
        patience = 0.0
        if action == "ReceiveMessage":
            request, patience = self._without_wait(request)
        host = request.headers.get("host", "localhost")
        response = moto_bridge.call(SQSResponse.dispatch, request, "sqs", host)
        if not response.succeeded:
            return Answer(response)
        if patience and not json.loads(response.body).get("Messages"):
            response = ApiResponse(response.status, response.headers, response.body, patience)
        return Answer(response, (*self._queue_records(action, request), *self._changes()))

    def restore(self, record: Record) -> None:
        """Bring back what one journal record says."""
        if record["kind"] == "queue":
            headers = {"x-amz-target": f"{TARGET}.{record['action']}", "content-type": "application/x-amz-json-1.0"}
            self.answer(ApiRequest("POST", "/", "", headers, record["body"].encode()))
            return
        self._forget(record["id"])
        if record["state"] is not None:
            queue = self._backend.queues[record["queue"]]
            message = _message(record["id"], record["state"])
            queue._messages.append(message)  # noqa: SLF001 - moto has no way to bring a message back as it was
            self._known[message.id] = _standing(queue, message)

    def snapshot(self) -> Iterator[Record]:
        """Every queue, in the order of their making, and every message that is in one."""
        yield from self._queues
        for queue in self._backend.queues.values():
            for message in queue._messages:  # noqa: SLF001 - `messages` leaves out those that are hidden
                yield _record(queue, message)

    def size(self) -> int:
        """How many records a snapshot has."""
        return len(self._queues) + len(self._known)

    def _without_wait(self, request: ApiRequest) -> tuple[ApiRequest, float]:
        """The same request for one look, and for how many seconds its caller would go on looking."""
        try:
            body = json.loads(request.body)
            queue = self._backend.queues.get(str(body["QueueUrl"]).rpartition("/")[2])
            default = getattr(queue, "receive_message_wait_time_seconds", 0)
            patience = float(body.get("WaitTimeSeconds", default))
        except (ValueError, KeyError, TypeError):
            return request, 0.0  # moto has the words to refuse it
        once = json.dumps({**body, "WaitTimeSeconds": 0}).encode()
        return ApiRequest(request.method, request.path, request.query, request.headers, once), patience

    def _queue_records(self, action: str, request: ApiRequest) -> tuple[Record, ...]:
        if action not in QUEUE_WRITES:
            return ()
        record: Record = {"kind": "queue", "action": action, "body": request.body.decode()}
        self._queues.append(record)
        return (record,)

    def _changes(self) -> Iterator[Record]:
        """A record for every message that stands elsewhere than at the last look, or is gone."""
        gone = set(self._known)
        for queue in self._backend.queues.values():
            for message in queue._messages:  # noqa: SLF001 - as in a snapshot
                gone.discard(message.id)
                if self._known.get(message.id) != (standing := _standing(queue, message)):
                    self._known[message.id] = standing
                    yield _record(queue, message)
        for identity in gone:
            del self._known[identity]
            yield {"kind": "message", "queue": None, "id": identity, "state": None}

    def _forget(self, identity: str) -> None:
        """Take a message out of the queue that it was last seen in."""
        if standing := self._known.pop(identity, None):
            queue = self._backend.queues[standing[0]]
            queue._messages[:] = [each for each in queue._messages if each.id != identity]  # noqa: SLF001 - as above


def _standing(queue: Queue, message: Message) -> Standing:
    return queue.name, message.approximate_receive_count, message.visible_at


def _record(queue: Queue, message: Message) -> Record:
    state = to_text({name: getattr(message, name) for name in STATE})
    return {"kind": "message", "queue": queue.name, "id": message.id, "state": state}


def _message(identity: str, state: str) -> Message:
    kept: dict[str, Any] = from_text(state)
    message = Message(identity, kept["body"])
    for name in STATE:
        setattr(message, name, kept[name])
    return message
