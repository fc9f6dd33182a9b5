"""Messages are written once and published at least once; what was ordered lately is remembered."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import boto3
import pytest

from orders.adapters.memory import MemoryOutbox, MemoryPublisher
from orders.adapters.sns import SnsPublisher
from orders.domain.messages import Message, OnePerson, Recipients, RoleMembers
from orders.domain.model import OrderId, Role
from tests.adapters.stand import Adapters, at_once, items, table_properties
from tests.builders import NOON

MESSAGE = Message(
    key="order-1#remind#1#2",
    order_id=OrderId("order-1"),
    kind="remind",
    level=1,
    k=2,
    to=RoleMembers(frozenset({Role.MANAGERS})),
    subject="Still waiting for your decision: order order-1 for Bäckerei Süß",
    body="Please approve or reject.",
    at=NOON,
)
ADA, BEN, CY = OrderId("order-ada"), OrderId("order-ben"), OrderId("order-cy")


def test_a_message_is_published_until_it_is_marked(adapters: Adapters) -> None:
    """A crash between writing and publishing leaves it to be published by the next try."""
    assert adapters.outbox.record(MESSAGE)
    assert adapters.outbox.record(MESSAGE)
    adapters.outbox.mark_published(MESSAGE)
    adapters.outbox.mark_published(MESSAGE)
    assert not adapters.outbox.record(MESSAGE)


@pytest.mark.parametrize(
    ("recipients", "text"),
    [
        (RoleMembers(frozenset({Role.MANAGERS})), "managers"),
        (RoleMembers(frozenset({Role.MANAGERS, Role.DIRECTORS})), "directors,managers"),
        (OnePerson("requester-1"), "requester-1"),
    ],
)
def test_the_outbox_names_recipients_as_earlier_versions_did(aws: Adapters, recipients: Recipients, text: str) -> None:
    aws.outbox.record(replace(MESSAGE, to=recipients))
    (item,) = items()
    assert item["to"] == {"S": text}


def test_a_later_try_is_the_same_message(adapters: Adapters) -> None:
    """The key says which message it is, whatever the hour."""
    adapters.outbox.record(MESSAGE)
    adapters.outbox.mark_published(MESSAGE)
    assert not adapters.outbox.record(replace(MESSAGE, at=NOON + timedelta(minutes=1), body="again"))
    assert adapters.outbox.record(replace(MESSAGE, key="order-1#remind#1#3", k=3))


def test_a_message_is_one_item_that_expires_after_thirty_days(aws: Adapters) -> None:
    """Under the attribute that the deployed table's TTL looks at."""
    for _ in range(3):
        aws.outbox.record(MESSAGE)
    (item,) = items()
    attribute = table_properties()["TimeToLiveSpecification"]["AttributeName"]
    assert int(item[attribute]["N"]) == int((NOON + timedelta(days=30)).timestamp())
    assert item["sk"]["S"] == f"OUTBOX#{MESSAGE.key}"
    assert item["listPk"]["S"].startswith("outbox#")


def test_a_memory_outbox_shows_each_message_once() -> None:
    """As it was first written, in the order of writing."""
    outbox, other = MemoryOutbox(), replace(MESSAGE, key="order-1#outcome#0#0", kind="outcome")
    for message in (MESSAGE, other, replace(MESSAGE, body="again")):
        outbox.record(message)
    assert outbox.messages == (MESSAGE, other)


def test_what_was_published_is_kept_in_order() -> None:
    """Also what was published twice."""
    publisher = MemoryPublisher()
    publisher.publish(MESSAGE)
    publisher.publish(MESSAGE)
    assert publisher.published == (MESSAGE, MESSAGE)


@pytest.fixture
def topic_and_queue(aws: Adapters) -> tuple[str, Any, str]:
    """A topic, and a queue that hears it."""
    topic = boto3.client("sns").create_topic(Name="messages")["TopicArn"]
    queues = boto3.client("sqs")
    queue = queues.create_queue(QueueName="listener")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, queues, queue


def test_a_subscriber_hears_the_text_and_the_key(topic_and_queue: tuple[str, Any, str]) -> None:
    """The key is what a subscriber needs to tell people once."""
    topic, queues, queue = topic_and_queue
    SnsPublisher(topic).publish(MESSAGE)
    (received,) = queues.receive_message(QueueUrl=queue)["Messages"]
    notification = json.loads(received["Body"])
    assert notification["Message"] == f"{MESSAGE.subject}\n\n{MESSAGE.body}"
    assert notification["Subject"] == "Order order-1: remind"
    assert notification["MessageAttributes"]["key"]["Value"] == MESSAGE.key


def test_the_first_of_its_content_is_no_duplicate(adapters: Adapters) -> None:
    """However often its own step asks."""
    assert adapters.duplicates.first_with("print", ADA, NOON) is None
    assert adapters.duplicates.first_with("print", ADA, NOON) is None
    assert adapters.duplicates.first_with("other", BEN, NOON) is None


def test_the_same_content_within_a_day_names_the_first(adapters: Adapters) -> None:
    """And a repeated question has the same answer."""
    adapters.duplicates.first_with("print", ADA, NOON)
    for order_id in (BEN, BEN, CY):
        assert adapters.duplicates.first_with("print", order_id, NOON + timedelta(hours=23)) == ADA


def test_the_same_content_a_day_later_is_new(adapters: Adapters) -> None:
    """And is the first of its own day."""
    adapters.duplicates.first_with("print", ADA, NOON)
    assert adapters.duplicates.first_with("print", BEN, NOON + timedelta(days=1)) is None
    assert adapters.duplicates.first_with("print", CY, NOON + timedelta(hours=25)) == BEN


def test_of_many_equal_orders_at_once_one_is_the_first(adapters: Adapters) -> None:
    """All the others name it."""
    orders = [OrderId(f"order-{n}") for n in range(6)]
    answers = at_once([partial(adapters.duplicates.first_with, "print", order, NOON) for order in orders])
    assert answers.count(None) == 1
    first = orders[answers.index(None)]
    assert all(answer in (None, first) for answer in answers)
