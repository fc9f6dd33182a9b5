"""What services do when something is not as usual; the usual is shown by the suites of workflow and API."""

from __future__ import annotations

from typing import Any

import pytest

from orders.adapters.memory import MemoryBucket
from orders.domain.commands import NeedAttention
from orders.domain.errors import CorruptDocumentError, KeyReusedError, NoHistoryError, OrderFencedError
from orders.domain.model import OrderId
from orders.domain.submission import RequestedLine, Submission
from orders.domain.transitions import judge, register
from orders.services.ports import PaymentState
from tests.api.world import World
from tests.builders import A_REF, a_document, a_person, at

REQUESTER, OPERATOR = a_person("requester-1"), a_person("operator-1")
SUBMISSION = Submission("acme", "EUR", (RequestedLine("QUARTZ-LAMP", 1),))
KEY = "key-of-a-test-000"


def placed(world: World) -> OrderId:
    """Return an order for a lamp that was just placed."""
    return world.services().intake.submit(REQUESTER, KEY, SUBMISSION).order_id


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
    """A capture that nobody heard back from has won after all; the money goes back."""
    world = World()
    services, order_id = world.services(), placed(world)
    document = world.row(order_id).document
    assert services.payment.authorise(document)
    services.payment.capture(document)

    services.payment.void(order_id)

    assert services.payment.gateway.state(order_id) is PaymentState.REFUNDED
