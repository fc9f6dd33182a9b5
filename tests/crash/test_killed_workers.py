"""Workers die by `kill -9` at any instant between submission and outcome; every effect still happens once."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest

from tests.orders import ATLAS, Orders
from tests.stack import Answer, Stack, eventually

KILLS = 20
# An undisturbed order takes about this long from its submission to its outcome.
SPAN_SECONDS = 0.7


class OrdersUnderFire(Orders):
    """Asks again when the worker that was asked has just been killed, as the page does."""

    def get(self, order_id: str, what: str = "", *, identity: str = "auditor-1") -> Any:
        """Return the order, or one of its parts, at the first answer that is one."""

        def answered() -> Answer | None:
            answer = self.stack.request("GET", f"/orders/{order_id}{what}", identity=identity)
            return answer if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR else None

        answer: Answer = eventually(answered)
        assert answer.status == HTTPStatus.OK, answer.body
        return answer.json()


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One stack whose workers die again and again."""
    with Stack(tmp_path_factory.mktemp("kills") / "data") as stack:
        yield OrdersUnderFire(stack)


def kill_workers_after(stack: Stack, seconds: float, hit: list[str]) -> None:
    """Kill every worker of the workflow and the notifier, and note which were in the middle of something."""
    time.sleep(seconds)
    busy = [each["function"] for each in stack.environments() if each["state"] == "busy"]
    stack.kill("workers")
    hit.extend(busy)


def order_under_fire(orders: Orders, key: str, delay: float, hit: list[str]) -> str:
    """Place, approve and complete one order while the workers are killed once; try again until it is taken."""
    killer = threading.Thread(target=kill_workers_after, args=(orders.stack, delay, hit))
    killer.start()
    answer = orders.post(ATLAS, key=key)
    while answer.status != HTTPStatus.ACCEPTED:
        time.sleep(0.2)
        answer = orders.post(ATLAS, key=key)
    order_id: str = answer.json()["orderId"]
    orders.until(order_id, "PENDING_APPROVAL", seconds=30)
    while orders.decide(order_id, "approve").status != HTTPStatus.OK:
        time.sleep(0.2)
    orders.until(order_id, "COMPLETED", seconds=30)
    killer.join()
    orders.until_ended(order_id, seconds=30)
    return order_id


def told_once(orders: Orders, order_id: str) -> bool:
    """Whether each message is one outbox item; none may be a request that nobody needed, or that died on its way."""
    events, outbox = orders.events(order_id), orders.outbox(order_id)
    operations = {each["name"]: each for each in orders.get(order_id, "/execution")["operations"]}
    moves = [event for event in events if event != "notification-failed"]
    assert moves == ["submitted", "level-opened", "approved", "charge-begun", "completed"]
    assert max(outbox.values(), default=0) <= 1
    return outbox["outcome"] == 1 and (outbox["request-decision"] == 1 or was_not_asked(operations))


def was_not_asked(operations: dict[str, Any]) -> bool:
    """Whether the request's notifier died, or the decision came before the killed `open-level` had been run again."""
    if "request-decision" in operations:
        return bool(operations["request-decision"]["status"] == "FAILED")
    return bool(operations["decision"]["endedAt"] < operations["open-level"]["endedAt"])


@pytest.mark.timeout(300)
def test_a_worker_killed_at_any_instant_doubles_no_effect(
    orders: Orders, record_testsuite_property: Callable[[str, object], None]
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    record_testsuite_property("seed", seed)
    instants = random.Random(seed)  # noqa: S311  # instants, not secrets
    hit: list[str] = []
    for number in range(KILLS):
        delay = instants.uniform(0, SPAN_SECONDS)
        taken = orders.taken("ATLAS-ED")

        order_id = order_under_fire(orders, f"kill-{seed}-{number:08}", delay, hit)

        print(f"order {number}: killed after {delay:.3f} s")
        assert orders.ledger(order_id) == ["authorise", "capture"]
        assert orders.taken("ATLAS-ED") == taken + 3
        eventually(partial(told_once, orders, order_id))
    record_testsuite_property("kills", f"{KILLS}, of which {len(hit)} hit a worker at work")
    assert hit, "no kill hit a worker at work: the instants prove nothing"
