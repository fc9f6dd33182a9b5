"""Status events that arrive three times, late and in every order lead to one final state and one message each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import pytest

from notifier.handler import handler as notifier
from orders.domain.approval import OpenLevel
from orders.domain.charging import BeginCharge, Complete
from orders.domain.model import OrderId, Status
from orders.domain.recovery import BeginRecovery, NeedAttention, Recover
from orders.domain.submission import order_id_for, register
from orders.domain.table import judge
from tests.builders import A_REF, a_document, a_person, approval, at
from tests.workflow.harness import World, a_world
from tests.workflow.scenarios import tell

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED")
LOST = frozenset({"FAILED", "TIMED_OUT", "STOPPED"})
DISORDERS = [order for length in range(1, len(STATUSES) + 1) for order in permutations(STATUSES, length)]
APPROVED = (OpenLevel(1, "callback-1"), approval())
COMPLETED = (*APPROVED, BeginCharge(), Complete())
HELD = (*APPROVED, BeginCharge(), NeedAttention("The workflow ended STOPPED", "notifier"))
RECOVERED = (*HELD, BeginRecovery(a_person("operator-1"), 1, "Clean up"), Recover("Undone by a recovery"))
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One world, in which each disorder happens to an order of its own."""
    with a_world() as world:
        yield world


def an_order_after(world: World, *moves: object, number: int) -> OrderId:
    """Put an order that has been moved like this into the book."""
    order_id = order_id_for("requester-1", f"{moves} {number}")
    world.ports.orders.create(register(a_document(order_id=order_id), A_REF, "arn"))
    for move in moves:
        world.ports.orders.commit(judge(world.row(order_id), move, at(2)))  # type: ignore[arg-type]  # commands
    return order_id


def thrice(order_id: OrderId, statuses: Sequence[str], suffix: str = "") -> None:
    """Deliver each event three times: twice in a row, and once more when all have come."""
    twice = [status for each in statuses for status in (each, each)]
    for status in [*twice, *statuses]:
        tell(f"{order_id}{suffix}", status)


def outcomes(world: World, order_id: OrderId) -> int:
    """Return how often the requester was told the outcome."""
    return world.messages(order_id).count(f"{order_id}#outcome#0#0")


@pytest.mark.parametrize("suffix", ["", "-r1"], ids=["execution", "recovery"])
@pytest.mark.parametrize("moves", [COMPLETED, RECOVERED], ids=["completed", "recovered"])
def test_no_disorder_of_events_changes_a_final_row_or_tells_its_end_twice(
    world: World, moves: tuple[object, ...], suffix: str
) -> None:
    for number, disorder in enumerate(DISORDERS):
        order_id = an_order_after(world, *moves, number=number + (1000 if suffix else 0))
        before = world.row(order_id)

        thrice(order_id, disorder, suffix)

        assert world.row(order_id) == before, disorder
        assert outcomes(world, order_id) == (0 if disorder == ("RUNNING",) else 1), disorder


def test_an_open_order_is_held_once_whatever_the_order_of_events(
    world: World, record_testsuite_property: Record
) -> None:
    held = 0
    for number, disorder in enumerate(DISORDERS):
        order_id = an_order_after(world, *APPROVED, number=number)

        thrice(order_id, disorder)

        lost = bool(LOST & {*disorder})
        held += lost
        assert world.row(order_id).status is (Status.NEEDS_ATTENTION if lost else Status.PENDING_APPROVAL), disorder
        assert world.events(order_id).count("needs-attention") == lost, disorder
        assert outcomes(world, order_id) == 0, disorder
    record_testsuite_property("disorders of status events", f"{len(DISORDERS)}, {held} of them held the order")
    assert 0 < held < len(DISORDERS)


def test_a_held_order_stays_held(world: World) -> None:
    for number, disorder in enumerate(DISORDERS):
        order_id = an_order_after(world, *HELD, number=number)
        before = world.row(order_id)

        thrice(order_id, disorder)

        assert world.row(order_id) == before, disorder


@pytest.mark.parametrize("status", sorted(LOST))
def test_an_execution_that_is_lost_between_closing_the_order_and_announcing_it_leaves_nobody_untold(
    world: World, status: str
) -> None:
    """An operator stops it, or its time is over, in that very moment: the row is final and nobody has been told."""
    order_id = an_order_after(world, *COMPLETED, number=2000 + len(status))
    assert world.messages(order_id) == []

    thrice(order_id, [status])

    assert world.row(order_id).status is Status.COMPLETED
    assert outcomes(world, order_id) == 1


def test_that_an_order_is_held_is_no_outcome_and_its_outcome_still_comes(world: World) -> None:
    order_id = an_order_after(world, *HELD, number=3000)
    request = {"orderId": order_id, "kind": "outcome", "level": 0, "k": 0}
    notifier(request, None)
    world.ports.orders.commit(judge(world.row(order_id), RECOVERED[-2], at(3)))
    world.ports.orders.commit(judge(world.row(order_id), RECOVERED[-1], at(4)))

    notifier(request, None)

    told = [each.subject for each in world.ports.publisher.published if each.order_id == order_id]  # type: ignore[attr-defined]  # memory
    assert told == [f"Order {order_id} is NEEDS_ATTENTION", f"Order {order_id} is FAILED"]


def test_an_event_of_an_order_that_never_was_is_left_alone(world: World) -> None:
    for status in STATUSES:
        tell("o" + "z" * 26, status)
