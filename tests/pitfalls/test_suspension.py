"""A wait ends the invocation by a BaseException: what catches it, and what runs on the way out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aws_durable_execution_sdk_python import CallbackError, DurableContext
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.lambda_service import ErrorObject

from tests.pitfalls.durable_function import ask, deployed, pause

A_DAY = Duration.from_days(1)
Record = Callable[[str, object], None]


def test_whoever_catches_everything_does_not_wait_at_all() -> None:
    """The order rests for a day, says the code. It is charged at once: suspension was caught like an error."""

    def handler(_event: Any, context: DurableContext) -> str:
        with suppress(BaseException):  # as a bare `except:` does
            context.wait(A_DAY, name="cooling-off")
        return "charged"

    with deployed(handler, skip_time=False) as function:
        arn = function.start()

        assert function.answer(arn) == "charged"
        assert function.invocations(arn) == 1


def test_whoever_catches_exceptions_waits() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        with suppress(Exception):  # suspension is none
            context.wait(A_DAY, name="cooling-off")
        return "charged"

    with deployed(handler, skip_time=False) as function:
        arn = function.start()
        function.asleep(arn)

        assert function.runner._store.load(arn).current_status().value == "RUNNING"


def test_an_undo_in_a_finally_block_runs_every_time_the_order_falls_asleep(record_testsuite_property: Record) -> None:
    voided: list[str] = []

    def handler(_event: Any, context: DurableContext) -> str:
        try:
            pause(context)
            pause(context)
        finally:
            voided.append("the money goes back")
        return "charged"

    with deployed(handler) as function:
        assert function.run() == "charged"

    record_testsuite_property("voids in a finally block, of an order that went well", len(voided))
    assert len(voided) == 3


def undo_by_hand(_event: Any, context: DurableContext) -> str:
    """Wait for a decision; undo in a step of its own when there is none."""
    try:
        ask(context).result()
    except CallbackError:
        return context.step(lambda _: "voided", name="void-payment")
    return "charged"


def test_an_undo_that_is_a_step_runs_when_it_is_due() -> None:
    with deployed(undo_by_hand) as function:
        arns = [function.start(), function.start()]
        function.runner.send_callback_success(function.callback(arns[0]))
        function.runner.send_callback_failure(function.callback(arns[1]))

        assert [function.answer(arn) for arn in arns] == ["charged", "voided"]


def clean_up_at_the_end(cleaned: list[str], asleep: list[bool]) -> Callable[[Any, DurableContext], None]:
    """Return a handler that means to clean up however it ends."""

    def handler(_event: Any, context: DurableContext) -> None:
        try:
            ask(context).result()
        except Exception:  # noqa: BLE001  # whatever ends it: that is the idea, and it does not work
            cleaned.append("after an exception")
        finally:
            cleaned.append("while falling asleep" if not asleep else "at the end")

    return handler


def test_a_stopped_execution_runs_no_line_of_code_any_more() -> None:
    """No exception, no finally, no compensation: the service closes it. Somebody else has to notice."""
    cleaned: list[str] = []
    stopped: list[bool] = []
    with deployed(clean_up_at_the_end(cleaned, stopped)) as function:
        arn = function.start()
        function.callback(arn)
        stopped.append(True)

        function.runner._executor.stop_execution(arn, ErrorObject("sent twice", "StoppedByOperator", None, None))
        function.until(lambda: function.runner._store.load(arn).is_complete)

        assert function.runner._store.load(arn).current_status().value == "STOPPED"
        assert cleaned == ["while falling asleep"]


def test_a_listener_for_the_status_event_brings_the_row_in_line() -> None:
    """What the notifier does with the event that EventBridge delivers."""
    row = {"status": "PENDING_APPROVAL"}

    def on_status_change(status: str) -> None:
        if status in {"FAILED", "TIMED_OUT", "STOPPED"}:
            row["status"] = "NEEDS_ATTENTION"

    with deployed(clean_up_at_the_end([], [])) as function:
        arn = function.start()
        function.callback(arn)
        function.runner._executor.stop_execution(arn, ErrorObject("sent twice", "StoppedByOperator", None, None))
        function.until(lambda: function.runner._store.load(arn).is_complete)
        on_status_change(function.runner._store.load(arn).current_status().value)

    assert row == {"status": "NEEDS_ATTENTION"}
