"""Parallel and nested operations: what a failed branch returns, and what replay compares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import BatchResult, DurableContext, ParallelBranch, StepContext
from aws_durable_execution_sdk_python.config import NestingType, ParallelConfig, StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets

from tests.pitfalls.durable_function import Body, ask, deployed

ONCE = StepConfig(retry_strategy=RetryPresets.none())


def break_down(_step: StepContext) -> str | None:
    """Raise, as an unreachable credit bureau does."""
    raise RuntimeError("no answer")


def screen(context: DurableContext) -> BatchResult[str | None]:
    """Run two checks in parallel; each returns a refusal or None."""
    checks: list[ParallelBranch[str | None]] = [
        ParallelBranch(lambda branch: branch.step(break_down, "check-credit", ONCE)),
        ParallelBranch(lambda branch: branch.step(lambda _: None, "check-catalogue", ONCE)),
    ]
    return context.parallel(checks, name="screen-order", config=ParallelConfig(nesting_type=NestingType.FLAT))


def test_a_failed_branch_looks_like_one_without_a_refusal() -> None:
    """`parallel` and `map` return; they never raise. The result of a failed branch is None."""

    def handler(_event: Any, context: DurableContext) -> str:
        refusals = [item.result for item in screen(context).all if item.result]
        return "refused" if refusals else "approved"

    with deployed(handler) as function:
        assert function.run() == "approved"


def test_throw_if_error_reports_a_failed_branch() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        answers = screen(context)
        answers.throw_if_error()
        return "refused" if any(item.result for item in answers.all) else "approved"

    with deployed(handler) as function:
        assert function.fail() == "ChildContextError: no answer"


# --- new code for orders that wait ----------------------------------------------------------------------------------

Level = Callable[[DurableContext], str]


def first_version(context: DurableContext) -> str:
    """Approve a level, as the code did when the order went through it."""
    return context.step(lambda _: "approved", name="settle-level")


def second_version(context: DurableContext) -> str:
    """Approve a level with one operation more, as the code does today."""
    context.step(lambda _: None, name="count-votes")
    return first_version(context)


def flat(level: Level) -> Body:
    """Return a handler whose level has no context of its own."""

    def handler(_event: Any, context: DurableContext) -> str:
        outcome = level(context)
        ask(context).result()
        return outcome

    return handler


def in_a_child_context(level: Level) -> Body:
    """Return a handler whose level has a context of its own."""

    def handler(_event: Any, context: DurableContext) -> str:
        outcome = context.run_in_child_context(level, name="approve-manager")
        ask(context).result()
        return outcome

    return handler


def end_under_new_code(form: Callable[[Level], Body]) -> str:
    """Let an order pass its first level, deploy the second version, wake the order, and return how it ended."""
    with deployed(form(first_version)) as function:
        callback_id = function.callback(arn := function.start())
        function.deploy(form(second_version))
        function.runner.send_callback_success(callback_id)
        result = function.result(arn)
        return result.result or str(result.error and result.error.type)


def test_another_operation_in_a_finished_level_fails_every_order_that_has_passed_it() -> None:
    assert end_under_new_code(flat).endswith("NonDeterministicExecutionError")


def test_a_finished_level_with_a_context_of_its_own_may_change() -> None:
    """Replay uses the result of a finished context and does not look inside it."""
    assert end_under_new_code(in_a_child_context) == '"approved"'
