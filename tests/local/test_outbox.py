"""The outbox for the page: every kind of message, newest first, with its deadline, and nothing for strangers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.outbox import PLACE, Outbox
from local.template import read
from orders.domain.messages import MessageKind
from tests.orders import ATLAS, SMALL, Orders
from tests.stack import ROOT, Stack, eventually


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One stack whose waits end only when somebody jumps to their end."""
    waits = {"DECISION_WINDOW_SECONDS": "7200", "REMINDER_SECONDS": "3600", "ESCALATION_SECONDS": "5000"}
    with Stack(tmp_path_factory.mktemp("outbox") / "data", environment=waits) as stack:
        yield Orders(stack)


def messages(orders: Orders, order_id: str) -> list[dict[str, Any]]:
    """What the outbox has of one order, newest first."""
    answer = orders.stack.request("GET", PLACE)
    assert answer.status == 200, answer.body
    return [each for each in answer.json()["items"] if each["orderId"] == order_id]


def kinds(orders: Orders, order_id: str) -> list[str]:
    """The kinds of one order's messages, newest first."""
    return [each["kind"] for each in messages(orders, order_id)]


def test_a_request_names_its_order_its_level_and_its_deadline(orders: Orders) -> None:
    order_id = orders.submit(ATLAS)
    order = orders.until(order_id, "PENDING_APPROVAL")

    [message] = eventually(lambda: messages(orders, order_id))

    assert (message["kind"], message["level"], message["k"], message["to"]) == ("request-decision", 1, 1, "managers")
    assert message["deadline"] is not None
    assert message["deadline"][:19] == order["levels"][0]["deadline"][:19]
    assert order_id in message["subject"]
    assert message["body"].endswith(f"#/orders/{order_id}")
    eventually(lambda: messages(orders, order_id)[0]["published"])


def test_reminder_escalation_and_outcome_follow_newest_first(orders: Orders) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    for _ in range(2):
        seen = len(messages(orders, order_id))
        assert orders.stack.request("POST", "/local/time/jump", {"orderId": order_id}).status == 200
        eventually(lambda seen=seen: len(messages(orders, order_id)) > seen)  # type: ignore[misc]
    orders.stack._tokens.clear()  # issued before the clock was put forward
    assert orders.decide(order_id, "approve", by="director-1").status == 200
    orders.until(order_id, "COMPLETED")

    eventually(lambda: "outcome" in kinds(orders, order_id))

    assert kinds(orders, order_id) == ["outcome", "escalate", "remind", "request-decision"]
    outcome, escalation, *_ = messages(orders, order_id)
    assert (outcome["to"], outcome["level"], outcome["deadline"]) == ("requester-1", 0, None)
    assert escalation["to"] == "directors"


def test_being_held_is_a_message_of_its_own_beside_the_outcome(orders: Orders) -> None:
    """No customer of the sandbox brings an order there: the item is written as the notifier writes it."""
    order_id = orders.submit(SMALL)
    orders.until(order_id, "COMPLETED")
    eventually(lambda: kinds(orders, order_id) == ["outcome"])
    table = table_of(orders.stack)
    item = dict(table.query(**outbox_of(order_id))["Items"][0])
    table.put_item(Item={**item, "sk": f"{item['sk']}-held", "kind": MessageKind.HELD, "listSk": f"{item['listSk']}~"})

    assert kinds(orders, order_id) == ["held", "outcome"]


def test_the_newest_hundred_of_all_shards_are_shown(orders: Orders) -> None:
    """More than a page on each of two shards: merged by their moments, cut at a hundred."""
    table, name = table_of(orders.stack), f"o{uuid.uuid4().hex[:26]}"
    keys = [{"pk": f"ORDER#{name}", "sk": f"OUTBOX#{number}"} for number in range(240)]
    with table.batch_writer() as batch:
        for number, key in enumerate(keys):
            at = f"2099-01-01T00:{number // 60:02}:{number % 60:02}.000Z"
            lists = {"listPk": f"outbox#{number % 2}", "listSk": at}
            batch.put_item(Item={**key, **lists, "kind": "remind", "level": 1, "k": number, "at": at})
    two_shards = Outbox(orders.stack.endpoints["data"], "us-east-1", table.name, 2)

    shown = two_shards._messages()

    with table.batch_writer() as batch:  # they are newer than whatever else this stack will say
        for key in keys:
            batch.delete_item(Key=key)
    assert [each["k"] for each in shown] == list(range(239, 139, -1))
    assert {(each["orderId"], each["deadline"]) for each in shown} == {(name, None)}


def test_only_pages_of_this_stack_read_it_and_nobody_writes(orders: Orders) -> None:
    stack = orders.stack
    assert stack.request("GET", PLACE, headers={"Origin": "https://elsewhere.example"}).status == 403
    assert stack.request("GET", PLACE, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert stack.request("POST", PLACE, {}).status == 405
    assert stack.request("DELETE", PLACE).status == 405
    assert stack.request("GET", PLACE).headers["cache-control"] == "no-store"


def test_a_template_without_orders_has_no_outbox() -> None:
    template = read(ROOT / "template.yaml")
    found = Outbox.of(template, "http://127.0.0.1:9")
    assert found is not None
    assert (found.table, found.shards) == ("countersign-OrdersTable", int(template.parameters["Shards"]))
    others = tuple(each for each in template.tables if each.logical_id != "OrdersTable")
    assert len(others) < len(template.tables)
    assert Outbox.of(type(template)(**{**fields_of(template), "tables": others}), "http://127.0.0.1:9") is None


def test_the_page_has_a_word_for_every_kind_of_message() -> None:
    page = (ROOT / "frontend" / "js" / "local" / "outbox.js").read_text("utf-8")
    labelled = re.findall(r'^  "?([a-z-]+)"?: \{ icon: ', page, re.MULTILINE)
    assert sorted(labelled) == sorted(MessageKind)


# --- helpers ----------------------------------------------------------------------------------------------------------


def table_of(stack: Stack) -> Any:
    """The orders table of a stack."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.resource("dynamodb", endpoint_url=stack.endpoints["data"]).Table("countersign-OrdersTable")


def outbox_of(order_id: str) -> dict[str, Any]:
    """A query for one order's messages."""
    values = {":pk": f"ORDER#{order_id}", ":prefix": "OUTBOX#"}
    return {
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
        "ExpressionAttributeValues": values,
    }


def fields_of(template: Any) -> dict[str, Any]:
    """A template's fields, to make another one of."""
    return {name: getattr(template, name) for name in type(template).__slots__}
