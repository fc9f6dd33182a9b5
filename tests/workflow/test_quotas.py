"""A requester's open orders hold no more than the policy says, however orders meet, and nothing once charged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from orders.domain.model import OrderId, Status
from orders.domain.quotas import OPEN_ORDERS, Claim
from orders.wiring import Ports
from tests.builders import rejection
from tests.workflow.conftest import Golden
from tests.workflow.harness import AUTOMATIC, World, a_world

PAT = "requester-1"
BULK = "SKU#BULK-0001"
COUNTERS = (OPEN_ORDERS, BULK)


def bulk(thousands: int) -> tuple[tuple[str, int], ...]:
    """Return the lines of an order of so many thousand of one good."""
    return (("BULK-0001", 10_000),) * (thousands // 10)


class LateCounters:
    """Counters that show the API nothing: every order was placed before any of them had claimed."""

    def __init__(self, counters: Any) -> None:
        self.claim, self.release = counters.claim, counters.release

    def used(self, _requester: str, _names: Sequence[str]) -> Mapping[str, int]:
        """Return what was there before."""
        return {}


def too_late(ports: Ports) -> Ports:
    """Let the API look too early."""
    return replace(ports, quotas=LateCounters(ports.quotas))


@pytest.fixture
def world() -> Iterator[World]:
    """A world whose API looks too early, so that the claims decide."""
    with a_world(between=too_late) as world:
        yield world


def used(world: World) -> dict[str, int]:
    """Return what the requester's open orders hold."""
    return {name: amount for name, amount in world.ports.quotas.used(PAT, COUNTERS).items() if amount}


def settled(world: World, order_id: OrderId) -> Status:
    """Return the order's status once it waits for a manager, or has ended."""
    ways = {Status.PENDING_APPROVAL, Status.REFUSED}
    return world.until(order_id, lambda row: row.status in ways).status


def test_of_orders_placed_at_once_those_beyond_the_share_are_refused(world: World) -> None:
    """Real threads; whichever two claim first are the two that fit."""
    keys = [f"key-of-a-race-{number:04}" for number in range(6)]
    with ThreadPoolExecutor(len(keys)) as hands:
        orders = list(hands.map(lambda key: world.submit(bulk(110), key=key), keys))

    stands = [settled(world, order_id) for order_id in orders]

    assert sorted(stands) == [Status.PENDING_APPROVAL] * 2 + [Status.REFUSED] * 4
    refused = [order_id for order_id, status in zip(orders, stands, strict=True) if status is Status.REFUSED]
    for order_id in refused:
        assert world.status(order_id) == "REFUSED"
        assert world.row(order_id).outcome_reason == (
            "Before approval, one requester may hold at most 250000 of BULK-0001; "
            "order again when an open order is decided or withdrawn"
        )
    assert used(world) == {OPEN_ORDERS: 2, BULK: 220_000}


def test_the_number_of_open_orders_is_held(world: World, golden: Golden) -> None:
    world.ports.quotas.claim("others:0", PAT, {OPEN_ORDERS: Claim(499, 500)})
    first = world.submit()
    world.until_asked(first)
    second = world.submit()

    assert world.status(second) == "REFUSED"
    assert "at most 500 open orders" in (world.row(second).outcome_reason or "")
    golden(world, second, "quota-used-up")
    world.withdraw(first)
    assert world.status(first) == "WITHDRAWN"
    third = world.submit()
    assert settled(world, third) is Status.PENDING_APPROVAL


def test_an_approved_order_holds_nothing_against_its_requester(world: World) -> None:
    """From the moment that it is charged: its goods are as good as sold."""
    order_id = world.submit(bulk(20))
    world.until_asked(order_id)
    assert used(world) == {OPEN_ORDERS: 1, BULK: 20_000}

    world.approve(order_id)

    assert world.status(order_id) == "COMPLETED"
    assert used(world) == {}


def test_a_rejected_order_holds_nothing_either(world: World) -> None:
    order_id = world.submit(bulk(20))
    world.until_asked(order_id)
    world.decide(order_id, rejection())

    assert world.status(order_id) == "REJECTED"
    assert used(world) == {}


def test_an_order_that_needs_no_approval_claims_nothing(world: World) -> None:
    """However much its requester's open orders hold."""
    world.ports.quotas.claim("others:0", PAT, {OPEN_ORDERS: Claim(500, 500)})
    order_id = world.submit(AUTOMATIC)

    assert world.status(order_id) == "COMPLETED"
    assert used(world) == {OPEN_ORDERS: 500}


def test_an_order_taken_before_there_were_quotas_ends_as_it_would_have(world: World) -> None:
    """It has reserved and never claimed: nothing is given back that was not taken."""
    old, new = world.submit(bulk(20)), world.submit(bulk(30))
    world.until_asked(old)
    world.until_asked(new)
    world.ports.quotas.release(f"{old}:0")
    del world.ports.quotas._claims[f"{old}:0"]  # type: ignore[attr-defined]  # memory

    world.approve(old)

    assert world.status(old) == "COMPLETED"
    assert used(world) == {OPEN_ORDERS: 1, BULK: 30_000}


def test_every_chunk_of_a_large_order_is_claimed_and_released(world: World) -> None:
    """Several hundred goods, in ten branches; the order counts once."""
    goods = [f"BULK-{number:04}" for number in range(1, 701)]
    order_id = world.submit(tuple((sku, 20) for sku in goods))
    world.until_asked(order_id)
    names = [OPEN_ORDERS, *(f"SKU#{sku}" for sku in goods)]
    assert world.ports.quotas.used(PAT, names) == {OPEN_ORDERS: 1, **dict.fromkeys(names[1:], 20)}

    world.withdraw(order_id)

    assert world.status(order_id) == "WITHDRAWN"
    assert world.ports.quotas.used(PAT, names) == dict.fromkeys(names, 0)
