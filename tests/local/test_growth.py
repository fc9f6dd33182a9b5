"""What a stack keeps grows with its orders and no faster, and hardly delays its start."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.many_orders import measure, multiply, place_originals
from tests.orders import Orders
from tests.stack import Stack

FEW, MANY = 200, 2_000
LARGEST_RATIO = 3.0


@pytest.mark.timeout(180)
def test_ten_times_the_orders_start_in_less_than_three_times_the_time(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """The copies are orders like any other: the last one is read back whole."""
    originals = place_originals(tmp_path / "few", 5)
    shutil.copytree(tmp_path / "few", tmp_path / "many")
    sizes = []
    for name, count in (("few", FEW), ("many", MANY)):
        multiply(tmp_path / name, originals, count)
        sizes.append(measure(tmp_path / name, count))
        print(sizes[-1])
        record_testsuite_property(f"growth: {name}", sizes[-1])
    few, many = sizes
    assert many.later_start < LARGEST_RATIO * few.later_start
    assert many.megabytes / MANY < 1.2 * few.megabytes / FEW
    with Stack(tmp_path / "many") as stack:
        orders = Orders(stack)
        newest = stack.request("GET", "/orders?limit=1", identity="auditor-1").json()["items"][0]["orderId"]
        assert orders.events(newest)[-1] == "completed"
        assert orders.get(newest, "/execution")["status"] == "SUCCEEDED"
        assert orders.ledger(newest) == ["authorise", "capture"]
