"""Larger orders: several levels, several people, a night's sleep; and what a withdrawal can still reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orders.domain.approval import Decide
from orders.domain.errors import SegregationOfDutiesError
from orders.domain.model import LevelOutcome, Person, Role, Status, Verdict
from orders.domain.payments import PaymentState
from orders.domain.refusals import TransitionRefusedError
from tests.workflow.conftest import Golden
from tests.workflow.harness import World, a_world

TWO_LEVELS = (("MERIDIAN-GIS", 6),)
COOLING_OFF = (("MERIDIAN-GIS", 60),)


@pytest.fixture
def world() -> Iterator[World]:
    """A world with waits that no test here outlives."""
    with a_world(skip_time=False) as world:
        yield world


def test_a_manager_and_then_a_director_approve(world: World, golden: Golden) -> None:
    order_id = world.submit(TWO_LEVELS)
    world.until_asked(order_id)
    world.approve(order_id)
    world.until_asked(order_id, level=2)
    world.approve(order_id, by="director-1", level=2)

    assert world.status(order_id) == "COMPLETED"
    golden(world, order_id, "manager-then-director")


def test_two_different_people_of_finance_and_a_rest(world: World, golden: Golden) -> None:
    order_id = world.submit(COOLING_OFF)
    world.until_asked(order_id)
    world.approve(order_id)
    world.until_asked(order_id, level=2)
    first = world.approve(order_id, by="finance-1", level=2)
    assert first.level.outcome is LevelOutcome.OPEN
    again = world.approve(order_id, by="finance-1", level=2)
    assert again.decision == first.decision

    world.approve(order_id, by="finance-2", level=2)

    assert world.status(order_id) == "COMPLETED"
    assert "cooling-off-begun" in world.events(order_id)
    golden(world, order_id, "finance-and-cooling-off")


def test_three_votes_for_a_quorum_of_two_are_two_votes_and_one_signal(world: World) -> None:
    order_id = world.submit(COOLING_OFF)
    world.until_asked(order_id)
    world.approve(order_id)
    world.until_asked(order_id, level=2)
    signals = len(world.wire.seen)

    world.approve(order_id, by="finance-1", level=2)
    world.approve(order_id, by="finance-2", level=2)
    with pytest.raises(TransitionRefusedError) as refusal:
        world.approve(order_id, by="finance-3", level=2)

    assert refusal.value.code == "already-decided"
    assert len(world.wire.seen) == signals + 1
    assert world.status(order_id) == "COMPLETED"


def test_nobody_approves_two_levels(world: World) -> None:
    order_id = world.submit(TWO_LEVELS)
    world.until_asked(order_id)
    world.approve(order_id)
    order = world.until_asked(order_id, level=2)
    both = order.levels[0].decisions[0].by

    with pytest.raises(SegregationOfDutiesError):
        world.decide(order_id, two_hats(both))

    world.withdraw(order_id)
    assert world.status(order_id) == "WITHDRAWN"


def test_a_withdrawal_while_the_order_cools_off_is_found_when_the_rest_is_over(golden: Golden) -> None:
    """The row changes at once; a wait cannot be woken, so the undo follows at its end."""
    with a_world(skip_time=False, cooling_off=3) as world:
        order_id = world.submit(COOLING_OFF)
        world.until_asked(order_id)
        world.approve(order_id)
        world.until_asked(order_id, level=2)
        world.approve(order_id, by="finance-1", level=2)
        world.approve(order_id, by="finance-2", level=2)
        world.until(order_id, lambda row: row.status is Status.COOLING_OFF)

        assert world.withdraw(order_id).status is Status.WITHDRAWN

        assert world.status(order_id) == "WITHDRAWN"
        assert world.ports.gateway.state(order_id) is PaymentState.VOIDED
        golden(world, order_id, "withdrawn-while-cooling-off")


def two_hats(username: str) -> Decide:
    """Return the decision of somebody who is a manager and a director."""
    return Decide(Person.named(username, frozenset({Role.MANAGERS, Role.DIRECTORS})), 2, Verdict.APPROVE, None)
