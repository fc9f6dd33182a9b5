"""Time on the whole stack: a jump to the next timer is seen by the engine, the steps, the API and the sign-in alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from local.clock import StackClock
from tests.orders import ATLAS, Orders
from tests.stack import Stack, eventually

HOUR = 3_600
# Long enough that no test could sit it out.
WAITS = {"DECISION_WINDOW_SECONDS": str(4 * HOUR), "REMINDER_SECONDS": str(HOUR), "ESCALATION_SECONDS": str(3 * HOUR)}


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Orders]:
    """A stack of its own for each test: time belongs to all of it."""
    with Stack(tmp_path / "data", environment=WAITS) as stack:
        yield Orders(stack)


def jump(stack: Stack, order_id: str | None = None) -> dict[str, Any]:
    """Jump to the next timer of one order or of all; what the stack says of it."""
    answer = stack.request("POST", "/local/time/jump", {"orderId": order_id} if order_id else {})
    assert answer.status == 200, answer.body
    stack._tokens.clear()  # they may be over now, as the page would find
    told: dict[str, Any] = answer.json()
    return told


def until_waiting(orders: Orders, order_id: str, since: str) -> None:
    """Wait until the order has come to its next timer after a moment, or to its end."""

    def reached() -> bool:
        timer = orders.stack.request("GET", "/local/time").json()["nextTimer"]
        waits = timer and timer["kind"] == "callback-timeout" and timer["at"] > since
        return bool(waits) or orders.get(order_id)["status"] != "PENDING_APPROVAL"

    eventually(reached)


def seconds_between(earlier: str, later: str) -> float:
    """How far two moments are apart."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_jumps_take_an_order_to_its_reminders_its_escalation_and_its_end(orders: Orders) -> None:
    order_id = orders.submit(ATLAS)
    pending = orders.until(order_id, "PENDING_APPROVAL")
    kinds = []
    while orders.get(order_id)["status"] == "PENDING_APPROVAL":
        told = jump(orders.stack, order_id)
        kinds.append(told["due"][0]["kind"])
        until_waiting(orders, order_id, told["to"])

    assert orders.get(order_id)["status"] == "EXPIRED"
    assert set(kinds) == {"callback-timeout"}
    orders.until_ended(order_id)
    outbox = orders.outbox(order_id)
    assert (outbox["request-decision"], outbox["escalate"], outbox["outcome"]) == (1, 1, 1)
    assert outbox["remind"] >= 2
    expired = orders.get(order_id, "/audit")["items"][-1]
    assert 0 <= seconds_between(pending["deadline"], expired["at"]) < 60


def test_a_jump_says_from_when_to_when_and_what_was_due(orders: Orders) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    before = orders.stack.request("GET", "/local/time").json()

    told = jump(orders.stack)

    assert before["nextTimer"]["orderId"] == order_id
    assert before["nextTimer"]["operation"] == "decision"
    assert told["due"] == [before["nextTimer"]]
    assert HOUR - 30 < seconds_between(told["from"], told["to"]) <= HOUR + 1
    assert told["offsetSeconds"] == pytest.approx(seconds_between(told["from"], told["to"]), abs=1)
    assert 0 <= seconds_between(before["nextTimer"]["at"], told["to"]) < 1


def test_nothing_to_jump_to_is_said_so(orders: Orders) -> None:
    answer = orders.stack.request("POST", "/local/time/jump", {})

    assert (answer.status, answer.json()) == (409, {"message": "No timer is running"})
    assert orders.stack.request("GET", "/local/time").json()["nextTimer"] is None


def test_the_api_the_page_and_tokens_go_by_the_same_clock(orders: Orders) -> None:
    orders.until(orders.submit(ATLAS), "PENDING_APPROVAL")
    early = orders.stack.token("auditor-1")

    told = jump(orders.stack)

    refused = orders.stack.request("GET", "/orders", headers={"Authorization": f"Bearer {early}"})
    assert refused.status == 401
    answer = orders.stack.request("GET", "/orders", identity="auditor-1")
    assert answer.status == 200
    shown = parsedate_to_datetime(answer.headers["date"])
    assert abs((shown - datetime.fromisoformat(told["to"])).total_seconds()) < 10
    late = orders.get(orders.submit(ATLAS))
    assert abs(seconds_between(told["to"], late["submittedAt"])) < 10


def test_a_restart_does_not_bring_time_back(orders: Orders) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    told = jump(orders.stack)
    until_waiting(orders, order_id, told["to"])

    orders.stack.kill("everything")
    orders.stack.restart()

    assert orders.stack.request("GET", "/local/time").json()["offsetSeconds"] == told["offsetSeconds"]
    again = jump(orders.stack)
    assert 0 < seconds_between(again["from"], again["to"]) <= HOUR


def test_a_jump_goes_to_the_order_that_was_named_and_takes_earlier_timers_along(orders: Orders) -> None:
    first = orders.submit(ATLAS)
    orders.until(first, "PENDING_APPROVAL")
    second = orders.submit(ATLAS)
    orders.until(second, "PENDING_APPROVAL")

    due = jump(orders.stack, second)["due"]

    assert [timer["orderId"] for timer in due] == [first, second]


def test_only_pages_of_this_server_move_time(orders: Orders) -> None:
    foreign = {"Origin": "https://evil.example"}

    for method, place in (("GET", "/local/time"), ("POST", "/local/time/jump"), ("POST", "/local/faults")):
        assert orders.stack.request(method, place, {}, headers=foreign).status == 403
    own = {"Origin": orders.stack.base_url, "Sec-Fetch-Site": "same-origin"}
    assert orders.stack.request("GET", "/local/time", headers=own).status == 200


def test_a_clock_never_goes_back(tmp_path: Path) -> None:
    clock = StackClock(tmp_path / "clock-offset")
    now = clock.now()

    clock.jump(datetime(2001, 1, 1, tzinfo=UTC))

    assert clock.now() >= now
    assert clock.offset == 0
