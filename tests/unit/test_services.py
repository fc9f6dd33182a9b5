"""What services do when something is not as usual; the usual is shown by the suites of workflow and API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orders.adapters.memory import MemoryBucket, MemoryOrderRepository
from orders.domain.approval import Withdraw
from orders.domain.errors import (
    CorruptDocumentError,
    KeyReusedError,
    NoHistoryError,
    OrderFencedError,
    WriteConflictError,
)
from orders.domain.model import OrderId, Status
from orders.domain.payments import PaymentState
from orders.domain.picking import ReportPicking
from orders.domain.recovery import NeedAttention
from orders.domain.refusals import TransitionRefusedError
from orders.domain.rules import Change
from orders.domain.submission import RequestedLine, Submission, register
from orders.domain.table import judge
from orders.services.writing import MAX_TRIES
from tests.api.world import World
from tests.builders import A_REF, a_document, a_person, at

REQUESTER, OPERATOR, STATION = a_person("requester-1"), a_person("operator-1"), a_person("warehouse-1")
SUBMISSION = Submission("acme", "EUR", (RequestedLine("QUARTZ-LAMP", 1),))
KEY = "key-of-a-test-000"


def placed(world: World) -> OrderId:
    """Return an order for a lamp that was just placed."""
    return world.services().intake.submit(REQUESTER, KEY, SUBMISSION).order_id


def waiting(world: World) -> OrderId:
    """Return an order that waits for a manager."""
    submission = Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 3),))
    order_id = world.services().intake.submit(REQUESTER, KEY, submission).order_id
    world.open_level(order_id)
    return order_id


def held(world: World) -> OrderId:
    """Return an order whose execution was lost while it waited for a manager."""
    order_id = waiting(world)
    world.services().notification.execution_lost(order_id, "STOPPED")
    return order_id


def being_picked(world: World) -> OrderId:
    """Return an order whose lamp waits for a station."""
    order_id = placed(world)
    assert world.services().closing.begin_charge(order_id)
    world.services().picking.open_job(order_id, 1, "claim-1")
    return order_id


def an_order_without_execution(world: World) -> OrderId:
    """Return an order about whose execution nothing is known."""
    return world.orders.create(register(a_document(), A_REF, None)).order_id


def test_a_key_belongs_to_one_submission_however_long_ago_that_was() -> None:
    """The document remembers the submission when the table of requests has forgotten it."""
    world = World()
    placed(world)

    with pytest.raises(KeyReusedError):
        world.services().intake.submit(REQUESTER, KEY, Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 1),)))


def test_a_document_that_was_written_and_is_not_there_stops_the_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(*_: Any) -> None:
        """Keep nothing."""

    monkeypatch.setattr(MemoryBucket, "put_if_absent", forgets)
    world = World()

    with pytest.raises(CorruptDocumentError):
        placed(world)
    assert world.starter.started == {}


def test_an_execution_with_the_document_of_another_order_registers_nothing() -> None:
    world = World()
    document = world.row(placed(world)).document

    with pytest.raises(CorruptDocumentError):
        world.services().registration.register(OrderId("o" + "z" * 26), document, "arn")
    assert world.orders.get(OrderId("o" + "z" * 26)) is None


def test_a_stop_of_an_order_without_execution_is_on_record() -> None:
    world = World()
    order_id = an_order_without_execution(world)

    world.services().operating.stop(order_id, OPERATOR, "It must be")

    assert [entry.event for entry in world.orders.audit(order_id)] == ["submitted", "stop-requested"]
    assert world.starter.stopped == {}


def test_an_order_without_execution_has_no_history() -> None:
    world = World()
    order_id = an_order_without_execution(world)

    with pytest.raises(NoHistoryError):
        world.services().reading.timeline(order_id, REQUESTER, 0)


def test_nothing_is_picked_for_an_order_that_is_held_meanwhile() -> None:
    world = World()
    order_id = being_picked(world)
    world.orders.commit(judge(world.row(order_id), NeedAttention("lost", "notifier"), at(2)))

    with pytest.raises(OrderFencedError):
        world.services().picking.settle_job(order_id, 1)


def test_an_execution_that_succeeded_before_its_order_was_closed_tells_nobody_an_outcome() -> None:
    """The event may overtake what a reader sees; what is not final has no outcome yet."""
    world = World()
    services = world.services()

    services.notification.execution_succeeded(placed(world))

    assert services.notification.outbox.messages == ()  # type: ignore[attr-defined]  # memory


def test_a_void_that_comes_after_the_capture_pays_back() -> None:
    """A capture whose response was lost succeeded, so the void refunds it."""
    world = World()
    services, order_id = world.services(), placed(world)
    document = world.row(order_id).document
    assert services.payment.authorize(document)
    services.payment.capture(document)

    services.payment.void(order_id)

    assert services.payment.gateway.state(order_id) is PaymentState.REFUNDED


# --- asked again, asked too late ------------------------------------------------------------------------------------


def test_a_second_withdrawal_with_another_key_finds_the_first() -> None:
    world = World()
    order_id = waiting(world)
    again = [world.services().approval.withdraw(order_id, Withdraw(REQUESTER, reason)) for reason in ("One", "Two")]

    assert again[0] == again[1]
    assert [entry.event for entry in world.orders.audit(order_id)].count("withdrawn") == 1


def test_a_message_that_was_lost_is_noted_once() -> None:
    world = World()
    order_id = waiting(world)

    looks = [world.services().approval.settle_level(order_id, 1, "request-decision-1") for _ in range(2)]

    assert looks[0] == looks[1]
    assert world.row(order_id).levels[0].undelivered == ("request-decision-1",)


def test_a_result_that_is_told_twice_is_one_result() -> None:
    world = World()
    order_id = being_picked(world)
    picking = world.services().picking
    picking.beat(order_id, STATION, 1)

    told = [picking.report(order_id, ReportPicking(STATION, 1, picked=True, reason=None)) for _ in range(2)]

    assert told[0] == told[1]


def test_a_beat_after_the_loss_of_the_job_comes_too_late_though_nobody_wrote_it_down() -> None:
    world = World()
    order_id = being_picked(world)
    picking = world.services().picking
    lost_at = picking.beat(order_id, STATION, 1).jobs[0].lost_at
    assert lost_at is not None
    world.clock.move(seconds=(lost_at - world.clock.now()).total_seconds())

    with pytest.raises(TransitionRefusedError, match="over") as refusal:
        picking.beat(order_id, STATION, 1)
    assert refusal.value.code == "job-superseded"


def test_a_job_whose_callback_nobody_has_published_is_claimed_all_the_same() -> None:
    """The workflow finds the claim at its next look."""
    world = World()
    row = world.row(being_picked(world))
    job = replace(row.jobs[0], claim_callback_id=None)
    world.orders.commit(Change(row, replace(row, jobs=(job,), version=row.version + 1), None))

    claimed = world.services().picking.beat(row.order_id, STATION, 1)

    assert claimed.jobs[0].claimed_by == STATION.username
    assert world.signaller.woken == ()


def test_a_submission_that_comes_again_after_the_end_starts_nothing() -> None:
    world = World()
    order_id = placed(world)
    world.services().closing.refuse(order_id, "Out of stock")
    started = world.starter.started

    assert world.services().intake.submit(REQUESTER, KEY, SUBMISSION).status is Status.REFUSED
    assert world.starter.started == started


# --- the fence ------------------------------------------------------------------------------------------------------


def test_the_workflow_of_a_held_order_is_stopped_at_its_next_look() -> None:
    world = World()
    order_id = held(world)

    with pytest.raises(OrderFencedError, match="attention"):
        world.services().approval.settle_level(order_id, 1)


def test_nobody_looks_at_the_levels_of_an_order_that_was_refused() -> None:
    world = World()
    order_id = an_order_without_execution(world)
    world.services().closing.refuse(order_id, "Out of stock")

    with pytest.raises(OrderFencedError, match="REFUSED"):
        world.services().approval.settle_level(order_id, 1)


def test_a_held_order_is_not_completed() -> None:
    world = World()

    order_id = held(world)

    with pytest.raises(OrderFencedError):
        world.services().closing.complete(order_id)


def test_a_row_that_others_keep_writing_is_given_up_after_five_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller receives a transient fault instead of waiting without end."""
    world, tries = World(), []
    order_id = placed(world)

    def somebody_was_first(_book: MemoryOrderRepository, change: Change) -> None:
        tries.append(change)
        raise WriteConflictError("Somebody else wrote first; read again.")

    monkeypatch.setattr(MemoryOrderRepository, "commit", somebody_was_first)

    with pytest.raises(WriteConflictError):
        world.services().approval.withdraw(order_id, Withdraw(REQUESTER, None))
    assert len(tries) == MAX_TRIES
