"""Suite 3: child contexts."""

from __future__ import annotations

import os
import time
from typing import Any

import boto3
from aws_durable_execution_sdk_python import (
    ChildContextError,
    DurableContext,
    StepContext,
    durable_with_child_context,
)
from aws_durable_execution_sdk_python.config import ChildConfig, Duration

from conformance.registry import requirement
from conformance.retries import NO_RETRY, every_second, failing, failing_before
from conformance.serializers import UpperCase

LARGE = 300_000
"""More than the 256 KiB that a checkpoint of a child context may carry."""


STORED_SECONDS = 1.0
"""Long enough for the SDK to store that a step has started."""


@durable_with_child_context
def step_of(child: DurableContext, value: str) -> str:
    """Run one step."""
    return child.step(lambda _: value)


@requirement("3-1")
def basic(event: str, context: DurableContext) -> str:
    """Run one step in a child context."""
    return context.run_in_child_context(step_of(event))


@requirement("3-2")
def named(event: dict[str, str], context: DurableContext) -> str:
    """Name the child context."""
    return context.run_in_child_context(step_of(event["value"]), name=event["name"])


@requirement("3-3")
def sequential_steps(event: str, context: DurableContext) -> str:
    """Give the first step's result to the second."""

    @durable_with_child_context
    def two_steps(child: DurableContext) -> str:
        first = child.step(lambda _: event)
        return child.step(lambda _: first)

    return context.run_in_child_context(two_steps())


@durable_with_child_context
def failing_step(child: DurableContext) -> None:
    """Fail in a step, without a retry."""
    child.step(failing, config=NO_RETRY)


@requirement("3-4")
def failure(_event: Any, context: DurableContext) -> None:
    """Let the step's error end the execution."""
    context.run_in_child_context(failing_step())


@requirement("3-5")
def caught(event: str, context: DurableContext) -> str:
    """Catch the child context's error and go on."""
    try:
        context.run_in_child_context(failing_step())
    except ChildContextError:
        return context.step(lambda _: event)
    raise AssertionError("the child context did not fail")


@requirement("3-6")
def nested(event: str, context: DurableContext) -> str:
    """Run a child context inside another."""

    @durable_with_child_context
    def outer(child: DurableContext) -> str:
        child.step(lambda _: event)
        return child.run_in_child_context(step_of(event))

    return context.run_in_child_context(outer())


@requirement("3-7")
def step_retry(event: str, context: DurableContext) -> object:
    """Retry a step inside."""

    @durable_with_child_context
    def retried(child: DurableContext) -> object:
        return child.step(failing_before(2, event), config=every_second(3))

    return context.run_in_child_context(retried())


@requirement("3-8")
def retry_exhausted(_event: Any, context: DurableContext) -> None:
    """Fail in both attempts of a step inside."""

    @durable_with_child_context
    def exhausted(child: DurableContext) -> None:
        child.step(failing, config=every_second(2))

    context.run_in_child_context(exhausted())


@requirement("3-9")
def replay(event: str, context: DurableContext) -> str:
    """Return the child context's stored result on replay."""
    result = context.run_in_child_context(step_of(event))
    context.wait(Duration.from_seconds(1))
    return result


@durable_with_child_context
def step_then_wait(child: DurableContext, value: str) -> str:
    """Run a step, then wait."""
    result = child.step(lambda _: value)
    child.wait(Duration.from_seconds(1))
    return result


@requirement("3-10")
def step_and_wait(event: str, context: DurableContext) -> str:
    """Wait inside, after a step."""
    return context.run_in_child_context(step_then_wait(event))


def _log_always(context: DurableContext, message: str) -> None:
    """Log also on replay: the SDK's logger is silent then, the one under it is not."""
    arn = context.execution_context.durable_execution_arn
    context.logger.get_logger().info(message, extra={"executionArn": arn})


@requirement("3-11")
def large_result(event: str, context: DurableContext) -> int:
    """Return more than a checkpoint carries, so that the body runs again on replay."""

    @durable_with_child_context
    def large(child: DurableContext) -> str:
        _log_always(child, event)
        letter = child.step(lambda _: "x")
        return letter * LARGE

    result = context.run_in_child_context(large())
    context.wait(Duration.from_seconds(1))
    return len(result)


def _is_first_try(arn: str) -> bool:
    """Record the execution in the table; True for the first process that does so."""
    table = boto3.client("dynamodb")
    try:
        table.put_item(
            TableName=os.environ["TRIES_TABLE"],
            Item={"execution": {"S": arn}},
            ConditionExpression="attribute_not_exists(execution)",
        )
    except table.exceptions.ConditionalCheckFailedException:
        return False
    return True


@requirement("3-12")
def interrupted(event: str, context: DurableContext) -> str:
    """Die once inside a step that runs at least once."""
    arn = context.execution_context.durable_execution_arn

    def die_once(_step: StepContext) -> str:
        if _is_first_try(arn):
            time.sleep(STORED_SECONDS)
            os._exit(1)
        return event

    return context.run_in_child_context(lambda child: child.step(die_once))


@requirement("3-13")
def only_a_wait(event: str, context: DurableContext) -> str:
    """Wait inside, and run a step outside."""

    @durable_with_child_context
    def waiting(child: DurableContext) -> str:
        child.wait(Duration.from_seconds(1))
        return event

    result = context.run_in_child_context(waiting())
    return context.step(lambda _: result)


@requirement("3-14")
def custom_serializer(event: str, context: DurableContext) -> str:
    """Serialize the child context's result in upper case."""
    return context.run_in_child_context(step_of(event), config=ChildConfig(serdes=UpperCase()))


@durable_with_child_context
def raising(_child: DurableContext) -> None:
    """Raise outside any operation."""
    raise ValueError("the body fails")


@requirement("3-15")
def body_fails(_event: Any, context: DurableContext) -> None:
    """Raise in the body, outside any operation."""
    context.run_in_child_context(raising())


@requirement("3-16")
def null_result(_event: Any, context: DurableContext) -> None:
    """Return nothing."""

    @durable_with_child_context
    def nothing(_child: DurableContext) -> None:
        return None

    return context.run_in_child_context(nothing())


@requirement("3-17")
def only_logs(event: str, context: DurableContext) -> str:
    """Log inside; the body must not run again on replay."""

    @durable_with_child_context
    def logging_only(child: DurableContext) -> str:
        _log_always(child, event)
        return event

    result = context.run_in_child_context(logging_only())
    context.wait(Duration.from_seconds(1))
    return result


@requirement("3-18")
def inside_and_after(event: str, context: DurableContext) -> str:
    """Run a step and a wait inside, then again outside."""
    result = context.run_in_child_context(step_then_wait(event))
    after = context.step(lambda _: result)
    context.wait(Duration.from_seconds(1))
    return after
