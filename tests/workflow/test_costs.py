"""What an order costs, asserted: operations and invocations exactly, checkpoint calls and bytes as bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from orders.domain.model import OrderId
from tests.workflow.harness import AUTOMATIC, ONE_LEVEL, World, a_world
from tests.workflow.meter import Meter


@dataclass(frozen=True, slots=True)
class Budget:
    """What one order may cost. Checkpoint calls vary by one or two with how the SDK batches them."""

    operations: int
    invocations: int
    most_checkpoint_calls: int
    most_payload_bytes: int


def no_decision(_world: World, _order_id: OrderId) -> None:
    """Nobody is asked."""


def one_approval(world: World, order_id: OrderId) -> None:
    """A manager approves while the workflow sleeps."""
    world.until_asked(order_id)
    world.until_asleep(order_id, invocations=2)
    world.approve(order_id)


def metered(world: World) -> Meter:
    """Return a meter between this world's workflow and the durable service."""
    meter = Meter(world.runner._service_client)
    invoker = world.runner._invoker
    invoker.service_client = meter  # type: ignore[assignment]  # any client of the protocol will do
    invoker.handler = meter.counted(invoker.handler)
    return meter


@pytest.mark.parametrize(
    ("name", "lines", "decide", "budget"),
    [
        ("automatic", AUTOMATIC, no_decision, Budget(13, 2, 16, 2_000)),
        ("manager approves", ONE_LEVEL, one_approval, Budget(18, 4, 22, 2_500)),
    ],
)
def test_an_order_stays_within_its_budget(
    name: str,
    lines: tuple[tuple[str, int], ...],
    decide: Callable[[World, OrderId], None],
    budget: Budget,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    with a_world() as world:
        meter = metered(world)
        order_id = world.submit(lines)
        decide(world, order_id)

        assert world.status(order_id) == "COMPLETED"

        operations = len(world.operations(order_id))
        figures = (
            f"{operations} operations, {meter.invocations} invocations, {meter.checkpoint_calls} checkpoint calls, "
            f"{meter.payload_bytes} bytes of payload, {meter.request_bytes} bytes of requests"
        )
        record_testsuite_property(name, figures)
        assert (operations, meter.invocations) == (budget.operations, budget.invocations), figures
        assert meter.checkpoint_calls <= budget.most_checkpoint_calls, figures
        assert meter.payload_bytes <= budget.most_payload_bytes, figures
