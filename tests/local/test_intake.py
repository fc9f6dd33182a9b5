"""Orders through the intake queue, and state machines that wait for them, on the whole stack of `make run`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from orders.domain.submission import order_id_for
from tests.orders import ATLAS, SMALL, Orders
from tests.stack import Stack, eventually


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One stack for everything that needs nothing special."""
    with Stack(tmp_path_factory.mktemp("intake") / "data") as stack:
        yield Orders(stack)


def send(orders: Orders, lines: list[dict[str, Any]], **parts: Any) -> str:
    """Send a message as the README shows it; return the id of the order that it asks for."""
    order = {"customer": "acme", "currency": "EUR", "lines": lines}
    content = {"requester": "requester-1", "idempotencyKey": uuid.uuid4().hex, "order": order, **parts}
    sqs = client(orders)
    sqs.send_message(QueueUrl=queue_url(sqs), MessageBody=json.dumps(content))
    return order_id_for(content["requester"], content["idempotencyKey"])


def client(orders: Orders) -> Any:
    """An SQS client of the stack."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.client("sqs", endpoint_url=orders.stack.endpoints["data"])


def queue_url(sqs: Any, name: str = "IntakeQueue") -> str:
    """The address of a queue of the template."""
    return str(sqs.get_queue_url(QueueName=f"countersign-{name}")["QueueUrl"])


def dead_letters(orders: Orders) -> list[str]:
    """The bodies of the messages that could not be taken; they stay there."""
    sqs = client(orders)
    asked = {"QueueUrl": queue_url(sqs, "IntakeDeadLetters"), "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
    return [message["Body"] for message in sqs.receive_message(**asked).get("Messages", [])]


def waiting(orders: Orders) -> int:
    """How many messages are in the intake queue, whether hidden or not."""
    sqs = client(orders)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url(sqs), AttributeNames=names)["Attributes"]
    return sum(map(int, attributes.values()))


def told(orders: Orders) -> list[dict[str, Any]]:
    """What tasks of state machines were told."""
    lines = (json.loads(line) for line in orders.stack.log.read_text("utf-8").splitlines() if line.startswith("{"))
    return [line for line in lines if line.get("message") == "a state machine's task was told"]


def there(orders: Orders, order_id: str) -> bool:
    """Whether the order can be read."""
    return orders.stack.request("GET", f"/orders/{order_id}", identity="auditor-1").status == 200


def test_a_message_becomes_an_order_and_the_queue_is_empty_again(orders: Orders) -> None:
    order_id = send(orders, SMALL)

    eventually(lambda: there(orders, order_id), 20)

    assert orders.until(order_id, "COMPLETED")["requester"] == "requester-1"
    eventually(lambda: waiting(orders) == 0)


def test_a_state_machine_hears_how_its_order_ended(orders: Orders) -> None:
    order_id = send(orders, ATLAS, taskToken=f"token-{uuid.uuid4()}")
    eventually(lambda: there(orders, order_id), 20)
    orders.until(order_id, "PENDING_APPROVAL")

    orders.decide(order_id, "reject", reason="Too dear")

    orders.until_ended(order_id)
    reports = [each for each in told(orders) if each.get("error") == "REJECTED"]
    assert [each["cause"] for each in reports] == ["manager-1 rejected it: Too dear"]
    names = [each["name"] for each in orders.get(order_id, "/execution")["operations"]]
    assert names[-1] == "report-to-state-machine"


def test_a_state_machine_hears_at_once_that_its_message_is_wrong(orders: Orders) -> None:
    send(orders, [{"sku": "NO-SUCH-GOOD", "quantity": 1}], taskToken=f"token-{uuid.uuid4()}")

    (report,) = eventually(lambda: [each for each in told(orders) if each.get("error") == "validation"])

    assert json.loads(report["cause"])["errors"][0]["pointer"] == "/order/lines/0/sku"
    assert dead_letters(orders) == []


def test_a_task_token_never_leaves_the_server(orders: Orders) -> None:
    token = f"token-{uuid.uuid4()}"
    order_id = send(orders, SMALL, taskToken=token)
    eventually(lambda: there(orders, order_id), 20)
    orders.until_ended(order_id)

    said = [
        orders.stack.request("GET", f"/orders/{order_id}{part}", identity=person).body.decode()
        for person in ("auditor-1", "requester-1", "operator-1")
        for part in ("", "/audit", "/execution", "/document")
    ]

    assert [each for each in told(orders) if order_id in (each.get("output") or "")]
    assert not [answer for answer in said if token in answer]
    assert token not in orders.stack.log.read_text("utf-8")


def test_what_cannot_be_taken_is_among_the_dead_letters_and_everything_survives_a_restart(tmp_path: Path) -> None:
    with Stack(tmp_path / "data") as stack:
        orders = Orders(stack)
        token = f"token-{uuid.uuid4()}"
        awaited = send(orders, ATLAS, taskToken=token)
        send(orders, [{"sku": "NO-SUCH-GOOD", "quantity": 1}])
        eventually(lambda: there(orders, awaited), 20)
        orders.until(awaited, "PENDING_APPROVAL")

        stack.kill("everything")
        stack.restart()

        (letter,) = eventually(lambda: dead_letters(orders), 40)
        assert "NO-SUCH-GOOD" in letter
        assert waiting(orders) == 0
        orders.decide(awaited, "approve")
        orders.until(awaited, "COMPLETED")
        orders.until_ended(awaited)
        assert [awaited in str(each.get("output")) for each in told(orders)] == [True]

        stack.restart()

        assert dead_letters(orders) == [letter]
