"""Suite 8: parallel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from aws_durable_execution_sdk_python import BatchResult, DurableContext, ParallelBranch
from aws_durable_execution_sdk_python.config import CompletionConfig, Duration, NestingType, ParallelConfig

from conformance import batches
from conformance.batches import counts
from conformance.registry import requirement
from conformance.serializers import Enveloped

Branch: TypeAlias = Callable[[DurableContext], Any]

ONE_AT_A_TIME = ParallelConfig(max_concurrency=1)


def _constant(value: Any) -> Branch:
    return lambda _: value


def _step_of(value: Any) -> Branch:
    return lambda branch: branch.step(lambda _: value)


def _fail(_branch: DurableContext) -> None:
    raise ValueError("this branch fails")


def _run(context: DurableContext, branches: Sequence[Branch], completion: CompletionConfig) -> BatchResult[Any]:
    config = ParallelConfig(max_concurrency=1, completion_config=completion)
    return context.parallel(branches, name="parallel", config=config)


@requirement("8-1")
def basic(_event: Any, context: DurableContext) -> list[Any]:
    """Run one step in each of two branches."""
    return context.parallel([_step_of("task-1"), _step_of("task-2")], "parallel", ONE_AT_A_TIME).get_results()


@requirement("8-2")
def unnamed(_event: Any, context: DurableContext) -> list[Any]:
    """Give the operation no name."""
    return context.parallel([_constant("alpha"), _constant("beta")], config=ONE_AT_A_TIME).get_results()


@requirement("8-3")
def named_branches(_event: Any, context: DurableContext) -> list[Any]:
    """Name the branches."""
    branches: list[ParallelBranch[str]] = [
        ParallelBranch(_constant("one"), "first"),
        ParallelBranch(_constant("two"), "second"),
    ]
    return context.parallel(branches, "parallel", ONE_AT_A_TIME).get_results()


@requirement("8-4")
def mixed_types(_event: Any, context: DurableContext) -> list[Any]:
    """Return a text, a number and an object."""
    branches = [_constant("hello"), _constant(42), _constant({"k": "v"})]
    return context.parallel(branches, "parallel", ONE_AT_A_TIME).get_results()


@requirement("8-5")
def empty(_event: Any, context: DurableContext) -> list[Any]:
    """Run no branch."""
    return context.parallel([], "parallel", ONE_AT_A_TIME).get_results()


@requirement("8-6")
def fail_fast(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop at the first failure."""
    return counts(_run(context, [_constant("ok"), _fail, _constant("never")], batches.FAIL_FAST))


@requirement("8-7")
def rethrow(_event: Any, context: DurableContext) -> None:
    """Raise the branch's error."""
    _run(context, [_fail, _constant("never")], batches.FAIL_FAST).throw_if_error()


@requirement("8-8")
def min_successful(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop when two branches have succeeded."""
    batch = _run(context, [_constant(name) for name in "abcd"], batches.TWO_MUST_SUCCEED)
    return counts(batch, "completionReason", "successCount", "totalCount")


@requirement("8-9")
def tolerated(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Tolerate one failure."""
    return counts(_run(context, [_constant("a"), _fail, _constant("c")], batches.ONE_MAY_FAIL))


@requirement("8-10")
def tolerance_exceeded(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop at the second failure."""
    batch = _run(context, [_fail, _fail, _constant("never")], batches.ONE_MAY_FAIL)
    return counts(batch, "completionReason", "successCount", "failureCount", "totalCount")


@requirement("8-11")
def concurrent(_event: Any, context: DurableContext) -> list[Any]:
    """Run two branches at a time."""
    branches = [_constant(name) for name in ("r0", "r1", "r2")]
    return context.parallel(branches, "parallel", ParallelConfig(max_concurrency=2)).get_results()


@requirement("8-12")
def flat(_event: Any, context: DurableContext) -> list[Any]:
    """Run the branches without contexts of their own."""
    config = ParallelConfig(max_concurrency=1, nesting_type=NestingType.FLAT)
    return context.parallel([_step_of("fa"), _step_of("fb")], "parallel", config).get_results()


@requirement("8-13")
def percentage_exceeded(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop when more than a quarter has failed."""
    branches = [_fail, _fail, _constant("never"), _constant("never")]
    batch = _run(context, branches, batches.A_QUARTER_MAY_FAIL)
    return counts(batch, "completionReason", "successCount", "failureCount", "totalCount")


@requirement("8-14")
def suspends(_event: Any, context: DurableContext) -> list[Any]:
    """Wait in the second branch."""

    def wait(branch: DurableContext) -> str:
        branch.wait(Duration.from_seconds(2))
        return "b1"

    return context.parallel([_step_of("b0"), wait], "parallel", ONE_AT_A_TIME).get_results()


@requirement("8-15")
def item_serializer(_event: Any, context: DurableContext) -> list[Any]:
    """Serialize each branch's result in an envelope."""
    config = ParallelConfig(max_concurrency=1, item_serdes=Enveloped())
    return context.parallel([_constant("x"), _constant("y")], "parallel", config).get_results()


@requirement("8-16")
def all_fail(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Fail in every branch, all tolerated."""
    return counts(_run(context, [_fail, _fail, _fail], batches.THREE_MAY_FAIL))


@requirement("8-17")
def min_successful_missed(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Run all branches when too few succeed."""
    return counts(_run(context, [_constant("a"), _fail, _constant("c")], batches.THREE_MUST_SUCCEED))


@requirement("8-18")
def both_rules(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Let the tolerance stop the operation before enough branches succeed."""
    branches = [_fail, _fail, _constant("never"), _constant("never")]
    batch = _run(context, branches, batches.BOTH_RULES)
    return counts(batch, "completionReason", "successCount", "failureCount", "totalCount")


@requirement("8-19")
def invalid_concurrency(_event: Any, context: DurableContext) -> list[Any]:
    """Ask for no concurrency at all."""
    branches = [_constant("a"), _constant("b")]
    return context.parallel(branches, "parallel", ParallelConfig(max_concurrency=0)).get_results()


@requirement("8-20")
def accessors(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Read the batch through its accessors."""
    batch = _run(context, [_constant("a"), _fail, _constant("c")], batches.ONE_MAY_FAIL)
    return {
        "hasFailure": batch.has_failure,
        "successCount": len(batch.succeeded()),
        "failureCount": len(batch.failed()),
        "errorCount": len(batch.get_errors()),
    }


@requirement("8-21")
def nested(_event: Any, context: DurableContext) -> list[Any]:
    """Run a parallel operation inside a branch."""

    def inner(branch: DurableContext) -> list[Any]:
        return branch.parallel([_step_of("i1"), _step_of("i2")], "inner", ONE_AT_A_TIME).get_results()

    return context.parallel([inner], "outer", ONE_AT_A_TIME).get_results()


@requirement("8-22")
def percentage_met(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Tolerate exactly a quarter."""
    branches = [_fail, *(_constant(name) for name in "bcd")]
    return counts(_run(context, branches, batches.A_QUARTER_MAY_FAIL))
