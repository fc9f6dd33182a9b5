"""Physical goods: claimed, kept alive by beats, picked, lost, failed, left; and what is given back then."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from orders.domain.errors import NotPermittedError
from orders.domain.model import JobState, OrderId, Sku, Status
from orders.domain.payments import PaymentState
from orders.domain.picking import ReportPicking
from orders.domain.refusals import TransitionRefusedError
from tests.builders import a_person
from tests.workflow.conftest import Golden
from tests.workflow.harness import World, a_world

DESK = (("QUARTZ-LAMP", 1),)
STATION, OTHER = a_person("warehouse-1"), a_person("warehouse-2")


@pytest.fixture
def world() -> Iterator[World]:
    """A world with waits that no test here outlives."""
    with a_world() as world:
        yield world


def a_job(world: World, number: int = 1) -> OrderId:
    """Submit a physical order and wait until its job is open."""
    order_id = world.submit(DESK)
    until_open(world, order_id, number)
    return order_id


def until_open(world: World, order_id: OrderId, number: int) -> None:
    """Wait until the order's job of this number can be claimed."""
    world.until(order_id, lambda row: len(row.jobs) >= number)


def claim(world: World, order_id: OrderId, number: int = 1) -> None:
    """Claim a job, and wait until the workflow listens to the station."""
    world.services.picking.beat(order_id, STATION, number)
    world.until(order_id, lambda row: row.jobs[number - 1].picking_callback_id is not None)


def report(world: World, order_id: OrderId, number: int = 1, *, picked: bool) -> None:
    """Say what became of a job."""
    world.services.picking.report(order_id, ReportPicking(STATION, number, picked, None if picked else "Not there"))


def lamps_gone(world: World) -> int:
    """Return how many lamps are gone."""
    left: int = world.ports.warehouse.available(Sku("QUARTZ-LAMP"))  # type: ignore[attr-defined]  # memory
    return 1_000_000 - left


def test_goods_are_claimed_picked_and_the_order_completes(world: World, golden: Golden) -> None:
    order_id = a_job(world)
    assert [order.order_id for order in world.services.picking.jobs(STATION, 10, None).orders] == [order_id]
    claim(world, order_id)

    report(world, order_id, picked=True)

    assert world.status(order_id) == "COMPLETED"
    assert world.events(order_id)[-4:] == ["job-opened", "job-claimed", "picked", "completed"]
    assert lamps_gone(world) == 1
    assert world.services.picking.jobs(STATION, 10, None).orders == ()
    golden(world, order_id, "picked")


def test_a_claim_whose_signal_was_lost_is_heard_at_the_next_beat(world: World) -> None:
    """Whoever died between the claim and its signal, the station's next beat signals again: nobody waits for days."""
    order_id = a_job(world)
    world.wire.cut = True
    world.services.picking.beat(order_id, STATION, 1)
    assert world.row(order_id).jobs[0].state is JobState.CLAIMED
    world.wire.cut = False

    claim(world, order_id)

    report(world, order_id, picked=True)
    assert world.status(order_id) == "COMPLETED"


def test_a_second_failure_gives_everything_back(world: World, golden: Golden) -> None:
    order_id = a_job(world)
    for number in (1, 2):
        until_open(world, order_id, number)
        claim(world, order_id, number)
        report(world, order_id, number, picked=False)

    assert world.status(order_id) == "FAILED"
    assert world.ports.gateway.state(order_id) is PaymentState.REFUNDED
    assert lamps_gone(world) == 0
    golden(world, order_id, "picking-failed-twice")


def test_a_station_that_falls_silent_loses_its_job_to_another(golden: Golden) -> None:
    with a_world(beat=1) as world:
        order_id = a_job(world)
        claim(world, order_id)
        until_open(world, order_id, 2)

        with pytest.raises(TransitionRefusedError) as refusal:
            report(world, order_id, picked=True)
        assert refusal.value.code == "job-superseded"
        claim(world, order_id, 2)
        report(world, order_id, 2, picked=True)

        assert world.status(order_id) == "COMPLETED"
        assert [job.state for job in world.row(order_id).jobs] == [JobState.LOST, JobState.PICKED]
        golden(world, order_id, "job-lost")


def test_beats_keep_a_job_alive_for_longer_than_one_silence() -> None:
    with a_world(beat=1) as world:
        order_id = a_job(world)
        claim(world, order_id)
        stop = threading.Event()
        while not stop.wait(0.3) and world.row(order_id).jobs[0].beats < 9:
            world.services.picking.beat(order_id, STATION, 1)

        report(world, order_id, picked=True)

        assert world.status(order_id) == "COMPLETED"
        assert len(world.row(order_id).jobs) == 1


def test_a_job_nobody_claims_fails_the_order(golden: Golden) -> None:
    with a_world(claim=1) as world:
        order_id = a_job(world)

        assert world.status(order_id) == "FAILED"
        assert world.row(order_id).outcome_reason == "No station claimed the picking job"
        assert world.ports.gateway.state(order_id) is PaymentState.REFUNDED
        golden(world, order_id, "unclaimed")


def test_somebody_elses_job_is_theirs(world: World) -> None:
    order_id = a_job(world)
    claim(world, order_id)

    with pytest.raises(TransitionRefusedError) as beating:
        world.services.picking.beat(order_id, OTHER, 1)
    with pytest.raises(TransitionRefusedError) as reporting:
        world.services.picking.report(order_id, ReportPicking(OTHER, 1, picked=True, reason=None))
    assert (beating.value.code, reporting.value.code) == ("job-claimed", "job-claimed")
    with pytest.raises(NotPermittedError):
        world.services.picking.beat(order_id, a_person("requester-1"), 1)


def test_a_stray_signal_claims_nothing_and_loses_nothing(world: World) -> None:
    order_id = a_job(world)
    first = world.row(order_id).jobs[0].claim_callback_id
    assert first is not None

    world.runner.send_callback_success(first)

    world.until(order_id, lambda row: row.jobs[0].claim_callback_id != first)
    claim(world, order_id)
    second = world.row(order_id).jobs[0].picking_callback_id
    assert second is not None
    world.runner.send_callback_success(second)
    world.until(order_id, lambda row: row.jobs[0].picking_callback_id != second)
    assert world.row(order_id).status is Status.FULFILLING
    report(world, order_id, picked=True)
    assert world.status(order_id) == "COMPLETED"


def test_after_five_stray_signals_the_job_stops_listening_until_something_is_due(golden: Golden) -> None:
    """The claim and the result are in the row at once, and the workflow finds them when the wait is over."""
    with a_world(skip_time=False, claim=4) as world:
        order_id = world.submit(DESK)
        world.stray(order_id, 5, lambda row: row.jobs[0].claim_callback_id if row.jobs else None)
        world.until(order_id, lambda _: world.waits_out_strays(order_id))

        world.services.picking.beat(order_id, STATION, 1)
        report(world, order_id, picked=True)

        assert world.waits_out_strays(order_id)
        assert world.status(order_id) == "COMPLETED"
        golden(world, order_id, "five-strays-picking")
