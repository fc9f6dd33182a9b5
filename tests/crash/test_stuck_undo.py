"""An undo that keeps failing: everything else is undone all the same, and somebody gets to know."""

from __future__ import annotations

import pytest

from orders.domain.model import Status
from orders.domain.payments import PaymentState
from tests.crash.invariants import evidence_of
from tests.workflow.harness import ONE_LEVEL, a_world
from tests.workflow.scenarios import BY_NAME, Scenario, manager_rejects, nothing, play, voids_fail

HELD = BY_NAME["undo-fails"]
REFUSED = Scenario("refused", Status.NEEDS_ATTENTION, nothing, ONE_LEVEL, "card-declined", broken=voids_fail)
REJECTED = Scenario("rejected", Status.REJECTED, manager_rejects, broken=voids_fail)


@pytest.mark.parametrize("scenario", [HELD, REFUSED], ids=["after the charge began", "before anybody was asked"])
def test_goods_go_back_though_money_cannot_and_the_order_is_held(scenario: Scenario) -> None:
    with a_world(between=scenario.broken) as world:
        evidence = evidence_of(play(scenario, world, "stuck"))

    assert evidence.row.status is scenario.ends
    assert evidence.taken == {}


def test_after_a_rejection_the_row_stays_and_the_execution_fails_loudly() -> None:
    """A final row cannot be held; the failed execution raises the alarm, and the requester is told all the same."""
    with a_world(between=REJECTED.broken) as world:
        people = play(REJECTED, world, "stuck")
        evidence = evidence_of(people)

        assert people.ended(people.order_id).current_status().value == "FAILED"
        assert world.ports.gateway.state(people.order_id) is PaymentState.AUTHORIZED
    assert evidence.row.status is Status.REJECTED
    assert evidence.taken == {}
    assert [each.kind for each in evidence.outbox] == ["request-decision", "outcome"]
