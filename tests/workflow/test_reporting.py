"""An order that a state machine waits for: its task hears how it ended, once, and no other order pays for that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from orders.adapters.memory import MemoryTasks
from orders.adapters.memory.tasks import Report
from orders.domain.errors import AlreadySubmittedError, OrderNotFoundError, TransientFaultError
from orders.domain.model import OrderId, Status
from orders.wiring import Ports
from tests.builders import a_document, a_person, rejection
from tests.workflow.conftest import Golden
from tests.workflow.harness import AUTOMATIC, ONE_LEVEL, World, a_world
from tests.workflow.scenarios import BY_NAME, OPERATOR, Instead, People, publishes_nothing, silent_from_the_capture_on

TOKEN = "AQCkAAAAKgAAAAMAAAAA+/="
OTHER = "AQCkAAAAKgAAAAMAAAAB+/="
KEY = "key-of-a-state-machine"


@pytest.fixture
def world() -> Iterator[World]:
    """A world with waits that no test here outlives."""
    with a_world() as world:
        yield world


def reports(world: World) -> Mapping[str, Report]:
    """Return what each task was told."""
    tasks = world.ports.tasks
    assert isinstance(tasks, MemoryTasks)
    return tasks.reports


def names(world: World, order_id: OrderId) -> list[str | None]:
    """Return the order's operations by name."""
    return [operation.name for operation in world.operations(order_id)]


def test_a_completed_order_is_its_tasks_output(world: World, golden: Golden) -> None:
    order_id = world.submit(task_token=TOKEN)
    world.until_asked(order_id)

    world.approve(order_id)

    assert world.status(order_id) == "COMPLETED"
    assert reports(world) == {TOKEN: Report(output={"orderId": order_id, "status": "COMPLETED"})}
    golden(world, order_id, "state-machine")


def test_a_rejected_order_is_its_tasks_error(world: World) -> None:
    order_id = world.submit(task_token=TOKEN)
    world.until_asked(order_id)

    world.decide(order_id, rejection(reason="Too dear"))

    assert world.status(order_id) == "REJECTED"
    assert reports(world) == {TOKEN: Report(error="REJECTED", cause="manager-1 rejected it: Too dear")}


@pytest.mark.parametrize(
    ("lines", "customer", "status"),
    [
        ((("SOLD-OUT", 1),), "acme", "REFUSED"),
        (ONE_LEVEL, "credit-refused", "REFUSED"),
        (AUTOMATIC, "capture-declined", "FAILED"),
    ],
)
def test_every_other_end_is_an_error_that_says_why(
    world: World, lines: tuple[tuple[str, int], ...], customer: str, status: str
) -> None:
    order_id = world.submit(lines, customer, task_token=TOKEN)

    assert world.status(order_id) == status
    assert reports(world)[TOKEN] == Report(error=status, cause=world.row(order_id).outcome_reason)


def test_an_order_that_nobody_awaits_has_no_operation_for_it(world: World) -> None:
    order_id = world.submit(AUTOMATIC)

    assert world.status(order_id) == "COMPLETED"
    assert len(world.operations(order_id)) == 13
    assert "report-to-state-machine" not in names(world, order_id)
    assert reports(world) == {}


def test_an_order_that_is_held_has_not_ended_and_its_recovery_reports() -> None:
    with a_world(between=silent_from_the_capture_on) as world:
        order_id = world.submit(AUTOMATIC, task_token=TOKEN)
        assert world.status(order_id) == "NEEDS_ATTENTION"
        assert reports(world) == {}
        people = People(world, order_id)
        people.hear(order_id)

        world.services.operating.recover(order_id, OPERATOR, "Clean up")

        recovery = OrderId(f"{order_id}-r1")
        world.result(recovery)
        assert world.row(order_id).status is Status.FAILED
        assert reports(world)[TOKEN].error == "FAILED"
        assert names(world, recovery)[-1] == "report-to-state-machine"


def test_a_report_that_is_turned_away_is_tried_again_and_one_that_never_gets_through_fails_no_order() -> None:
    tries: list[str] = []

    def turn_away(token: str, _output: object) -> bool:
        tries.append(token)
        raise TransientFaultError("throttled")

    def between(ports: Ports) -> Ports:
        return replace(ports, tasks=Instead(ports.tasks, succeed=turn_away))

    with a_world(between=between) as world:
        order_id = world.submit(AUTOMATIC, task_token=TOKEN)

        assert world.status(order_id) == "COMPLETED"
        assert tries == [TOKEN] * 12


