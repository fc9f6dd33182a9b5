"""Eighty orders, each decided around its timeout, a quarter of the signals lost: whom three designs tell the truth.

A callback knows one instant: it is open, then it is closed. A person's click, the timeout and a lost packet all meet
there, and whatever a design trusts decides what the person, the order's row and the workflow believe afterwards.
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
Told = str


@dataclass(slots=True)
class Row:
    """An order's row, when its level opened, and what its approver was told. Writes are conditional."""

    callback_id: str = ""
    opened: float = 0.0
    status: str = "pending"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, status: str, now: float) -> str:
        """Write an outcome if there is none, and return the one there is: whoever is late finds that it expired."""
        with self.lock:
            if self.status == "pending":
                self.status = "expired" if now >= self.opened + WINDOW_SECONDS else status
            return self.status


@dataclass(frozen=True, slots=True)
class Click:
    """When somebody approves, in seconds from the timeout, and what happens to the signal: lost there, or back."""

    offset: float
    lost: str | None


class SignalLostError(Exception):
    """Nobody answered the call that completes the callback."""


@dataclass(slots=True)
class Office:
    """The orders of one design and the wire over which they are signalled."""

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
Api = Callable[[Office, Row, Click], Told]
REFUSED = (SignalLostError, DurableFunctionsLocalRunnerError)


def publish(row: Row, context: DurableContext) -> Any:
    """Create the callback and publish its id in the row."""
    callback = ask(context, WINDOW_SECONDS)

    def body(_step: object) -> None:
        row.callback_id, row.opened = callback.callback_id, row.opened or time.monotonic()

    context.step(body, name="open-level")
    return callback


# --- trust the callback ---------------------------------------------------------------------------------------------


def believe_the_callback(row: Row, context: DurableContext) -> str:
    """Take the callback's result for the decision and its timeout for silence."""
    try:
        return str(publish(row, context).result())
    except CallbackError:
        return "expired"


def click_the_callback(office: Office, row: Row, click: Click) -> Told:
    """Send the decision as the callback's result: no answer is an error on the person's screen."""
    try:
        office.signal(row, click)
    except REFUSED:
        return "error"
    return "approved"


# --- write the row, and trust the callback all the same -------------------------------------------------------------


def write_and_click(office: Office, row: Row, click: Click) -> Told:
    """Write the decision, then send it: the person is told what was written."""
    row.status = "approved"
    click_the_callback(office, row, click)
    return row.status


# --- decide, then signal --------------------------------------------------------------------------------------------


def look_at_the_row(row: Row, context: DurableContext) -> str:
    """Wake up for whatever reason, and settle the row: what is in it counts."""
    callback = publish(row, context)
    try:
        callback.result()
    except CallbackError:
        context.logger.debug("nobody signalled")
    while (found := context.step(lambda _: row.settle("pending", time.monotonic()), name="settle-level")) == "pending":
        context.wait(Duration.from_seconds(1), name="not-yet-due")
    return found


def decide_then_signal(office: Office, row: Row, click: Click) -> Told:
    """Write the decision if it is in time, and say what the row says; the signal only wakes."""
    told = row.settle("approved", time.monotonic())
    click_the_callback(office, row, click)
    return told


DESIGNS: dict[str, tuple[Workflow, Api]] = {
    "trust the callback": (believe_the_callback, click_the_callback),
    "write the row, trust the callback": (believe_the_callback, write_and_click),
    "decide, then signal": (look_at_the_row, decide_then_signal),
}


def clicks() -> list[Click]:
    """Return the same clicks for every design: a quarter of their signals is lost, half of those on the way back."""
    luck = random.Random(SEED)  # noqa: S311  # an experiment, to be repeated
    lost = luck.sample([*["there"] * 10, *["back"] * 10, *[None] * 60], ORDERS)
    return [Click(luck.uniform(-0.2, 0.1), each) for each in lost]


def contradictions(workflow: Workflow, api: Api) -> int:
    """Play the eighty orders; return for how many the person was told something else than what became of the order."""
    office = Office([Row() for _ in range(ORDERS)])

    def handler(number: Any, context: DurableContext) -> str:
        return workflow(office.rows[number], context)

    with deployed(handler) as function:
        office.function = function
        arns = [function.start(number) for number in range(ORDERS)]
        told = click_all(office, api)
        ends = [function.answer(arn) for arn in arns]
    return sum(not agree(*pair) for pair in zip(told, ends, strict=True))


def agree(told: Told, end: str) -> bool:
    """Whether what a person was told is true of the order: `it did not work` is, of one that expired."""
    return told == end or (told, end) == ("error", "expired")


def click_all(office: Office, api: Api) -> list[Told]:
    """Let everybody click at their moment, and return what each was told."""
    told: dict[int, Told] = {}
    due = dict(enumerate(clicks()))
    while due:
        now = time.monotonic()
        for number, click in [*due.items()]:
            row = office.rows[number]
            if row.opened and now >= row.opened + WINDOW_SECONDS + click.offset:
                told[number] = api(office, row, due.pop(number))
        time.sleep(0.001)
    return [told[number] for number in range(ORDERS)]


def test_only_deciding_before_signalling_tells_everybody_the_truth(record_testsuite_property: Record) -> None:
    with ThreadPoolExecutor(len(DESIGNS)) as offices:
        found = [*offices.map(contradictions, *zip(*DESIGNS.values(), strict=True))]

    for name, times in zip(DESIGNS, found, strict=True):
        record_testsuite_property(f"{ORDERS} orders, {name}", f"{times} contradictions")
    trusting, writing, deciding = found
    assert trusting > 0
    assert writing > 0
    assert deciding == 0


# --- what the callback brings ---------------------------------------------------------------------------------------


def parse_at_once(_event: Any, context: DurableContext) -> str:
    """Have the SDK parse what the callback brings, and be ready for every error of the callback."""
    config = CallbackConfig(timeout=Duration.from_seconds(30), serdes=JsonSerDes())
    try:
        return str(context.create_callback(name="decision", config=config).result())
    except CallbackError:
        return "looked at the row"


def read_nothing(_event: Any, context: DurableContext) -> str:
    """Wake up, and look at the row."""
    with suppress(CallbackError):
        ask(context).result()
    return "looked at the row"


def wake_with(payload: bytes, handler: Body) -> str:
    """Complete an order's callback with this payload, and return how its execution ended."""
    with deployed(handler) as function:
        callback_id = function.callback(arn := function.start())
        function.runner.send_callback_success(callback_id, payload)
        result = function.result(arn)
        return result.result or str(result.error and result.error.type).rpartition(".")[2]


def test_a_payload_that_cannot_be_parsed_kills_the_order() -> None:
    """It is no error of the callback, and whoever can complete one can send it: `approve` without quotes is enough."""
    assert wake_with(b"approve", parse_at_once) == "SerDesError"


def test_a_payload_that_nobody_reads_harms_nobody() -> None:
    assert wake_with(b"approve", read_nothing) == '"looked at the row"'
