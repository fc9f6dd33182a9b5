"""Several operations at once, and several inside one: what a failed branch says, and what replay looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import BatchResult, DurableContext, ParallelBranch, StepContext
from aws_durable_execution_sdk_python.config import NestingType, ParallelConfig, StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets

from tests.pitfalls.durable_function import Body, ask, deployed

ONCE = StepConfig(retry_strategy=RetryPresets.none())


def break_down(_step: StepContext) -> str | None:
    """Find the credit bureau out of order."""
    raise RuntimeError("no answer")


def screen(context: DurableContext) -> BatchResult[str | None]:
    """Ask two things at the same time, each of which answers with a refusal or None."""
    checks: list[ParallelBranch[str | None]] = [
        ParallelBranch(lambda branch: branch.step(break_down, "check-credit", ONCE)),
        ParallelBranch(lambda branch: branch.step(lambda _: None, "check-catalogue", ONCE)),
    ]
    return context.parallel(checks, name="screen-order", config=ParallelConfig(nesting_type=NestingType.FLAT))


def test_a_branch_that_failed_looks_like_one_that_has_nothing_against_the_order() -> None:
    """`parallel` and `map` return; they never raise. The result of a failed branch is None."""

    def handler(_event: Any, context: DurableContext) -> str:
        refusals = [item.result for item in screen(context).all if item.result]
        return "refused" if refusals else "approved"

    with deployed(handler) as function:
        assert function.run() == "approved"


def test_a_batch_that_is_asked_says_that_a_branch_failed() -> None:
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
    """Return a handler whose level lies among everything else."""

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
    """Let an order pass its first level, deploy the second version, wake the order, and say how it ended."""
    with deployed(form(first_version)) as function:
        callback_id = function.callback(arn := function.start())
        function.deploy(form(second_version))
        function.runner.send_callback_success(callback_id)
        result = function.result(arn)
        return result.result or str(result.error and result.error.type)


def test_an_operation_more_in_a_level_that_is_over_fails_every_order_that_has_passed_it() -> None:
    assert end_under_new_code(flat).endswith("NonDeterministicExecutionError")


def test_a_level_with_a_context_of_its_own_may_change_once_it_is_over() -> None:
    """What happened inside a context that has ended is not replayed: only its result is."""
    assert end_under_new_code(in_a_child_context) == '"approved"'
