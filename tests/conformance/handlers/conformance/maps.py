"""Suite 9: map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from aws_durable_execution_sdk_python import BatchResult, DurableContext
from aws_durable_execution_sdk_python.config import CompletionConfig, Duration, MapConfig, NestingType
from aws_durable_execution_sdk_python.serdes import JsonSerDes

from conformance import batches
from conformance.batches import counts
from conformance.registry import requirement
from conformance.serializers import Prefixed, WholeBatch

Body: TypeAlias = Callable[[DurableContext, Any, int, Sequence[Any]], Any]

ONE_AT_A_TIME: MapConfig[Any] = MapConfig(max_concurrency=1)
LARGE = 70_000
"""Four of these are more than the 256 KiB that a checkpoint of the map may carry."""


def _each(function: Callable[[Any], Any]) -> Body:
    """Return an iteration that computes its result without an operation."""
    return lambda _child, item, _index, _items: function(item)


def _step_each(function: Callable[[Any], Any]) -> Body:
    """Return an iteration that computes its result in a step."""
    return lambda child, item, _index, _items: child.step(lambda _: function(item))


def _unless_failed(item: str) -> str:
    if item == "fail":
        raise ValueError("this item fails")
    return item


def _run(context: DurableContext, items: Sequence[str], completion: CompletionConfig) -> BatchResult[Any]:
    """Map over items; each one called `fail` fails."""
    config: MapConfig[Any] = MapConfig(max_concurrency=1, completion_config=completion)
    return context.map(items, _each(_unless_failed), "map", config)


@requirement("9-1")
def basic(event: list[str], context: DurableContext) -> list[Any]:
    """Run one step for each item."""
    return context.map(event, _step_each(lambda item: f"Hello, {item}!"), "map", ONE_AT_A_TIME).get_results()


@requirement("9-2")
def unnamed(event: list[int], context: DurableContext) -> list[Any]:
    """Give the operation no name."""
    return context.map(event, _each(lambda item: item * 2), config=ONE_AT_A_TIME).get_results()


@requirement("9-3")
def with_index(event: list[int], context: DurableContext) -> list[Any]:
    """Use each item's index."""
    batch: BatchResult[int] = context.map(event, lambda _child, item, index, _items: item + index, "map", ONE_AT_A_TIME)
    return batch.get_results()


@requirement("9-4")
def empty(event: list[Any], context: DurableContext) -> list[Any]:
    """Map over nothing."""
    return context.map(event, _each(lambda item: item), "map", ONE_AT_A_TIME).get_results()


@requirement("9-5")
def fail_fast(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop at the first failure."""
    return counts(_run(context, ["ok", "fail", "never"], batches.FAIL_FAST))


@requirement("9-6")
def rethrow(_event: Any, context: DurableContext) -> None:
    """Raise the item's error."""
    _run(context, ["fail", "never"], batches.FAIL_FAST).throw_if_error()


@requirement("9-7")
def min_successful(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop when two items have succeeded."""
    batch = _run(context, ["a", "b", "c", "d"], batches.TWO_MUST_SUCCEED)
    return counts(batch, "completionReason", "successCount", "totalCount")


@requirement("9-8")
def tolerated(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Tolerate one failure."""
    return counts(_run(context, ["a", "fail", "c"], batches.ONE_MAY_FAIL))


@requirement("9-9")
def tolerance_exceeded(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop at the second failure."""
    batch = _run(context, ["fail", "fail", "never"], batches.ONE_MAY_FAIL)
    return counts(batch, "completionReason", "successCount", "failureCount", "totalCount")


@requirement("9-10")
def percentage_exceeded(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Stop when more than a quarter has failed."""
    batch = _run(context, ["fail", "fail", "never", "never"], batches.A_QUARTER_MAY_FAIL)
    return counts(batch, "completionReason", "successCount", "failureCount", "totalCount")


@requirement("9-11")
def concurrent(_event: Any, context: DurableContext) -> list[Any]:
    """Process two items at a time."""
    config: MapConfig[Any] = MapConfig(max_concurrency=2)
    return context.map(["r0", "r1", "r2"], _each(lambda item: item), "map", config).get_results()


@requirement("9-12")
def flat(_event: Any, context: DurableContext) -> list[Any]:
    """Run the iterations without contexts of their own."""
    config: MapConfig[Any] = MapConfig(max_concurrency=1, nesting_type=NestingType.FLAT)
    return context.map(["fa", "fb"], _step_each(lambda item: item), "map", config).get_results()


@requirement("9-13")
def named_items(event: list[int], context: DurableContext) -> list[Any]:
    """Name each iteration after its item."""
    config: MapConfig[Any] = MapConfig(max_concurrency=1, item_namer=lambda item, _index: f"item-{item}")
    return context.map(event, _each(lambda item: item * 10), "named-items", config).get_results()


@requirement("9-14")
def item_serializer(_event: Any, context: DurableContext) -> list[Any]:
    """Serialize each item's result behind a prefix."""
    config: MapConfig[Any] = MapConfig(max_concurrency=1, item_serdes=Prefixed())
    return context.map(["x", "y"], _each(str.upper), "map", config).get_results()


@requirement("9-15")
def suspends(_event: Any, context: DurableContext) -> list[Any]:
    """Wait in the second iteration."""

    def body(child: DurableContext, _item: str, index: int, _items: Sequence[str]) -> str:
        if index == 1:
            child.wait(Duration.from_seconds(1))
        return child.step(lambda _: f"r{index}")

    return context.map(["a", "b"], body, "map", ONE_AT_A_TIME).get_results()


@requirement("9-16")
def large_result(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Return more than a checkpoint carries."""
    batch: BatchResult[str] = context.map("abcd", _each(lambda letter: letter * LARGE), "map", ONE_AT_A_TIME)
    return counts(batch, "successCount", "totalCount")


@requirement("9-17")
def wait_after(_event: Any, context: DurableContext) -> list[Any]:
    """Wait after the map."""
    results: list[Any] = context.map(["a", "b"], _each(str.upper), "map", ONE_AT_A_TIME).get_results()
    context.wait(Duration.from_seconds(1))
    return results


@requirement("9-18")
def wait_after_failure(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Wait after a map in which one item failed."""
    facts = counts(_run(context, ["ok", "fail"], batches.ONE_MAY_FAIL))
    context.wait(Duration.from_seconds(1))
    return facts


def _whole_batch(context: DurableContext) -> list[Any]:
    config: MapConfig[Any] = MapConfig(max_concurrency=1, serdes=WholeBatch(), item_serdes=JsonSerDes())
    return context.map(["x", "y"], _each(str.upper), "map", config).get_results()


@requirement("9-19")
def batch_serializer(_event: Any, context: DurableContext) -> list[Any]:
    """Serialize the whole batch in one line."""
    return _whole_batch(context)


@requirement("9-20")
def batch_serializer_replayed(_event: Any, context: DurableContext) -> list[Any]:
    """Read the whole batch back after a replay."""
    results = _whole_batch(context)
    context.wait(Duration.from_seconds(1))
    return results
