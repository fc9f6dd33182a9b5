"""The API dies between two of its writes, or is asked twice at once: the next request finds everything in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from approval_api.idempotency import Answer as Kept
from approval_api.idempotency import KeyedRequest, once
from orders.adapters.memory import MemoryBucket, MemoryOrderRepository, MemorySignaller, MemoryStarter
from orders.domain.approval import Decide
from orders.domain.model import OrderId, Verdict
from tests.adapters.stand import at_once
from tests.api.world import AUTOMATIC, ONE_LEVEL, Context, World, a_key, an_event, call, decision
from tests.builders import a_person
from tests.races.requests import MemoryRequests

# A killed invocation publishes none of its metrics, which is no wonder.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")


class KilledError(BaseException):
    """What a worker's end looks like from inside: nothing after it runs."""


def dies(*_: object, **__: object) -> Any:
    """Be killed instead."""
    raise KilledError


def then_dies(call: Callable[..., object]) -> Callable[..., Any]:
    """Do it, and be killed before anybody hears of it."""

    def killed(*args: Any, **kwargs: Any) -> Any:
        call(*args, **kwargs)
        raise KilledError

    return killed


# Where a submission may break off: before or after each of its three writes.
BREAKS: dict[str, tuple[type, str, Callable[[Callable[..., object]], Callable[..., Any]]]] = {
    "before the document": (MemoryBucket, "put_if_absent", lambda _: dies),
    "after the document": (MemoryBucket, "put_if_absent", then_dies),
    "before the start": (MemoryStarter, "start", lambda _: dies),
    "after the start": (MemoryStarter, "start", then_dies),
    "before the row": (MemoryOrderRepository, "create", lambda _: dies),
    "after the row": (MemoryOrderRepository, "create", then_dies),
}


@contextmanager
def breaking(kind: type, method: str, instead: Callable[..., Any]) -> Iterator[None]:
    """Let a method of an adapter break, and the request with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, method, instead)
        with pytest.raises(KilledError):
            yield


@pytest.mark.parametrize("where", BREAKS)
def test_a_submission_that_broke_off_anywhere_is_healed_by_a_retry(
    world: World, requests: MemoryRequests, where: str
) -> None:
    """One document, one execution, one row, one answer; an order nobody was told of is no order that was accepted."""
    event = an_event("POST", "/orders", body=ONE_LEVEL)
    kind, method, broken = BREAKS[where]
    with breaking(kind, method, broken(getattr(kind, method))):
        call(event)
    requests.end_leases()

    answer = call(event)

    assert (answer.status, answer.json["status"]) == (202, "SUBMITTED")
    order_id = OrderId(answer.json["orderId"])
    assert list(world.starter.started) == [order_id]
    assert [entry.event for entry in world.orders.audit(order_id)] == ["submitted"]
    assert len(world.bucket.objects) == 1


def test_a_decision_whose_signal_was_never_sent_is_signalled_by_the_retry(
    world: World, requests: MemoryRequests
) -> None:
    """The decision stands from its write on; the same request again finds it and sends what was left out."""
    order_id = world.pending()
    event = decision(order_id)
    with breaking(MemorySignaller, "wake", dies):
        call(event)
    assert len(world.row(order_id).levels[0].decisions) == 1
    assert not world.signaller.woken
    requests.end_leases()

    answer = call(event)

    assert (answer.status, answer.json["verdict"]) == (200, "approve")
    assert world.signaller.signals == (f"callback-of-{order_id}-1",)
    assert len(world.row(order_id).levels[0].decisions) == 1


def test_until_its_lease_is_over_a_broken_request_is_in_flight(world: World) -> None:
    """Its twin waits for as long as it can bear, and is then told to come back with the same key."""
    event = decision(world.pending())
    with breaking(MemorySignaller, "wake", dies):
        call(event)

    answer = call(event, Context(remaining_ms=5_000))

    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (409, "request-in-flight", "1")


def test_two_clicks_with_one_key_are_one_decision_and_equal_answers(world: World, pool: ThreadPoolExecutor) -> None:
    """Twenty at once, through the same gate as the routes: one is done, the others get its answer, marked."""
    order_id, gate = OrderId(world.pending()), Barrier(20)
    request = KeyedRequest(("manager-1", f"POST /orders/{order_id}/decisions", a_key()), "f" * 64)
    command = Decide(a_person("manager-1"), 1, Verdict.APPROVE, None)

    def work() -> Kept:
        taken = world.services().approval.decide(order_id, command)
        return Kept(200, f"{taken.decision}", {})

    def click(_: int) -> Kept:
        gate.wait()
        return once(request, Context(), work)  # type: ignore[arg-type]  # a context of ours

    answers = list(pool.map(click, range(20)))

    assert len({answer.body for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    assert [entry.event for entry in world.orders.audit(order_id)] == ["submitted", "level-opened", "approved"]
    assert world.signaller.signals == (f"callback-of-{order_id}-1",)


def test_a_submission_of_a_final_order_is_answered_without_a_start(
    world: World, requests: MemoryRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of long ago is forgotten and so is the execution; the row still knows that all is done."""
    event = an_event("POST", "/orders", body=AUTOMATIC)
    order_id = OrderId(call(event).json["orderId"])
    services = world.services()
    services.closing.begin_charge(order_id)
    services.closing.complete(order_id)
    monkeypatch.setattr(MemoryStarter, "start", dies)
    monkeypatch.setattr("approval_api.idempotency._store", lambda _table: MemoryRequests())

    answer = call(event)

    assert (answer.status, answer.json["orderId"], answer.json["status"]) == (202, order_id, "COMPLETED")


def test_two_operators_who_recover_at_once_start_one_recovery(world: World) -> None:
    """Recoveries are numbered; the second finds that its number has begun."""
    for _ in range(20):
        order_id = OrderId(world.held())
        recovery = world.starter.start_recovery
        services, held = world.services(), world.row(order_id)
        world.history.tell(recovery(order_id, held.document, 1), {"Status": "RUNNING"}, [])
        recover = services.operating.recover

        rows = at_once([partial(recover, order_id, a_person(f"operator-{n}"), "It must be") for n in range(8)])

        assert [getattr(row, "recoveries", row) for row in rows] == [1] * 8
        events = [entry.event for entry in world.orders.audit(order_id)]
        assert events.count("recovery-begun") == 1
        assert OrderId(f"{order_id}-r2") not in world.starter.started
