"""An execution that is stopped holds its order; a recovery undoes what it did, however often it is started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifier.handler import handler as notifier
from orders.domain.errors import NotPermittedError
from orders.domain.model import OrderId, Status
from orders.domain.payments import PaymentState
from orders.domain.refusals import TransitionRefusedError
from tests.builders import a_person
from tests.workflow.conftest import Golden
from tests.workflow.harness import World, a_world

OPERATOR = a_person("operator-1")


@pytest.fixture
def world() -> Iterator[World]:
    """A world with waits that no test here outlives."""
    with a_world() as world:
        yield world


def told(order_id: str, status: str) -> None:
    """Deliver a status event, as EventBridge does."""
    detail = {"durableExecutionName": order_id, "status": status}
    notifier({"detail-type": "Durable Execution Status Change", "detail": detail}, None)


def a_stopped_order(world: World) -> OrderId:
    """Return an order that waits for its manager and whose execution an operator has stopped."""
    order_id = world.submit()
    world.until_asked(order_id)
    world.services.operating.stop(order_id, OPERATOR, "The customer went bankrupt")
    told(order_id, "STOPPED")
    return order_id


def test_a_stopped_order_is_held_until_somebody_looks(world: World) -> None:
    order_id = a_stopped_order(world)

    assert world.row(order_id).status is Status.NEEDS_ATTENTION
    assert world.events(order_id)[-2:] == ["stop-requested", "needs-attention"]
    with pytest.raises(TransitionRefusedError) as refusal:
        world.approve(order_id)
    assert refusal.value.code == "too-late"


def test_a_recovery_undoes_and_closes(world: World, golden: Golden) -> None:
    order_id = a_stopped_order(world)

    world.services.operating.recover(order_id, OPERATOR, "Clean up")

    recovery = OrderId(f"{order_id}-r1")
    world.result(recovery)
    assert world.row(order_id).status is Status.FAILED
    assert world.ports.gateway.state(order_id) is PaymentState.VOIDED
    assert world.messages(order_id)[-1] == f"{order_id}#outcome#0#0"
    golden(world, recovery, "recovery")
    told(recovery, "SUCCEEDED")
    assert len([key for key in world.messages(order_id) if "outcome" in key]) == 1


def test_a_recovery_that_is_lost_is_followed_by_another_that_ends_the_same(world: World) -> None:
    order_id = a_stopped_order(world)
    world.services.operating.recover(order_id, OPERATOR, "Clean up")
    first = world.starter.arns[OrderId(f"{order_id}-r1")]
    world.starter.stop(first, "killed")
    told(f"{order_id}-r1", "STOPPED")
    if world.row(order_id).status is Status.NEEDS_ATTENTION:
        world.ports.history.tell(first, {"Status": "STOPPED"}, [])  # type: ignore[attr-defined]  # memory
        world.services.operating.recover(order_id, OPERATOR, "Clean up again")
        world.result(OrderId(f"{order_id}-r2"))

    assert world.row(order_id).status is Status.FAILED
    assert world.ports.gateway.state(order_id) is PaymentState.VOIDED


def test_a_second_call_while_a_recovery_runs_returns_the_first(world: World) -> None:
    order_id = a_stopped_order(world)
    begun = world.services.operating.recover(order_id, OPERATOR, "Clean up")
    arn = world.starter.arns[OrderId(f"{order_id}-r1")]
    world.ports.history.tell(arn, {"Status": "RUNNING"}, [])  # type: ignore[attr-defined]  # memory
    world.ports.orders._rows[order_id] = begun  # type: ignore[attr-defined]  # it has not closed the order yet

    again = world.services.operating.recover(order_id, OPERATOR, "Clean up, please")

    assert again.recoveries == 1
    assert OrderId(f"{order_id}-r2") not in world.starter.arns


def test_only_operators_stop_and_recover(world: World) -> None:
    order_id = world.submit()
    world.until_asked(order_id)

    for person in ("requester-1", "manager-1", "auditor-1"):
        with pytest.raises(NotPermittedError):
            world.services.operating.stop(order_id, a_person(person), "x")
        with pytest.raises(NotPermittedError):
            world.services.operating.recover(order_id, a_person(person), "x")
    with pytest.raises(TransitionRefusedError):
        world.services.operating.recover(order_id, OPERATOR, "It is not held")
    world.withdraw(order_id)


@pytest.mark.parametrize("events", [["FAILED"] * 3, ["FAILED", "SUCCEEDED", "TIMED_OUT"], ["STOPPED", "FAILED"]])
def test_status_events_repeated_and_reordered_change_nothing_about_a_final_row(world: World, events: list[str]) -> None:
    order_id = world.submit()
    world.until_asked(order_id)
    world.approve(order_id)
    assert world.status(order_id) == "COMPLETED"
    before = (world.row(order_id), world.events(order_id), world.messages(order_id))

    for event in events:
        told(order_id, event)

    assert (world.row(order_id), world.events(order_id), world.messages(order_id)) == before
