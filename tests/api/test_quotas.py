"""What a requester hears who asks for more than their open orders may hold before approval."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.domain.errors import PendingLimitError
from orders.domain.quotas import OPEN_ORDERS, Claim
from orders.domain.submission import RequestedLine, Submission
from tests.api.world import AUTOMATIC, ONE_LEVEL, Answer, World, a_key, a_message, an_event, call, take
from tests.builders import a_person

PAT = "requester-1"


def bulk(thousands: int) -> dict[str, Any]:
    """Return an order of so many thousand of one good, in lines of ten thousand."""
    lines = [{"sku": "BULK-0001", "quantity": 10_000}] * (thousands // 10)
    return {**ONE_LEVEL, "lines": lines}


def ordering(body: dict[str, Any], key: str | None = None, person: str = PAT) -> Answer:
    """Place an order."""
    return call(an_event("POST", "/orders", body=body, key=key, person=person))


def errors(answer: Answer) -> dict[str, str]:
    """Return what must be changed, by pointer."""
    assert (answer.status, answer.json["code"]) == (422, "pending-limit"), answer.text
    return {each["pointer"]: each["detail"] for each in answer.json["errors"]}


def holding(world: World, **claims: int) -> None:
    """Let the requester's open orders hold this much of these counters."""
    wanted = {name: Claim(amount, amount) for name, amount in claims.items()}
    assert world.quotas.claim("other:0", PAT, wanted) == ()


def test_one_order_cannot_hold_all_there_is(world: World) -> None:
    """A million of a good cost less than the largest order may."""
    assert errors(ordering(bulk(1_000))) == {
        "/lines/25/quantity": "Order at most 250000 of BULK-0001; one requester may hold no more before approval."
    }
    assert (world.starter.started, world.bucket.objects) == ({}, {})


def test_a_task_hears_which_limit_its_message_exceeds(world: World) -> None:
    """The queue answers with the same code as HTTP; its pointers lead into the message."""
    assert take(a_message(bulk(1_000), taskToken="token-1")) == []

    problem = json.loads(world.tasks.reports["token-1"].cause or "")
    assert (problem["code"], [each["pointer"] for each in problem["errors"]]) == (
        "pending-limit",
        ["/order/lines/25/quantity"],
    )


def test_two_spellings_of_a_requester_share_one_limit(world: World) -> None:
    holding(world, **{"SKU#BULK-0001": 200_000})

    answer = call(an_event("POST", "/orders", body=bulk(60), person="Requester-1"))

    assert (answer.status, answer.json["code"]) == (422, "pending-limit")


def test_the_share_of_one_requester_can_be_ordered(world: World) -> None:
    assert ordering(bulk(250)).status == 202


def test_open_orders_count(world: World) -> None:
    holding(world, **{"SKU#BULK-0001": 200_000})

    assert errors(ordering(bulk(60))) == {
        "/lines/5/quantity": (
            "Your open orders hold 200000 of BULK-0001, and 250000 is the most before approval; "
            "order at most 50000 now."
        )
    }
    assert ordering(bulk(50)).status == 202


def test_what_one_requester_holds_is_nothing_to_another(world: World) -> None:
    holding(world, **{"SKU#BULK-0001": 250_000, OPEN_ORDERS: 500})

    assert ordering(bulk(250), person="requester-2").status == 202


def test_open_orders_have_a_number(world: World) -> None:
    holding(world, **{OPEN_ORDERS: 500})

    detail = "You have 500 open orders, the most there may be; order again when an open order is decided or withdrawn."
    assert errors(ordering(ONE_LEVEL)) == {"/lines": detail}


def test_the_automatic_tier_is_not_affected(world: World) -> None:
    holding(world, **{"SKU#BULK-0001": 250_000, OPEN_ORDERS: 500})

    assert ordering(AUTOMATIC).status == 202
    assert ordering({**AUTOMATIC, "lines": [{"sku": "BULK-0001", "quantity": 999}]}).status == 202


def test_an_order_that_was_taken_is_answered_again_whatever_it_holds(world: World) -> None:
    """Also when the answer is no longer kept: its own claims do not speak against it."""
    intake = world.services().intake
    submission = Submission("acme", "EUR", (RequestedLine("BULK-0001", 10_000),) * 20)
    order = intake.submit(a_person(PAT), "key-of-a-retry-0001", submission)
    assert world.services().quotas.claim_branch(order.document, 0) is None

    assert intake.submit(a_person(PAT), "key-of-a-retry-0001", submission).order_id == order.order_id
    with pytest.raises(PendingLimitError):
        intake.submit(a_person(PAT), "key-of-another-0001", submission)


def test_a_refused_order_can_be_sent_again_with_the_same_key(world: World) -> None:
    """A refusal is not kept: the same request is judged anew, and its time is that of the try that was taken."""
    holding(world, **{"SKU#BULK-0001": 250_000})
    key = a_key()
    errors(ordering(bulk(50), key))
    world.quotas.release("other:0")
    world.clock.move(seconds=60)

    taken = ordering(bulk(50), key)

    assert (taken.status, taken.json["submittedAt"]) == (202, "2026-11-02T12:01:00.000Z")
