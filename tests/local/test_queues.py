"""Local queues: kept over a kill, waited for without holding up others, and read by functions in batches."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.environments import Outcome, UnknownFunctionError
from local.events import queues
from local.events.queues import QueueReader, failures
from local.template import EventSource, TemplateError, read
from tests.local.test_data import Service, serving

ARN = "arn:aws:sqs:us-east-1:123456789012"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:countersign-Taker:live"
SOURCE = EventSource("Source", "orders", f"{ARN}:orders", FUNCTION, 3, names_failures=True)


def made(service: Service, name: str = "orders", *, receives: int = 2, hidden: int = 1) -> Any:
    """A client, with a queue of this name and one for its dead letters."""
    sqs = service.client("sqs")
    sqs.create_queue(QueueName=f"{name}-dead")
    redrive = json.dumps({"deadLetterTargetArn": f"{ARN}:{name}-dead", "maxReceiveCount": receives})
    sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(hidden), "RedrivePolicy": redrive})
    return sqs


def url(sqs: Any, name: str = "orders") -> str:
    """The address of a queue."""
    return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])


def received(sqs: Any, name: str = "orders", wait: int = 0) -> list[dict[str, Any]]:
    """The messages that are there to be received."""
    asked = {"QueueUrl": url(sqs, name), "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
    found: list[dict[str, Any]] = sqs.receive_message(**asked, WaitTimeSeconds=wait).get("Messages", [])
    return found


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A data service of the test's own."""
    with serving(tmp_path) as running:
        yield running


def test_a_queue_is_where_the_service_is(service: Service) -> None:
    """So that what one client is told is an address that any other can use."""
    sqs = made(service)
    assert url(sqs) == f"{service.url}/123456789012/orders"


