"""Suite 6: wait_for_condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from aws_durable_execution_sdk_python import DurableContext, WaitForConditionError
from aws_durable_execution_sdk_python.config import Duration, JitterStrategy
from aws_durable_execution_sdk_python.types import WaitForConditionCheckContext
from aws_durable_execution_sdk_python.waits import (
    WaitForConditionConfig,
    WaitForConditionDecision,
    WaitStrategyConfig,
    create_wait_strategy,
)

from conformance.registry import requirement
from conformance.serializers import Enveloped

Strategy: TypeAlias = Callable[[Any, int], WaitForConditionDecision]


def _while(unmet: Callable[[Any], bool], *, seconds: int = 1, attempts: int = 60) -> Strategy:
    """Return a strategy that polls at a fixed delay while a condition is unmet."""
    return create_wait_strategy(
        WaitStrategyConfig(
            should_continue_polling=unmet,
            max_attempts=attempts,
            initial_delay=Duration.from_seconds(seconds),
            backoff_rate=1,
            jitter_strategy=JitterStrategy.NONE,
        )
    )


def _increment(state: int, _check: WaitForConditionCheckContext) -> int:
    return state + 1


def _count(context: DurableContext, start: int, stop: int, *, name: str | None = None, seconds: int = 1) -> int:
    """Count from `start` to `stop`, one poll each."""
    strategy = _while(lambda state: state < stop, seconds=seconds)
    return context.wait_for_condition(_increment, WaitForConditionConfig(strategy, start), name=name)


@requirement("6-1")
def basic(event: int, context: DurableContext) -> int:
    """Poll until the state reaches the input."""
    return _count(context, 0, event)


@requirement("6-2")
def immediate(event: int, context: DurableContext) -> int:
    """Stop at the first poll."""
    config = WaitForConditionConfig(_while(lambda state: state < event), 5)
    return context.wait_for_condition(lambda state, _: state, config)


@requirement("6-3")
def named(event: int, context: DurableContext) -> int:
    """Name the operation."""
    return _count(context, 0, event, name="poll-status")


@requirement("6-4")
def initial_state(event: int, context: DurableContext) -> int:
    """Start from another state than zero."""
    return _count(context, 5, event)


@requirement("6-5")
def fixed_delay(event: int, context: DurableContext) -> int:
    """Poll every two seconds."""
    return _count(context, 0, event, seconds=2)


@requirement("6-6")
def exhausted(event: int, context: DurableContext) -> int:
    """Give up after three polls."""
    config = WaitForConditionConfig(_while(lambda _: True, attempts=3), event)
    return context.wait_for_condition(_increment, config)


def _raise(_state: Any, _check: WaitForConditionCheckContext) -> Any:
    raise ValueError("the check fails")


def _failing_check(context: DurableContext) -> Any:
    return context.wait_for_condition(_raise, WaitForConditionConfig(_while(lambda _: True), 0))


@requirement("6-7")
def check_fails(_event: Any, context: DurableContext) -> Any:
    """Let the check's error end the execution."""
    return _failing_check(context)


@requirement("6-8")
def check_failure_caught(_event: Any, context: DurableContext) -> Any:
    """Catch the check's error."""
    try:
        return _failing_check(context)
    except WaitForConditionError:
        return "recovered"


@requirement("6-9")
def structured_state(_event: Any, context: DurableContext) -> dict[str, Any]:
    """Poll with an object as the state."""

    def check(state: dict[str, Any], _check: WaitForConditionCheckContext) -> dict[str, Any]:
        attempts = state["attempts"] + 1
        return {"status": "DONE" if attempts >= 2 else "PENDING", "attempts": attempts}

    strategy = _while(lambda state: state["status"] == "PENDING")
    start = {"status": "PENDING", "attempts": 0}
    return context.wait_for_condition(check, WaitForConditionConfig(strategy, start))


@requirement("6-10")
def null_state(_event: Any, context: DurableContext) -> Any:
    """Stop with nothing as the state."""
    config: WaitForConditionConfig[Any] = WaitForConditionConfig(_while(lambda _: False), None)
    return context.wait_for_condition(lambda _state, _check: None, config)


@requirement("6-11")
def custom_serializer(_event: Any, context: DurableContext) -> str:
    """Serialize the state with a serializer of our own."""
    strategy = _while(lambda state: len(state) < 2)
    config = WaitForConditionConfig(strategy, "", serdes=Enveloped())
    return context.wait_for_condition(lambda state, _: state + "x", config)


@requirement("6-12")
def before_step(event: int, context: DurableContext) -> int:
    """Give the final state to a step."""
    count = _count(context, 0, event)
    return context.step(lambda _: count * 10)


@requirement("6-13")
def sequential(_event: Any, context: DurableContext) -> int:
    """Start the second operation from the first one's state."""
    return _count(context, _count(context, 0, 2), 4)
