"""The handler runs again from its first line at every wake-up: what that does to code that ignores it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext

from tests.pitfalls.durable_function import Body, deployed, pause

Record = Callable[[str, object], None]


@pytest.mark.parametrize("wakes", [1, 5])
def test_an_effect_outside_a_step_happens_again_at_every_wake_up(wakes: int, record_testsuite_property: Record) -> None:
    sent: dict[str, int] = {"outside": 0, "inside": 0}

    def send(where: str) -> None:
        sent[where] += 1

    def mail_twice(_event: Any, context: DurableContext) -> None:
        send("outside")
        context.step(lambda _: send("inside"), name="notify-requester")
        for _ in range(wakes):
            pause(context)

    with deployed(mail_twice) as function:
        function.run()

    outside, inside = sent["outside"], sent["inside"]
    record_testsuite_property(f"mails in {wakes + 1} invocations", f"outside a step {outside}, in a step {inside}")
    assert (outside, inside) == (wakes + 1, 1)


def test_a_branch_on_something_that_varies_fails_the_order_on_replay() -> None:
    """The hour, a flag and a random number do the same; here the branch depends on the number of runs."""
    runs = count()

    def handler(_event: Any, context: DurableContext) -> str:
        express = next(runs) % 2 == 0
        way = context.step(lambda _: "today" if express else "tomorrow", name="send-express" if express else "send")
        pause(context)
        return way

    with deployed(handler) as function:
        error = function.fail()

    assert error.startswith("NonDeterministicExecutionError: ")
    assert "name checkpoint='send-express' current='send'" in error


def test_a_branch_on_something_a_step_recorded_goes_the_same_way_again() -> None:
    runs = count()

    def handler(_event: Any, context: DurableContext) -> str:
        express = context.step(lambda _: next(runs) % 2 == 0, name="choose-way")
        way = context.step(lambda _: "today" if express else "tomorrow", name="send-express" if express else "send")
        pause(context)
        return way

    with deployed(handler) as function:
        assert function.run() == "today"


def reserve_and_pay(draw_key: Callable[[DurableContext], str]) -> Body:
    """Return a handler that reserves stock under a key, waits, pays under the same key, and returns both keys."""

    def handler(_event: Any, context: DurableContext) -> list[str]:
        key = draw_key(context)
        reserved = context.step(lambda _: key, name="reserve-stock")
        pause(context)
        paid = context.step(lambda _: key, name="authorize-payment")
        return [reserved, paid]

    return handler


def test_a_key_drawn_outside_a_step_changes_at_each_wake_up_without_an_error() -> None:
    """No operation changes its name, so the SDK cannot notice: stock and payment have two different keys."""
    with deployed(reserve_and_pay(lambda _: uuid4().hex)) as function:
        reserved, paid = function.run()

    assert reserved != paid


def test_a_key_drawn_in_a_step_stays_the_same() -> None:
    with deployed(reserve_and_pay(lambda context: context.step(lambda _: uuid4().hex, name="draw-key"))) as function:
        reserved, paid = function.run()

    assert reserved == paid


def test_a_variable_that_a_step_changes_is_empty_after_the_replay() -> None:
    """The step's body does not run again; the replay has only its result."""

    def handler(_event: Any, context: DurableContext) -> dict[str, list[str]]:
        lacking: list[str] = []

        def check(_step: StepContext) -> list[str]:
            lacking.append("SOLD-OUT")
            return ["SOLD-OUT"]

        returned = context.step(check, name="reserve-stock")
        pause(context)
        return {"closed over": lacking, "returned": returned}

    with deployed(handler) as function:
        assert function.run() == {"closed over": [], "returned": ["SOLD-OUT"]}


def test_a_name_that_is_computed_from_what_varies_fails_the_order() -> None:
    attempt = count(1)

    def handler(_event: Any, context: DurableContext) -> None:
        context.step(lambda _: None, name=f"charge-{next(attempt)}")
        pause(context)

    with deployed(handler) as function:
        assert "name checkpoint='charge-1' current='charge-2'" in function.fail()


def test_a_literal_name_may_be_used_again() -> None:
    """An operation is identified by its position, so a loop does not need numbers in its names."""
    looks = count(1)

    def handler(_event: Any, context: DurableContext) -> list[int]:
        found = []
        for _ in range(3):
            found.append(context.step(lambda _: next(looks), name="settle-level"))
            pause(context)
        return found

    with deployed(handler) as function:
        assert function.run() == [1, 2, 3]


def test_the_outer_context_used_inside_a_step_fails_on_replay() -> None:
    """The first run succeeds. On replay the step's body does not run, so the inner operation is missing."""

    def handler(_event: Any, context: DurableContext) -> None:
        context.step(lambda _: context.step(lambda _: None, name="inner"), name="outer")
        pause(context)

    with deployed(handler) as function:
        assert "name checkpoint='inner' current='pause'" in function.fail()


def test_operations_inside_an_operation_use_a_child_context() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        found = context.run_in_child_context(lambda child: child.step(lambda _: "done", name="inner"), name="outer")
        pause(context)
        return found

    with deployed(handler) as function:
        assert function.run() == "done"