def test_messages_outlive_a_kill_with_where_they_stand(tmp_path: Path) -> None:
    """Waiting, hidden by somebody who works on them, or dead; what was deleted stays deleted."""
    with serving(tmp_path) as service:
        sqs = made(service, hidden=60)
        for body in ("worked on", "deleted", "waiting"):
            sqs.send_message(QueueUrl=url(sqs), MessageBody=body)
        sqs.send_message(QueueUrl=url(sqs, "orders-dead"), MessageBody="dead")
        first, second = (sqs.receive_message(QueueUrl=url(sqs))["Messages"][0] for _ in range(2))
        sqs.delete_message(QueueUrl=url(sqs), ReceiptHandle=second["ReceiptHandle"])
        service.kill()

    with serving(tmp_path) as service:
        sqs = service.client("sqs")
        waiting = received(sqs)
        assert [each["Body"] for each in waiting] == ["waiting"]
        assert [each["Body"] for each in received(sqs, "orders-dead")] == ["dead"]
        handle = first["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=url(sqs), ReceiptHandle=handle, VisibilityTimeout=0)
        (again,) = received(sqs)
        assert (again["Body"], again["MessageId"]) == ("worked on", first["MessageId"])
        assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_dead_letter_moves_once_also_over_a_kill(tmp_path: Path) -> None:
    """It leaves one queue and is in the other."""
    with serving(tmp_path) as service:
        sqs = made(service, receives=1)
        sqs.send_message(QueueUrl=url(sqs), MessageBody="poison")
        (message,) = received(sqs)
        asked = {"QueueUrl": url(sqs), "ReceiptHandle": message["ReceiptHandle"]}
        sqs.change_message_visibility(**asked, VisibilityTimeout=0)
        assert received(sqs) == []
        service.kill()

    with serving(tmp_path) as service:
        sqs = service.client("sqs")
        assert received(sqs) == []
        (dead,) = received(sqs, "orders-dead")
        assert (dead["Body"], dead["MessageId"]) == ("poison", message["MessageId"])


def test_a_long_poll_hears_of_a_message_at_once_and_holds_up_nobody(service: Service) -> None:
    """It waits outside the one thread that answers everything."""
    sqs = made(service)
    heard: list[float] = []

    def listen() -> None:
        assert [each["Body"] for each in received(service.client("sqs"), wait=15)] == ["at last"]
        heard.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    time.sleep(0.5)
    began = time.monotonic()
    sqs.send_message(QueueUrl=url(sqs), MessageBody="at last")
    assert time.monotonic() - began < 1
    listener.join(10)

    assert heard
    assert heard[0] - began < 2


def test_a_long_poll_ends(service: Service) -> None:
    """With nothing, when nothing came."""
    sqs = made(service)
    began = time.monotonic()
    assert received(sqs, wait=1) == []
    assert 0.9 <= time.monotonic() - began < 3


# --- reading for a function ------------------------------------------------------------------------------------------


class Taker:
    """Stands where the environments are: takes messages, except those that say otherwise."""

    def __init__(self, answer: bytes | None = None, error: str | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self._answer = answer
        self._error = error

    async def __call__(self, function: str, payload: bytes, request_id: str | None = None) -> Outcome:
        """Take a batch."""
        if function != FUNCTION:
            raise UnknownFunctionError(function)
        event = json.loads(payload)
        self.events.append(event)
        failed = [record["messageId"] for record in event["Records"] if record["body"] == "poison"]
        answer = json.dumps({"batchItemFailures": [{"itemIdentifier": each} for each in failed]}).encode()
        return Outcome("r", self._answer or answer, self._error)

    @property
    def bodies(self) -> list[list[str]]:
        """What came, batch by batch."""
        return [[record["body"] for record in event["Records"]] for event in self.events]


def deliver(service: Service, taker: Taker, times: int = 1, source: EventSource = SOURCE) -> None:
    """Read so many batches."""
    reader = QueueReader(source, "us-east-1", service.url, taker)

    async def rounds() -> None:
        for _ in range(times):
            await reader.deliver_next()

    asyncio.run(rounds())


def send(sqs: Any, *bodies: str) -> None:
    """Put messages into the queue."""
    for body in bodies:
        sqs.send_message(QueueUrl=url(sqs), MessageBody=body)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages that were not taken come again at once, and nobody waits for what is not there."""
    monkeypatch.setattr(queues, "REDELIVERY_SECONDS", 0)
    monkeypatch.setattr(queues, "POLL_SECONDS", 0)


def left(sqs: Any, name: str = "orders") -> int:
    """How many messages a queue has, hidden ones too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url(sqs, name), AttributeNames=names)["Attributes"]
    return sum(int(value) for value in attributes.values())


def test_a_function_takes_messages_in_batches_and_what_it_took_is_gone(service: Service, impatient: None) -> None:
    """In the shape in which Lambda hands them over."""
    sqs, taker = made(service), Taker()
    attributes = {"kind": {"DataType": "String", "StringValue": "urgent"}}
    sqs.send_message(QueueUrl=url(sqs), MessageBody="1", MessageAttributes=attributes)
    send(sqs, "2", "3", "4")

    deliver(service, taker, 3)

    assert taker.bodies == [["1", "2", "3"], ["4"]]
    assert left(sqs) == 0
    record = taker.events[0]["Records"][0]
    sample = json.loads((Path(__file__).parents[2] / "events" / "intake-queue.json").read_text())["Records"][0]
    assert set(record) == set(sample)
    assert set(sample["attributes"]) <= set(record["attributes"])
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", f"{ARN}:orders")
    assert record["messageAttributes"]["kind"]["stringValue"] == "urgent"


def test_only_the_messages_that_failed_come_again_and_end_among_the_dead_letters(
    service: Service, impatient: None
) -> None:
    """After as many receives as the queue allows."""
    sqs, taker = made(service, receives=3), Taker()
    send(sqs, "1", "poison", "2")

    deliver(service, taker, 5)

    assert taker.bodies == [["1", "poison", "2"], ["poison"], ["poison"]]
    assert (left(sqs), left(sqs, "orders-dead")) == (0, 1)


@pytest.mark.parametrize(
    "taker",
    [
        Taker(error="Unhandled"),
        Taker(b"not json"),
        Taker(b'{"batchItemFailures": [{}]}'),
        Taker(b'{"batchItemFailures": [{"itemIdentifier": "of another batch"}]}'),
    ],
    ids=["crashed", "no JSON", "nameless", "unknown"],
)
def test_a_function_that_makes_no_sense_has_taken_nothing(service: Service, impatient: None, taker: Taker) -> None:
    """As Lambda has it: the whole batch comes again."""
    sqs = made(service, receives=9)
    send(sqs, "1", "2")

    deliver(service, taker)

    assert left(sqs) == 2


@pytest.mark.parametrize("answer", [b"null", b"{}", b'{"batchItemFailures": []}', b'{"batchItemFailures": null}'])
def test_an_answer_without_failures_has_taken_everything(answer: bytes) -> None:
    """Each of these is one, says the developer guide."""
    assert failures(Outcome("r", answer)) == frozenset()


def test_a_source_that_does_not_ask_for_failures_hears_of_none(service: Service, impatient: None) -> None:
    """Without ReportBatchItemFailures an answer is an answer."""
    sqs = made(service)
    send(sqs, "poison")

    deliver(service, Taker(), source=EventSource("S", "orders", SOURCE.queue_arn, FUNCTION, 3, names_failures=False))

    assert left(sqs) == 0


def test_a_reader_survives_the_service_being_away(service: Service) -> None:
    """It tries again until it is cancelled."""

    async def read_nothing() -> None:
        reader = QueueReader(SOURCE, "us-east-1", "http://127.0.0.1:9", Taker())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.run(), 1.2)

    asyncio.run(read_nothing())


