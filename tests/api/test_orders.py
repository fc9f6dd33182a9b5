"""Submitting, reading and withdrawing orders by HTTP."""

from __future__ import annotations

import pytest

from approval_api.routes import reference
from orders.domain.errors import InvalidReferenceDataError
from orders.domain.submission import order_id_for
from tests.api.world import AUTOMATIC, NOBODYS, ONE_LEVEL, World, a_key, an_event, call, decision


def test_a_submitted_order_is_answered_202_with_its_address(world: World) -> None:
    key = a_key()

    answer = call(an_event("POST", "/orders", body={**ONE_LEVEL, "note": "Soon, please"}, key=key))

    order_id = order_id_for("requester-1", key)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/orders/{order_id}"
    assert answer.json == {
        "orderId": order_id,
        "status": "SUBMITTED",
        "level": None,
        "total": 14700,
        "currency": "EUR",
        "customer": "acme",
        "requester": "requester-1",
        "note": "Soon, please",
        "lineCount": 1,
        "submittedAt": "2026-11-02T12:00:00.000Z",
        "updatedAt": "2026-11-02T12:00:00.000Z",
        "deadline": None,
        "levels": [
            {"level": 1, "role": "managers", "quorum": 1, "outcome": "waiting", "deadline": None, "decisions": []}
        ],
        "actions": ["withdraw"],
    }
    assert list(world.starter.started) == [order_id]


def test_an_open_order_shows_its_level_its_deadline_and_what_the_reader_may_do(world: World) -> None:
    order_id = world.pending()

    seen = call(an_event("GET", f"/orders/{order_id}", person="manager-1")).json

    assert (seen["status"], seen["level"]) == ("PENDING_APPROVAL", 1)
    assert seen["deadline"] == seen["levels"][0]["deadline"] == "2026-11-02T12:10:00.000Z"
    assert seen["actions"] == ["approve", "reject"]
    assert call(an_event("GET", f"/orders/{order_id}")).json["actions"] == ["withdraw"]


def test_a_decided_order_shows_who_decided_and_what_came_of_it(world: World) -> None:
    order_id = world.pending()
    world.clock.move(seconds=5)
    call(decision(order_id, verdict="reject", reason="Too dear"))

    seen = call(an_event("GET", f"/orders/{order_id}")).json

    assert (seen["status"], seen["actions"], seen["deadline"]) == ("REJECTED", [], None)
    assert seen["outcomeReason"] == "manager-1 rejected it: Too dear"
    assert seen["levels"][0]["decisions"] == [
        {"by": "manager-1", "verdict": "reject", "reason": "Too dear", "at": "2026-11-02T12:00:05.000Z"}
    ]


def test_the_document_has_every_line_with_the_price_it_was_ordered_at(world: World) -> None:
    order_id = world.submit()

    document = call(an_event("GET", f"/orders/{order_id}/document")).json

    assert document["lines"] == [{"sku": "ATLAS-ED", "quantity": 3, "unitPrice": 4900, "amount": 14700}]
    assert (document["total"], document["requester"], document["policyVersion"]) == (14700, "requester-1", "2026-11")
    assert document["levels"][0]["windowSeconds"] == 600
    assert (document["coolingOffSeconds"], document["picking"]) == (0, None)


def test_the_audit_is_numbered_without_gaps_and_says_from_where_to_where(world: World) -> None:
    order_id = world.pending()
    call(decision(order_id))

    items = call(an_event("GET", f"/orders/{order_id}/audit")).json["items"]

    assert [item["seq"] for item in items] == [1, 2, 3]
    assert [item["event"] for item in items] == ["submitted", "level-opened", "approved"]
    assert items[0]["from"] is None
    assert (items[1]["from"], items[1]["to"], items[1]["actor"]) == ("SUBMITTED", "PENDING_APPROVAL", "workflow")


def test_the_list_goes_newest_first_page_by_page(world: World) -> None:
    submitted = []
    for _ in range(5):
        submitted.append(world.submit())
        world.clock.move(seconds=1)

    found, cursor = [], ""
    for _ in range(3):
        query = {"limit": 2, "mine": "true", **({"cursor": cursor} if cursor else {})}
        page = call(an_event("GET", "/orders", query=query)).json
        found += [item["orderId"] for item in page["items"]]
        cursor = page["nextCursor"]

    assert found == submitted[::-1]
    assert cursor is None


def test_the_list_can_be_narrowed_to_a_status(world: World) -> None:
    world.submit()
    pending = world.pending()

    items = call(an_event("GET", "/orders", query={"status": "PENDING_APPROVAL"})).json["items"]

    assert [item["orderId"] for item in items] == [pending]


def test_the_inbox_has_what_the_caller_may_decide_by_deadline(world: World) -> None:
    first = world.pending()
    world.clock.move(seconds=1)
    second = world.pending()
    world.submit(body=AUTOMATIC)

    items = call(an_event("GET", "/inbox", person="manager-1")).json["items"]

    assert [(item["orderId"], item["level"]) for item in items] == [(first, 1), (second, 1)]
    assert call(an_event("GET", "/inbox", person="requester-1")).json == {"items": [], "nextCursor": None}


def test_the_requester_takes_an_order_back_and_the_workflow_is_woken(world: World) -> None:
    order_id = world.pending()

    answer = call(an_event("POST", f"/orders/{order_id}/withdrawal", body={"reason": "Wrong item"}))

    assert (answer.status, answer.json["status"]) == (200, "WITHDRAWN")
    assert answer.json["outcomeReason"] == "Withdrawn: Wrong item"
    assert world.signaller.woken == (f"callback-of-{order_id}-1",)


def test_an_order_that_nobody_ever_made_is_not_found(world: World) -> None:
    assert call(an_event("GET", f"/orders/{NOBODYS}", person="auditor-1")).json["code"] == "not-found"
    assert call(an_event("GET", "/orders/nonsense", person="auditor-1")).status == 404


def test_what_everybody_may_know(world: World) -> None:
    catalogue = call(an_event("GET", "/catalogue")).json
    policy = call(an_event("GET", "/policy")).json
    goods = {item["sku"]: item for item in catalogue["items"]}

    assert goods["SOLD-OUT"]["available"] is False
    assert goods["ATLAS-ED"] == {
        "sku": "ATLAS-ED",
        "name": "Atlas design suite, one seat",
        "unitPrice": 4900,
        "digital": True,
        "available": True,
    }
    assert "BULK-1000" in goods
    assert policy["tiers"][0] == {"upTo": 10000, "levels": [], "coolingOff": False}
    assert policy["tiers"][-1] == {
        "upTo": None,
        "levels": [{"role": "managers", "quorum": 1}, {"role": "finance", "quorum": 2}],
        "coolingOff": True,
    }
    assert call(an_event("GET", "/me", person="pat", groups="[managers nonsense finance]")).json == {
        "username": "pat",
        "groups": ["finance", "managers"],
    }
    assert call(an_event("GET", "/health", person=None)).json == {"status": "ok"}


def test_a_function_whose_services_cannot_be_built_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Health was answered by functions that answered nothing else."""

    def broken() -> None:
        raise InvalidReferenceDataError("policy.json: /tiers must be a list")

    monkeypatch.setattr(reference, "services", broken)

    answer = call(an_event("GET", "/health", person=None))

    assert (answer.status, answer.json["code"]) == (500, "internal")
    assert "tiers" not in answer.json["detail"]
