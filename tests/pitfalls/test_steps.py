"""Steps: what a retry repeats, what an exception loses, and a crash between an effect and its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext, StepError
from aws_durable_execution_sdk_python.config import StepConfig, StepSemantics
from aws_durable_execution_sdk_python.retries import RetryPresets

from order_workflow import retries
from tests.pitfalls.durable_function import Crash, Gateway, deployed

ONCE = StepConfig(retry_strategy=RetryPresets.none())
AT_MOST_ONCE = StepConfig(step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, retry_strategy=RetryPresets.none())
Record = Callable[[str, object], None]


class CardDeclinedError(Exception):
    """A business refusal that is raised."""


def test_a_refusal_that_is_raised_is_retried_six_times_and_changes_its_type(
    record_testsuite_property: Record,
) -> None:
    """A step without a policy has six attempts, and the handler receives a StepError instead of the exception."""
    asked: list[int] = []

    def authorize(step: StepContext) -> None:
        asked.append(step.attempt)
        raise CardDeclinedError("no cover")

    def handler(_event: Any, context: DurableContext) -> str:
        try:
            context.step(authorize, name="authorize-payment")
        except CardDeclinedError:
            return "refused"
        return "authorized"

    with deployed(handler) as function:
        assert function.fail() == "StepError: no cover"

    record_testsuite_property("calls of a gateway whose refusal is raised", len(asked))
    assert asked == [1, 2, 3, 4, 5, 6]


def test_a_refusal_that_is_returned_is_not_retried() -> None:
    asked: list[int] = []

    def authorize(step: StepContext) -> bool:
        asked.append(step.attempt)
        return False

    def handler(_event: Any, context: DurableContext) -> str:
        authorized = context.step(authorize, name="authorize-payment", config=retries.GATEWAY)
        return "authorized" if authorized else "refused"

    with deployed(handler) as function:
        assert function.run() == "refused"
    assert asked == [1]


# --- the two crash rules --------------------------------------------------------------------------------------------


def charge_under(draw_key: Callable[[], str], gateway: Gateway) -> Callable[[Any, DurableContext], str]:
    """Return a handler that charges in a step, with a key that is drawn in that step."""

    def handler(_event: Any, context: DurableContext) -> str:
        return context.step(lambda _: gateway.take(draw_key()), name="capture-payment", config=ONCE)

    return handler


@pytest.mark.parametrize(
    ("name", "draw_key", "paid"),
    [("a fresh key for each try", lambda: uuid4().hex, 200), ("the order's id as the key", lambda: "order-1", 100)],
)
def test_a_crash_between_the_effect_and_its_checkpoint_runs_the_step_again_and_only_a_key_makes_that_harmless(
    name: str, draw_key: Callable[[], str], paid: int, record_testsuite_property: Record
) -> None:
    """The retry policy does not prevent this: `none` means one attempt, but the body runs twice."""
    gateway, crash = Gateway(), Crash("STEP capture-payment SUCCEED")
    with deployed(charge_under(draw_key, gateway)) as function:
        function.tap(crash)

        assert function.run() == "captured"

    record_testsuite_property(f"an order of 100, charged with {name}", gateway.total)
    assert crash.happened
    assert len(gateway.calls) == 2
    assert gateway.total == paid


def test_at_most_once_applies_to_the_body_and_not_to_the_effect() -> None:
    """The body ran, but its checkpoint did not arrive: the step is interrupted, and the handler assumes a failure."""
    gateway = Gateway()

    def handler(_event: Any, context: DurableContext) -> str:
        try:
            return context.step(lambda _: gateway.take("order-1"), name="capture-payment", config=AT_MOST_ONCE)
        except StepError:
            return "nothing was charged"

    with deployed(handler) as function:
        function.tap(Crash("STEP capture-payment SUCCEED"))

        assert function.run() == "nothing was charged"
    assert gateway.total == 100


def test_an_interrupted_capture_finds_its_effect_when_it_is_retried_with_its_key() -> None:
    gateway = Gateway()

    def handler(_event: Any, context: DurableContext) -> str:
        return context.step(lambda _: gateway.take("order-1"), name="capture-payment", config=retries.CAPTURE)

    with deployed(handler) as function:
        function.tap(Crash("STEP capture-payment SUCCEED"))

        assert function.run() == "captured"
    assert gateway.calls == ["order-1", "order-1"]
    assert gateway.total == 100


# --- undoing --------------------------------------------------------------------------------------------------------


def failing_void(_step: StepContext) -> None:
    """Raise, as an unreachable payment service does."""
    raise RuntimeError("no answer")


def test_an_uncaught_undo_keeps_the_next_undo_from_running() -> None:
    released: list[str] = []

    def handler(_event: Any, context: DurableContext) -> str:
        context.step(failing_void, name="void-payment", config=ONCE)
        context.step(lambda _: released.append("goods"), name="release-stock", config=ONCE)
        return "undone"

    with deployed(handler) as function:
        assert function.fail() == "StepError: no answer"
    assert released == []


def test_undos_that_are_caught_leave_only_what_failed() -> None:
    released: list[str] = []

    def undone(context: DurableContext, body: Callable[[StepContext], None], name: str) -> bool:
        try:
            context.step(body, name=name, config=ONCE)
        except StepError:
            return False
        return True

    def handler(_event: Any, context: DurableContext) -> str:
        voided = undone(context, failing_void, "void-payment")
        given_back = undone(context, lambda _: released.append("goods"), "release-stock")
        return "undone" if voided and given_back else "needs attention"

    with deployed(handler) as function:
        assert function.run() == "needs attention"
    assert released == ["goods"]


def refunding(gateway: Gateway, key_of: Callable[[DurableContext, str], str]) -> Callable[[Any, DurableContext], None]:
    """Return a handler that refunds an order, as the order's own execution and as its recovery."""

    def handler(order_id: Any, context: DurableContext) -> None:
        key = key_of(context, order_id)
        context.step(lambda _: gateway.take(key, -100), name="refund-payment")

    return handler


@pytest.mark.parametrize(
    ("name", "key_of", "refunded"),
    [
        ("its execution's ARN", lambda context, _: context.execution_context.durable_execution_arn, -200),
        ("the order's id", lambda _, order_id: order_id, -100),
    ],
)
def test_a_recovery_undoes_once_only_if_its_keys_are_those_of_the_order(
    name: str,
    key_of: Callable[[DurableContext, str], str],
    refunded: int,
    record_testsuite_property: Record,
) -> None:
    gateway = Gateway()
    with deployed(refunding(gateway, key_of)) as function:
        function.run("order-1")  # it refunds, and fails before it can record that
        function.run("order-1")  # the recovery: another execution of the same order

    record_testsuite_property(f"100 refunded and recovered under {name}", gateway.total)
    assert gateway.total == refunded
