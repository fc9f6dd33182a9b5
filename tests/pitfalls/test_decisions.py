"""Eighty orders, each decided around its timeout, a quarter of the signals lost: which of three designs is consistent.

A callback is open, then closed. The approver's click, the timeout and a lost packet race for that instant, and what a
design trusts decides whether the approver's answer, the order's row and the workflow agree afterwards.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aws_durable_execution_sdk_python import CallbackError, DurableContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.serdes import JsonSerDes
from aws_durable_execution_sdk_python_testing.exceptions import DurableFunctionsLocalRunnerError

from tests.pitfalls.durable_function import Body, DurableFunction, ask, deployed

SEED = 20261121
ORDERS = 80
WINDOW_SECONDS = 1
Record = Callable[[str, object], None]
Answer = str


@dataclass(slots=True)
class Row:
    """An order's row, when its level opened, and its status. Writes are conditional."""

    callback_id: str = ""
    opened: float = 0.0
    status: str = "pending"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, status: str, now: float) -> str:
        """Write an outcome if there is none, and return the one there is: a late decision finds that it expired."""
        with self.lock:
            if self.status == "pending":
                self.status = "expired" if now >= self.opened + WINDOW_SECONDS else status
            return self.status


@dataclass(frozen=True, slots=True)
class Click:
    """When the approver clicks, in seconds from the timeout, and where its signal is lost: there or on the way back."""

    offset: float
    lost: str | None


class SignalLostError(Exception):
    """The call that completes the callback got no response."""


@dataclass(slots=True)
class Desk:
    """The orders of one design, and the connection that signals them."""

    rows: list[Row]
    function: DurableFunction | None = None

    def signal(self, row: Row, click: Click) -> None:
        """Complete the row's callback; raises SignalLostError, or the service's error for a closed callback."""
        assert self.function is not None
        if click.lost == "there":
            raise SignalLostError
        self.function.runner.send_callback_success(row.callback_id, b"approved")
        if click.lost == "back":
            raise SignalLostError


Workflow = Callable[[Row, DurableContext], str]
Api = Callable[[Desk, Row, Click], Answer]
REFUSED = (SignalLostError, DurableFunctionsLocalRunnerError)


def publish(row: Row, context: DurableContext) -> Any:
    """Create the callback and publish its id in the row."""
    callback = ask(context, WINDOW_SECONDS)

    def body(_step: object) -> None:
        row.callback_id, row.opened = callback.callback_id, row.opened or time.monotonic()

    context.step(body, name="open-level")
    return callback


# --- trust the callback ---------------------------------------------------------------------------------------------


def trust_the_callback(row: Row, context: DurableContext) -> str:
    """Treat the callback's result as the decision and its timeout as the expiry."""
    try:
        return str(publish(row, context).result())
    except CallbackError:
        return "expired"


def click_the_callback(desk: Desk, row: Row, click: Click) -> Answer:
    """Send the decision as the callback's result; without a response the page shows an error."""
    try:
        desk.signal(row, click)
    except REFUSED:
        return "error"
    return "approved"


# --- write the row, and trust the callback all the same -------------------------------------------------------------


def write_and_click(desk: Desk, row: Row, click: Click) -> Answer:
    """Write the decision, then send it; answer what was written."""
    row.status = "approved"
    click_the_callback(desk, row, click)
    return row.status


# --- decide, then signal --------------------------------------------------------------------------------------------


def look_at_the_row(row: Row, context: DurableContext) -> str:
    """Wake up for any reason, and settle the row, which decides."""
    callback = publish(row, context)
    try:
        callback.result()
    except CallbackError:
        context.logger.debug("no signal")
    while (found := context.step(lambda _: row.settle("pending", time.monotonic()), name="settle-level")) == "pending":
        context.wait(Duration.from_seconds(1), name="not-yet-due")
    return found


def decide_then_signal(desk: Desk, row: Row, click: Click) -> Answer:
    """Write the decision if it is in time, and answer what the row says; the signal only wakes the workflow."""
    answer = row.settle("approved", time.monotonic())
    click_the_callback(desk, row, click)
    return answer


