"""The largest order there may be: 10,000 lines of 1,000 goods, through every step, through crashes, and given back."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python.lambda_service import CheckpointOutput

from orders.domain.executions import order_of_execution
from orders.domain.model import OrderId, Sku, Status
from orders.wiring import Ports
from tests.crash.faults import Crash, Death
from tests.crash.field import Field, a_field
from tests.template.deployed import source
from tests.workflow.costs import TEN_THOUSAND_LINES
from tests.workflow.harness import World, a_world
from tests.workflow.meter import metered
from tests.workflow.scenarios import Instead, ProcessDiedError, Scenario, nothing, play

MEGABYTE = 1024 * 1024
BEHIND = (1, 7, 13, 19)
SOLD_OUT_AT_LAST = replace(
    TEN_THOUSAND_LINES,
    name="ten-thousand-lines-sold-out",
    ends=Status.REFUSED,
    drive=nothing,
    # In the order of their names, the good that is sold out is the last of the last transaction.
    lines=tuple((f"BULK-{n:04}" if (n := number % 1000) else "SOLD-OUT", 1) for number in range(10_000)),
    skip_time=True,
)
Record = Callable[[str, object], None]


class PowerCuts:
    """The machine goes dark behind a reservation: whatever still runs there changes nothing and writes nothing down.

    `ahead` says behind how many reservations; each is for the next order that comes. `came` are those that came.
    """

    def __init__(self) -> None:
        self.ahead: deque[int] = deque()
        self.came: list[int] = []
        self._planned: dict[OrderId, int] = {}
        self._reserved: Counter[OrderId] = Counter()
        self._dark: set[OrderId] = set()
        self._lock = threading.Lock()

    def between(self, ports: Ports) -> Ports:
        """Stand between the services and their warehouse."""

        def reserve(key: str, quantities: Mapping[Sku, int]) -> tuple[Sku, ...]:
            order_id = OrderId(key.partition(":")[0])
            with self._lock:
                if order_id not in self._planned and self.ahead:
                    self._planned[order_id] = self.ahead.popleft()
                self._check(order_id)
                lacking = ports.warehouse.reserve(key, quantities)
                self._reserved[order_id] += 1
                if self._reserved[order_id] == self._planned.get(order_id):
                    self.came.append(self._reserved[order_id])
                    self._dark.add(order_id)
                self._check(order_id)
                return lacking

        return replace(ports, warehouse=Instead(ports.warehouse, reserve=reserve))

    def reach(self, world: World) -> None:
        """Let the checkpoints of a dark machine fail, until its order is invoked elsewhere."""
        invoker = world.runner._invoker
        client, handler = invoker.service_client, invoker.handler

        def checkpoint(durable_execution_arn: str, **call: Any) -> CheckpointOutput:
            if self._order(world, durable_execution_arn) in self._dark:
                raise CheckpointError("the machine is dark")
            return client.checkpoint(durable_execution_arn, **call)

        def invoke(event: Any, context: Any) -> Any:
            self._dark.discard(self._order(world, event.durable_execution_arn))
            return handler(event, context)

        invoker.service_client = Instead(client, checkpoint=checkpoint)  # type: ignore[assignment]  # any client will do
        invoker.handler = invoke

    def _check(self, order_id: OrderId) -> None:
        if order_id in self._dark:
            raise ProcessDiedError("the machine is dark")

    @staticmethod
    def _order(world: World, execution_arn: str) -> OrderId:
        return order_of_execution(world.runner._store.load(execution_arn).start_input.execution_name)


@contextmanager
def a_dark_field(scenario: Scenario) -> Iterator[tuple[Field, PowerCuts]]:
    """Make a field of large orders, and what cuts their power."""
    cuts = PowerCuts()
    with a_field(replace(scenario, broken=cuts.between)) as field:
        cuts.reach(field.world)
        yield field, cuts


def reservations(world: World, order_id: OrderId) -> list[dict[Sku, int] | None]:
    """Return what each transaction of the order holds; None for one that was given back."""
    kept: dict[str, dict[Sku, int] | None] = world.ports.warehouse._reservations  # type: ignore[attr-defined]  # memory
    return [quantities for key, quantities in kept.items() if key.startswith(f"{order_id}:")]


def test_ten_thousand_lines_are_checked_reserved_approved_and_paid(record_testsuite_property: Record) -> None:
    with a_world(skip_time=False) as world:
        meter, begun = metered(world), time.monotonic()
        order_id = play(TEN_THOUSAND_LINES, world, "large").order_id
        took = time.monotonic() - begun

        document = world.ports.documents.get(order_id)
        start = world.runner._store.load(world.starter.arns[order_id]).start_input.input
        assert document is not None
        assert start is not None
        operations = [each.name for each in world.operations(order_id)]
        figures = (
            f"{len(operations)} operations, {meter.payload_bytes} bytes of payload, input of {len(start)} bytes "
            f"for a document of {document[1].bytes}, {took:.1f} s with its rest of 1 s"
        )
        record_testsuite_property("an order of 10,000 lines", figures)
        assert (len(document[0].lines), len({line.sku for line in document[0].lines})) == (10_000, 1_000)
        assert world.status(order_id) == "COMPLETED"
        assert operations.count("reserve-chunks") == 10
        assert meter.payload_bytes < 10_000
        assert len(start) < 1_000
        assert [len(held or ()) for held in reservations(world, order_id)] == [50] * 20


def test_a_large_order_fits_in_the_function(record_testsuite_property: Record) -> None:
    """The heap of the whole test is counted, with the runner and with a bucket in memory: the function has less."""
    memory = source()["Globals"]["Function"]["MemorySize"]
    with a_world() as world:
        tracemalloc.start()
        try:
            play(replace(TEN_THOUSAND_LINES, waits={"cooling_off": 1}), world, "weighed")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    record_testsuite_property("heap of an order of 10,000 lines", f"{peak / MEGABYTE:.0f} MB at most, of {memory}")
    assert peak < memory * MEGABYTE


@pytest.mark.parametrize("scenario", [TEN_THOUSAND_LINES, SOLD_OUT_AT_LAST], ids=lambda scenario: scenario.name)
def test_a_power_cut_amid_the_reservations_leaves_every_shelf_exact(
    scenario: Scenario, record_testsuite_property: Record
) -> None:
    """What is reserved by then is found again, what is not is reserved, and what cannot be had is all given back."""
    with a_dark_field(scenario) as (field, cuts):
        _, expected = field.undisturbed()
        cuts.ahead.extend(BEHIND)

        troubles = field.troubles(field.play_all([()] * len(BEHIND)), expected)

        record_testsuite_property(f"power cuts, {scenario.name}", f"behind {cuts.came} reservations of 20")
        assert sorted(cuts.came) == [*BEHIND]
        assert troubles == ()


def test_a_crash_at_a_checkpoint_of_the_map_leaves_every_shelf_exact(record_testsuite_property: Record) -> None:
    with a_field(TEN_THOUSAND_LINES) as field:
        calm, expected = field.undisturbed()
        told = field.disturbance.checkpoints[calm]
        calls = [call for call, updates in enumerate(told, 1) if any("reserve-" in update for update in updates)]
        crashes = [Crash(call, after) for call in calls for after in (False, True)]

        played = field.play_all([[crash] for crash in crashes])

        record_testsuite_property("crashes around the checkpoints of a large order's map", len(crashes))
        assert crashes != []
        assert all(each.struck for each in played)
        assert field.troubles(played, expected) == ()


def test_what_is_sold_out_at_last_gives_everything_back() -> None:
    """Nineteen transactions have taken their goods, the twentieth finds the shelf empty; and so through a crash."""
    with a_field(SOLD_OUT_AT_LAST) as field:
        calm, expected = field.undisturbed()
        assert reservations(field.world, calm) == [None] * 20
        assert field.world.row(calm).outcome_reason == "Out of stock: SOLD-OUT"

        played = field.play_all([[Death("warehouse.release", time)] for time in (1, 10, 20)])

        assert all(each.struck for each in played)
        assert field.troubles(played, expected) == ()
