"""Stopping and recovering: operators alone, with a reason, and never twice."""

from __future__ import annotations

import pytest

from orders.domain.model import OrderId
from tests.api.world import NOBODYS, Answer, World, an_event, call, decision


def step_in(
    what: str, order_id: str, person: str = "operator-1", reason: str | None = "The customer is gone"
) -> Answer:
    """Stop or recover an order."""
    body = {} if reason is None else {"reason": reason}
    return call(an_event("POST", f"/orders/{order_id}/{what}", person=person, body=body))


@pytest.fixture
def held(world: World) -> str:
    """An order whose execution was stopped."""
    order_id = world.pending()
    assert step_in("stop", order_id).status == 200
    world.services().notification.execution_lost(OrderId(order_id), "STOPPED")
    return order_id


def test_a_stop_is_on_record_and_stops_the_execution(world: World) -> None:
    order_id = world.pending()

    answer = step_in("stop", order_id)

    assert (answer.status, answer.json["status"]) == (200, "PENDING_APPROVAL")
    assert list(world.starter.stopped.values()) == ["The customer is gone"]
    last = call(an_event("GET", f"/orders/{order_id}/audit", person="operator-1")).json["items"][-1]
    assert (last["event"], last["actor"], last["data"]["reason"]) == (
        "stop-requested",
        "operator-1",
        "The customer is gone",
    )


def test_a_held_order_is_recovered_by_an_execution_of_its_own(world: World, held: str) -> None:
    assert call(an_event("GET", f"/orders/{held}", person="operator-1")).json["actions"] == ["recover"]

    answer = step_in("recovery", held)

    assert (answer.status, answer.json["status"]) == (202, "NEEDS_ATTENTION")
    assert f"{held}-r1" in world.starter.started


def test_a_second_recovery_while_one_runs_is_the_first(world: World, held: str) -> None:
    step_in("recovery", held)
    world.history.tell(
        world.starter.start_recovery(OrderId(held), world.row(held).document, 1), {"Status": "RUNNING"}, []
    )

    assert step_in("recovery", held, reason="Hurry up").status == 202
    assert f"{held}-r2" not in world.starter.started


def test_an_order_that_is_not_held_is_not_recovered(world: World) -> None:
    answer = step_in("recovery", world.pending())

    assert (answer.status, answer.json["code"]) == (409, "not-held")
    assert "PENDING_APPROVAL" in answer.json["detail"]


def test_a_final_order_is_not_stopped(world: World) -> None:
    order_id = world.pending()
    call(decision(order_id, "manager-1", "reject", reason="No"))

    assert step_in("stop", order_id).status == 409


@pytest.mark.parametrize("what", ["stop", "recovery"])
@pytest.mark.parametrize(
    ("person", "status"),
    [("requester-1", 403), ("manager-1", 403), ("auditor-1", 403), ("requester-2", 404), ("warehouse-1", 404)],
)
def test_only_operators_step_in(world: World, what: str, person: str, status: int) -> None:
    assert step_in(what, world.pending(), person).status == status
    assert step_in(what, NOBODYS, person).status == 404


@pytest.mark.parametrize("what", ["stop", "recovery"])
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_an_operator_says_why(world: World, what: str, reason: str | None) -> None:
    answer = step_in(what, world.pending(), reason=reason)

    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/reason")


def test_operators_are_offered_what_they_can_do(world: World) -> None:
    actions = call(an_event("GET", f"/orders/{world.pending()}", person="operator-1")).json["actions"]

    assert actions == ["stop"]
