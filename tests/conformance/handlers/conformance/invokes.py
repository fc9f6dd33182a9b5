"""Suite 5: chained invokes."""

from __future__ import annotations

import os
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, InvokeError
from aws_durable_execution_sdk_python.config import Duration, InvokeConfig

from conformance.registry import requirement
from conformance.serializers import UpperCaseJson

LARGE = 250_000


def _echo() -> str:
    return os.environ["ECHO_FUNCTION"]


def _failing() -> str:
    return os.environ["FAILING_FUNCTION"]


@requirement("5-1")
def basic(event: str, context: DurableContext) -> Any:
    """Invoke a function that returns its event."""
    return context.invoke(_echo(), event)


@requirement("5-2")
def named(event: dict[str, str], context: DurableContext) -> Any:
    """Name the invoke."""
    return context.invoke(_echo(), event["payload"], name=event["name"])


@requirement("5-3")
def complex_object(event: dict[str, Any], context: DurableContext) -> Any:
    """Send and return a nested object."""
    return context.invoke(_echo(), event)


@requirement("5-4")
def null(_event: Any, context: DurableContext) -> Any:
    """Send and return nothing."""
    return context.invoke(_echo(), None)


@requirement("5-5")
def failure(event: Any, context: DurableContext) -> Any:
    """Let the target's error end the execution."""
    return context.invoke(_failing(), event)


@requirement("5-6")
def caught(event: Any, context: DurableContext) -> Any:
    """Catch the target's error."""
    try:
        return context.invoke(_failing(), event)
    except InvokeError:
        return "fallback"


@requirement("5-7")
def large_payload(_event: Any, context: DurableContext) -> int:
    """Send a large payload."""
    return len(context.invoke(_echo(), "x" * LARGE))


@requirement("5-8")
def tenant(event: dict[str, str], context: DurableContext) -> Any:
    """Name the tenant of the invoke."""
    config: InvokeConfig[Any, Any] = InvokeConfig(tenant_id=event["tenantId"])
    return context.invoke(_echo(), event["payload"], config=config)


@requirement("5-9")
def replay(event: Any, context: DurableContext) -> Any:
    """Return the stored result on replay."""
    result: Any = context.invoke(_echo(), event)
    context.wait(Duration.from_seconds(1))
    return result


@requirement("5-10")
def replay_raises_again(event: Any, context: DurableContext) -> str:
    """Catch the stored error, before and after a replay."""
    try:
        context.invoke(_failing(), event)
    except InvokeError as error:
        context.wait(Duration.from_seconds(1))
        return str(error)
    raise AssertionError("the target did not fail")


@requirement("5-11")
def after_step(_event: Any, context: DurableContext) -> Any:
    """Send a step's result."""
    return context.invoke(_echo(), context.step(lambda _: "from the step"))


@requirement("5-12")
def before_step(_event: Any, context: DurableContext) -> Any:
    """Give the result to a step."""
    result: Any = context.invoke(_echo(), "from the target")
    return context.step(lambda _: f"processed {result}")


@requirement("5-13")
def in_child_context(event: Any, context: DurableContext) -> Any:
    """Invoke from a child context."""
    return context.run_in_child_context(lambda child: child.invoke(_echo(), event))


@requirement("5-14")
def sequential(_event: Any, context: DurableContext) -> list[Any]:
    """Invoke two functions, one after the other."""
    return [context.invoke(_echo(), number) for number in (1, 2)]


@requirement("5-15")
def payload_serializer(event: dict[str, str], context: DurableContext) -> Any:
    """Send the payload in upper case."""
    config: InvokeConfig[Any, Any] = InvokeConfig(serdes_payload=UpperCaseJson())
    return context.invoke(_echo(), event, config=config)


@requirement("5-16")
def result_serializer(event: str, context: DurableContext) -> Any:
    """Read the result in upper case."""
    config: InvokeConfig[Any, Any] = InvokeConfig(serdes_result=UpperCaseJson())
    return context.invoke(_echo(), event, config=config)
