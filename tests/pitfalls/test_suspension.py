"""A wait ends the invocation with a BaseException: what catches it, and what runs while it passes."""

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


def test_catching_everything_skips_the_wait() -> None:
    """The code waits for a day, but the order is charged at once: the suspension was caught like an error."""

    def handler(_event: Any, context: DurableContext) -> str:
        with suppress(BaseException):  # as a bare `except:` does
            context.wait(A_DAY, name="cooling-off")
        return "charged"

    with deployed(handler, skip_time=False) as function:
        arn = function.start()

        assert function.answer(arn) == "charged"
        assert function.invocations(arn) == 1


def test_catching_exceptions_does_not_skip_the_wait() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        with suppress(Exception):  # suspension is a BaseException
            context.wait(A_DAY, name="cooling-off")
        return "charged"

    with deployed(handler, skip_time=False) as function:
        arn = function.start()
        function.asleep(arn)

        assert function.runner._store.load(arn).current_status().value == "RUNNING"


def test_an_undo_in_a_finally_block_runs_at_every_suspension(record_testsuite_property: Record) -> None:
    voided: list[str] = []

    def handler(_event: Any, context: DurableContext) -> str:
        try:
            pause(context)
            pause(context)
        finally:
            voided.append("voided")
        return "charged"

    with deployed(handler) as function:
        assert function.run() == "charged"

    record_testsuite_property("voids in a finally block of a successful order", len(voided))
    assert len(voided) == 3


def undo_in_a_step(_event: Any, context: DurableContext) -> str:
    """Wait for a decision; if there is none, undo in a step."""
    try:
        ask(context).result()
    except CallbackError:
        return context.step(lambda _: "voided", name="void-payment")
    return "charged"


def test_an_undo_in_a_step_runs_once() -> None:
    with deployed(undo_in_a_step) as function:
        arns = [function.start(), function.start()]
        function.runner.send_callback_success(function.callback(arns[0]))
        function.runner.send_callback_failure(function.callback(arns[1]))

        assert [function.answer(arn) for arn in arns] == ["charged", "voided"]


def clean_up_at_the_end(cleaned: list[str], asleep: list[bool]) -> Callable[[Any, DurableContext], None]:
    """Return a handler that tries to clean up at every end."""

    def handler(_event: Any, context: DurableContext) -> None:
        try:
            ask(context).result()
        except Exception:  # noqa: BLE001  # the mistake that this shows
            cleaned.append("after an exception")
        finally:
            cleaned.append("at the suspension" if not asleep else "at the end")

    return handler


def test_a_stopped_execution_runs_no_more_code() -> None:
    """The service closes it without an exception, a finally block or a compensation; another function must notice."""
    cleaned: list[str] = []
    stopped: list[bool] = []
    with deployed(clean_up_at_the_end(cleaned, stopped)) as function:
        arn = function.start()
        function.callback(arn)
        stopped.append(True)

        function.runner._executor.stop_execution(arn, ErrorObject("sent twice", "StoppedByOperator", None, None))
        function.until(lambda: function.runner._store.load(arn).is_complete)

        assert function.runner._store.load(arn).current_status().value == "STOPPED"
        assert cleaned == ["at the suspension"]


def test_a_listener_for_the_status_event_updates_the_row() -> None:
    """The notifier does this with the event that EventBridge delivers."""
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