def test_a_task_that_is_over_fails_no_order(world: World) -> None:
    tasks = world.ports.tasks
    assert isinstance(tasks, MemoryTasks)
    tasks.close(TOKEN)

    order_id = world.submit(AUTOMATIC, task_token=TOKEN)

    assert world.status(order_id) == "COMPLETED"
    assert reports(world) == {}


def test_the_token_is_in_the_document_and_in_nothing_else() -> None:
    with a_world(between=publishes_nothing) as world:
        order_id = world.submit(AUTOMATIC, task_token=TOKEN)
        world.status(order_id)
        arn = world.starter.arns[order_id]
        history = world.runner._executor.get_execution_history(arn, include_execution_data=True, max_items=1000)

        said = [world.row(order_id), world.ports.orders.audit(order_id), world.ports.outbox.messages]  # type: ignore[attr-defined]  # memory

        assert TOKEN not in f"{said}{history.to_dict()}"
        found = world.ports.documents.get(order_id)
        assert found is not None
        assert found[0].task_token == TOKEN


def test_a_second_task_for_the_same_order_is_told_that_it_is_not_the_first(world: World) -> None:
    """The order is one, and so is its answer."""
    order_id = world.submit(key=KEY, task_token=TOKEN)
    world.until_asked(order_id)

    with pytest.raises(AlreadySubmittedError):
        world.submit(key=KEY, task_token=OTHER)
    assert world.submit(key=KEY, task_token=TOKEN) == world.submit(key=KEY) == order_id

    world.approve(order_id)
    assert world.status(order_id) == "COMPLETED"
    assert [*reports(world)] == [TOKEN]


def test_a_task_for_an_order_that_a_person_placed_is_told_so(world: World) -> None:
    order_id = world.submit(key=KEY)

    with pytest.raises(AlreadySubmittedError):
        world.submit(key=KEY, task_token=TOKEN)

    world.until_asked(order_id)
    world.services.approval.decide(order_id, rejection())
    world.status(order_id)
    assert not world.row(order_id).awaited
    assert reports(world) == {}


def test_a_task_that_asks_for_an_order_that_has_ended_is_given_it(world: World) -> None:
    order_id = world.submit(AUTOMATIC, key=KEY)
    world.status(order_id)

    assert world.submit(AUTOMATIC, key=KEY, task_token=TOKEN) == order_id
    assert world.services.reporting.answer(TOKEN, world.row(order_id))

    assert reports(world)[TOKEN].output == {"orderId": order_id, "status": "COMPLETED"}


def test_an_order_under_way_answers_no_task(world: World) -> None:
    order_id = world.submit()
    world.until_asked(order_id)

    assert not world.services.reporting.answer(TOKEN, world.row(order_id))

    world.services.operating.stop(order_id, a_person("operator-1"), "Over")
    assert reports(world) == {}


def test_the_scenarios_have_one_for_each_way_to_report() -> None:
    """So that the crash suites kill the worker on both sides of the report."""
    assert {each.ends for each in BY_NAME.values() if each.awaited} == {
        Status.COMPLETED,
        Status.REJECTED,
        Status.FAILED,
    }


def test_an_end_without_a_reason_is_told_as_what_it_is(world: World) -> None:
    order_id = world.submit()
    world.until_asked(order_id)
    world.withdraw(order_id)
    world.status(order_id)

    assert world.services.reporting.answer(TOKEN, replace(world.row(order_id), outcome_reason=None))

    assert reports(world)[TOKEN] == Report(error="WITHDRAWN", cause=f"{order_id} is WITHDRAWN")


def test_a_document_that_names_no_task_or_has_no_row_reports_nothing(world: World) -> None:
    order_id = world.submit(AUTOMATIC)
    world.status(order_id)
    assert not world.services.reporting.report_outcome(world.row(order_id).document)
    stray = a_document(task_token=TOKEN)
    world.ports.documents.put_if_absent(stray)
    found = world.ports.documents.get(stray.order_id)
    assert found is not None

    with pytest.raises(OrderNotFoundError):
        world.services.reporting.report_outcome(found[1])

    assert reports(world) == {}