# --- the template ----------------------------------------------------------------------------------------------------

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Inbox:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
  Dead: {Type: AWS::SQS::Queue}
  Source:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: %s, FunctionName: taker, FunctionResponseTypes: [ReportBatchItemFailures]}
  Off:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Dead.Arn, FunctionName: taker, Enabled: false}
"""


def test_queues_and_their_readers_are_as_declared(tmp_path: Path) -> None:
    """With SQS's defaults where the template is silent; a source that is switched off reads nothing."""
    (tmp_path / "template.yaml").write_text(TEMPLATE % "!GetAtt Inbox.Arn")
    template = read(tmp_path / "template.yaml", {})
    inbox, dead = template.queues
    assert (inbox.name, inbox.visibility_seconds, inbox.maximum_receives) == ("countersign-Inbox", 120, 5)
    assert (inbox.dead_letter_arn, dead.dead_letter_arn) == (dead.arn, None)
    assert (dead.visibility_seconds, dead.retention_seconds) == (30, 345_600)
    (source,) = template.event_sources
    assert source == EventSource("Source", inbox.name, inbox.arn, "taker", 10, names_failures=True)


def test_a_source_of_anything_else_is_refused(tmp_path: Path) -> None:
    """Rather than being deaf."""
    (tmp_path / "template.yaml").write_text(TEMPLATE % f"{ARN}:elsewhere")
    with pytest.raises(TemplateError, match=r"Source\.EventSourceArn"):
        read(tmp_path / "template.yaml", {})


# --- the sandbox in the place of Step Functions ----------------------------------------------------------------------


def test_the_sandbox_takes_what_a_task_is_told_once_also_over_a_kill(tmp_path: Path) -> None:
    """It keeps no token, and knows a task again all the same."""
    with serving(tmp_path) as service:
        states = service.client("stepfunctions")
        states.send_task_success(taskToken="a-capability", output='{"status": "COMPLETED"}')
        states.send_task_failure(taskToken="another", error="REJECTED", cause="Too dear")
        service.kill()

    with serving(tmp_path) as service:
        states = service.client("stepfunctions")
        for token in ("a-capability", "another"):
            with pytest.raises(ClientError) as refused:
                states.send_task_success(taskToken=token, output="{}")
            assert refused.value.response["Error"]["Code"] == "TaskTimedOut"
        with pytest.raises(ClientError) as unknown:
            states.list_state_machines()
        assert unknown.value.response["Error"]["Code"] == "UnknownOperationException"
    journal = (tmp_path / "data" / "journal.jsonl").read_text()
    assert journal.count('"report"') == 2
    assert "a-capability" not in journal