DESIGNS: dict[str, tuple[Workflow, Api]] = {
    "trust the callback": (trust_the_callback, click_the_callback),
    "write the row, trust the callback": (trust_the_callback, write_and_click),
    "decide, then signal": (look_at_the_row, decide_then_signal),
}


def clicks() -> list[Click]:
    """Return the same clicks for every design: a quarter of their signals is lost, half of those on the way back."""
    luck = random.Random(SEED)  # noqa: S311  # an experiment, to be repeated
    lost = luck.sample([*["there"] * 10, *["back"] * 10, *[None] * 60], ORDERS)
    return [Click(luck.uniform(-0.2, 0.1), each) for each in lost]


def contradictions(workflow: Workflow, api: Api) -> int:
    """Play the eighty orders; return for how many the approver's answer contradicts the order's outcome."""
    desk = Desk([Row() for _ in range(ORDERS)])

    def handler(number: Any, context: DurableContext) -> str:
        return workflow(desk.rows[number], context)

    with deployed(handler) as function:
        desk.function = function
        arns = [function.start(number) for number in range(ORDERS)]
        answers = click_all(desk, api)
        ends = [function.answer(arn) for arn in arns]
    return sum(not agree(*pair) for pair in zip(answers, ends, strict=True))


def agree(answer: Answer, end: str) -> bool:
    """Whether an answer is true of the order: an error is true of one that expired."""
    return answer == end or (answer, end) == ("error", "expired")


def click_all(desk: Desk, api: Api) -> list[Answer]:
    """Click for each order at its moment, and return the answers."""
    answers: dict[int, Answer] = {}
    due = dict(enumerate(clicks()))
    while due:
        now = time.monotonic()
        for number, click in [*due.items()]:
            row = desk.rows[number]
            if row.opened and now >= row.opened + WINDOW_SECONDS + click.offset:
                answers[number] = api(desk, row, due.pop(number))
        time.sleep(0.001)
    return [answers[number] for number in range(ORDERS)]


def test_only_deciding_before_signaling_never_contradicts_the_outcome(record_testsuite_property: Record) -> None:
    with ThreadPoolExecutor(len(DESIGNS)) as desks:
        found = [*desks.map(contradictions, *zip(*DESIGNS.values(), strict=True))]

    for name, times in zip(DESIGNS, found, strict=True):
        record_testsuite_property(f"{ORDERS} orders, {name}", f"{times} contradictions")
    trusting, writing, deciding = found
    assert trusting > 0
    assert writing > 0
    assert deciding == 0


# --- the callback's payload ------------------------------------------------------------------------------------------


def parse_at_once(_event: Any, context: DurableContext) -> str:
    """Have the SDK parse the callback's payload, and catch every error of the callback."""
    config = CallbackConfig(timeout=Duration.from_seconds(30), serdes=JsonSerDes())
    try:
        return str(context.create_callback(name="decision", config=config).result())
    except CallbackError:
        return "read the row"


def read_nothing(_event: Any, context: DurableContext) -> str:
    """Wake up and read the row."""
    with suppress(CallbackError):
        ask(context).result()
    return "read the row"


def wake_with(payload: bytes, handler: Body) -> str:
    """Complete an order's callback with this payload, and return how its execution ended."""
    with deployed(handler) as function:
        callback_id = function.callback(arn := function.start())
        function.runner.send_callback_success(callback_id, payload)
        result = function.result(arn)
        return result.result or str(result.error and result.error.type).rpartition(".")[2]


def test_a_payload_that_cannot_be_parsed_fails_the_order() -> None:
    """It raises SerDesError, not CallbackError, and every sender can cause it: `approve` without quotes is enough."""
    assert wake_with(b"approve", parse_at_once) == "SerDesError"


def test_a_payload_that_is_not_read_does_no_harm() -> None:
    assert wake_with(b"approve", read_nothing) == '"read the row"'
