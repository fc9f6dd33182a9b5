"""Workers die by `kill -9` at any instant between submission and outcome; every effect still happens once."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Iterator

import pytest

from tests.orders import ATLAS, Orders
from tests.stack import Stack

KILLS = 20
# An undisturbed order takes about this long from its submission to its outcome.
SPAN_SECONDS = 0.7


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One stack whose workers die again and again."""
    with Stack(tmp_path_factory.mktemp("kills") / "data") as stack:
        yield Orders(stack)


def kill_workers_after(stack: Stack, seconds: float, hit: list[str]) -> None:
    """Kill every worker of the workflow and the notifier, and note which were in the middle of something."""
    time.sleep(seconds)
    busy = [each["function"] for each in stack.environments() if each["state"] == "busy"]
    stack.kill("workers")
    hit.extend(busy)


def test_a_worker_killed_at_any_instant_doubles_no_effect(
    orders: Orders, record_testsuite_property: pytest.RecordProperty
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    record_testsuite_property("seed", seed)
    instants = random.Random(seed)  # noqa: S311  # instants, not secrets
    hit: list[str] = []
    for number in range(KILLS):
        delay = instants.uniform(0, SPAN_SECONDS)
        taken = orders.taken("ATLAS-ED")
        killer = threading.Thread(target=kill_workers_after, args=(orders.stack, delay, hit))
        killer.start()
        answer = orders.post(ATLAS, key=f"kill-{seed}-{number:08}")
        while answer.status >= 500:  # the worker of the API died with this very request: a person tries again
            time.sleep(0.2)
            answer = orders.post(ATLAS, key=f"kill-{seed}-{number:08}")
        order_id = answer.json()["orderId"]
        orders.until(order_id, "PENDING_APPROVAL", seconds=30)
        while orders.decide(order_id, "approve").status != 200:
            time.sleep(0.2)
        orders.until(order_id, "COMPLETED", seconds=30)
        killer.join()
        orders.until_ended(order_id, seconds=30)
        print(f"order {number}: killed after {delay:.3f} s")
        assert orders.ledger(order_id) == ["authorise", "capture"]
        assert orders.taken("ATLAS-ED") == taken + 3
        assert orders.outbox(order_id) == {"request-decision": 1, "outcome": 1}
        assert orders.events(order_id) == ["submitted", "level-opened", "approved", "charge-begun", "completed"]
    record_testsuite_property("kills", f"{KILLS}, of which {len(hit)} hit a worker at work")
    assert hit, "no kill hit a worker at work: the instants prove nothing"
