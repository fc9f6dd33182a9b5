"""What was due while the whole stack was down happens when it is started again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.orders import ATLAS, Orders
from tests.stack import Stack, eventually

RESTING = [{"sku": "MERIDIAN-GIS", "quantity": 60}]
DESK = [{"sku": "NORTH-DESK", "quantity": 1}]
DOWN_SECONDS = 13
WAITS = {"DECISION_WINDOW_SECONDS": "12", "COOLING_OFF_SECONDS": "8", "CLAIM_SECONDS": "8"}
PATIENCE_SECONDS = 15


def approved(orders: Orders, order_id: str, level: int, by: str) -> None:
    """Have somebody approve a level as soon as it is open."""
    eventually(lambda: (order := orders.get(order_id))["level"] == level and order["deadline"], PATIENCE_SECONDS)
    assert orders.decide(order_id, "approve", by=by, level=level).status == 200


def one_of_each(orders: Orders) -> dict[str, str]:
    """An order for each kind of timer, brought to where it waits; what must become of each."""
    resting, unclaimed = orders.submit(RESTING), orders.submit(DESK)
    approved(orders, unclaimed, 1, "manager-1")
    approved(orders, resting, 1, "manager-1")
    approved(orders, resting, 2, "finance-1")
    approved(orders, resting, 2, "finance-2")
    orders.until(resting, "COOLING_OFF")
    orders.until(unclaimed, "FULFILLING")
    silent = orders.submit(ATLAS)
    orders.until(silent, "PENDING_APPROVAL")
    retrying = orders.submit(ATLAS, customer="gateway-flaky")
    orders.until(retrying, "SUBMITTED")
    return {resting: "COMPLETED", unclaimed: "FAILED", silent: "EXPIRED", retrying: "PENDING_APPROVAL"}


def test_deadlines_that_passed_while_nothing_ran_fire_at_the_next_start(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """A callback's timeout (silence, an unclaimed job), a wait (the rest), a step's retry (a gateway that failed)."""
    with Stack(tmp_path / "data", environment=WAITS) as stack:
        ends = one_of_each(Orders(stack))
        stack.kill("everything")
        time.sleep(DOWN_SECONDS)

        stack.restart()

        began, orders = time.monotonic(), Orders(stack)
        for order_id, status in ends.items():
            orders.until(order_id, status, seconds=PATIENCE_SECONDS)
        took = time.monotonic() - began
        record_testsuite_property("overdue deadlines", f"4 of 4 kinds fired, all within {took:.2f} s of the start")
