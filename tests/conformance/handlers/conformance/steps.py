"""Suite 1: steps."""

from __future__ import annotations

import os
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, StepContext, StepError
from aws_durable_execution_sdk_python.config import Duration, JitterStrategy, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.retries import RetryDecision, RetryStrategyConfig, create_retry_strategy

from conformance.registry import requirement
from conformance.retries import NO_RETRY, TransientError, every_second, failing, failing_before, no_retry
from conformance.serializers import UpperCase

BACKOFF = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(initial_delay=Duration.from_seconds(2), backoff_rate=3, jitter_strategy=JitterStrategy.NONE)
    )
)


@requirement("1-1")
def basic(event: str, context: DurableContext) -> str:
    """Run one step."""
    return context.step(lambda _: f"Hello, {event}!")


@requirement("1-2")
def named(event: str, context: DurableContext) -> str:
    """Name the step."""
    return context.step(lambda _: f"Hello, {event}!", name="custom_step_name")


@requirement("1-3")
def sequential(_event: Any, context: DurableContext) -> str:
    """Give the first step's result to the second."""
    first = context.step(lambda _: "first")
    return context.step(lambda _: f"{first}_second")


@requirement("1-4")
def complex_object(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """Return a nested object from a step."""
    return context.step(lambda _: {"user": event, "count": len(event["tags"])})


@requirement("1-5")
def null_result(_event: Any, context: DurableContext) -> None:
    """Return nothing from a step."""
    return context.step(lambda _: None)


@requirement("1-6")
def custom_serializer(event: str, context: DurableContext) -> str:
    """Serialize the result in upper case."""
    return context.step(lambda _: event, config=StepConfig(serdes=UpperCase()))


@requirement("1-7")
def logs(event: str, context: DurableContext) -> str:
    """Log through the step's logger."""

    def greet(step: StepContext) -> str:
        step.logger.info("Greeting step started for: %s", event)
        greeting = f"Hello, {event}!"
        step.logger.info("Greeting step completed with: %s", greeting)
        return greeting

    return context.step(greet)


@requirement("1-8")
def step_and_wait(_event: Any, context: DurableContext) -> str:
    """Wait after a step."""
    result = context.step(lambda _: "computed")
    context.wait(Duration.from_seconds(2))
    return result


@requirement("1-9")
def replay_skips(_event: Any, context: DurableContext) -> str:
    """Return a step's stored result on replay."""
    result = context.step(lambda _: "cached_value")
    context.wait(Duration.from_seconds(1))
    return result


@requirement("1-10")
def replay_raises_again(_event: Any, context: DurableContext) -> str:
    """Catch a step's stored error, before and after a replay."""
    try:
        context.step(failing, config=NO_RETRY)
    except StepError as error:
        context.wait(Duration.from_seconds(1))
        return str(error)
    raise AssertionError("the step did not fail")


@requirement("1-11")
def retry(_event: Any, context: DurableContext) -> object:
    """Fail once, then succeed."""
    return context.step(failing_before(2, "Operation succeeded"), config=every_second(3))


@requirement("1-12")
def retry_exhausted(_event: Any, context: DurableContext) -> None:
    """Fail in all of four attempts."""
    context.step(failing, config=every_second(4))


@requirement("1-13")
def default_retry(_event: Any, context: DurableContext) -> object:
    """Fail twice under the SDK's default strategy."""
    return context.step(failing_before(3, "done"))


@requirement("1-14")
def backoff(_event: Any, context: DurableContext) -> object:
    """Fail twice with delays of 2 and 6 seconds."""
    return context.step(failing_before(3, "done"), config=BACKOFF)


def _retry_transient(error: Exception, _attempt: int) -> RetryDecision:
    if isinstance(error, TransientError):
        return RetryDecision.retry(Duration.from_seconds(1))
    return RetryDecision.no_retry()


def _raise_transient_once(step: StepContext) -> str:
    if step.attempt == 1:
        raise TransientError("try again")
    return "done"


@requirement("1-15")
def retry_named_error(_event: Any, context: DurableContext) -> str:
    """Retry only one type of error."""
    return context.step(_raise_transient_once, config=StepConfig(retry_strategy=_retry_transient))


@requirement("1-16")
def no_retry_of_named_error(_event: Any, context: DurableContext) -> str:
    """Do not retry that type of error."""
    return context.step(_raise_transient_once, config=NO_RETRY)


@requirement("1-17")
def at_most_once(event: str, context: DurableContext) -> None:
    """Die in a step that may run at most once."""

    def die(step: StepContext) -> None:
        step.logger.info(event)
        os._exit(1)

    config = StepConfig(retry_strategy=no_retry, step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY)
    context.step(die, name="at_most_once_flaky_step", config=config)


@requirement("1-18")
def at_most_once_with_retry(event: str, context: DurableContext) -> str:
    """Die in the first attempt and succeed in the second."""

    def die_once(step: StepContext) -> str:
        step.logger.info(event)
        if step.attempt == 1:
            os._exit(1)
        return "succeeded on second attempt"

    strategy = every_second(3).retry_strategy
    config = StepConfig(retry_strategy=strategy, step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY)
    return context.step(die_once, config=config)


@requirement("1-19")
def permanent_failure(_event: Any, context: DurableContext) -> None:
    """Fail without a retry."""
    context.step(failing, config=NO_RETRY)


@requirement("1-20")
def caught(_event: Any, context: DurableContext) -> str:
    """Catch the error and go on."""
    try:
        context.step(failing, config=NO_RETRY)
    except StepError:
        return context.step(lambda _: "fallback_result")
    raise AssertionError("the step did not fail")
