"""Suite 4: callbacks."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import CallbackError, DurableContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.serdes import SerDes

from conformance.registry import requirement
from conformance.serializers import Number, TimestampedMessage


def _timeout(seconds: int) -> CallbackConfig:
    return CallbackConfig(timeout=Duration.from_seconds(seconds))


def _heartbeat(seconds: int) -> CallbackConfig:
    return CallbackConfig(heartbeat_timeout=Duration.from_seconds(seconds))


def _await(context: DurableContext, name: str, config: CallbackConfig | None = None) -> Any:
    return context.create_callback(name, config).result()


@requirement("4-1")
def basic(event: str, context: DurableContext) -> Any:
    """Await one callback."""
    return _await(context, event)


@requirement("4-2")
def named(_event: Any, context: DurableContext) -> Any:
    """Give it a fixed name."""
    return _await(context, "approval")


@requirement("4-3")
def timeout(event: str, context: DurableContext) -> Any:
    """Let it time out."""
    return _await(context, event, _timeout(5))


@requirement("4-4")
def heartbeat_timeout(event: str, context: DurableContext) -> Any:
    """Let its heartbeat time out."""
    return _await(context, event, _heartbeat(5))


@requirement("4-5")
def heartbeat(event: str, context: DurableContext) -> Any:
    """Keep it alive with a heartbeat."""
    return _await(context, event, _heartbeat(10))


@requirement("4-6")
def failure(event: str, context: DurableContext) -> Any:
    """Let a reported failure end the execution."""
    return _await(context, event)


def _await_after_step(context: DurableContext, name: str, config: CallbackConfig | None = None) -> Any:
    callback = context.create_callback(name, config)
    context.step(lambda _: "done")
    return callback.result()


@requirement("4-7")
def failure_after_step(event: str, context: DurableContext) -> Any:
    """Run a step before awaiting a callback that fails."""
    return _await_after_step(context, event)


@requirement("4-8")
def timeout_after_step(event: str, context: DurableContext) -> Any:
    """Run a step before awaiting a callback that times out."""
    return _await_after_step(context, event, _timeout(5))


def _await_after_wait(context: DurableContext, name: str, seconds: int, config: CallbackConfig | None = None) -> Any:
    callback = context.create_callback(name, config)
    context.wait(Duration.from_seconds(seconds))
    return callback.result()


@requirement("4-9")
def success_during_wait(event: str, context: DurableContext) -> Any:
    """Complete the callback during a wait."""
    return _await_after_wait(context, event, 5)


@requirement("4-10")
def failure_during_wait(event: str, context: DurableContext) -> Any:
    """Fail the callback during a wait."""
    return _await_after_wait(context, event, 5)


@requirement("4-11")
def timeout_during_wait(event: str, context: DurableContext) -> Any:
    """Let the callback time out during a wait."""
    return _await_after_wait(context, event, 6, _timeout(3))


@requirement("4-12")
def wait_after_callback(event: str, context: DurableContext) -> Any:
    """Wait after the callback."""
    result = _await(context, event)
    context.wait(Duration.from_seconds(2))
    return result


def _await_or_message(context: DurableContext, name: str, config: CallbackConfig | None = None) -> Any:
    try:
        result = _await(context, name, config)
    except CallbackError as error:
        result = str(error)
    context.wait(Duration.from_seconds(2))
    return result


@requirement("4-13")
def failure_caught(event: str, context: DurableContext) -> Any:
    """Catch a reported failure, then wait."""
    return _await_or_message(context, event)


@requirement("4-14")
def timeout_caught(event: str, context: DurableContext) -> Any:
    """Catch a timeout, then wait."""
    return _await_or_message(context, event, _timeout(3))


def _await_read_by(context: DurableContext, name: str, serializer: SerDes[Any]) -> Any:
    return _await(context, name, CallbackConfig(serdes=serializer))


@requirement("4-15")
def message_serializer(event: str, context: DurableContext) -> dict[str, Any]:
    """Read the payload as a message with a timestamp."""
    return {"received": _await_read_by(context, event, TimestampedMessage())}


@requirement("4-16")
def number_serializer(event: str, context: DurableContext) -> dict[str, int]:
    """Read the payload as a number."""
    count = _await_read_by(context, event, Number())
    return {"count": count, "doubled": count * 2}


@requirement("4-17")
def one_after_the_other(event: list[str], context: DurableContext) -> list[Any]:
    """Create the second callback after the first has its result."""
    return [_await(context, name) for name in event]


@requirement("4-18")
def both_in_order(event: list[str], context: DurableContext) -> list[Any]:
    """Create both callbacks, and await them in their order."""
    callbacks = [context.create_callback(name) for name in event]
    return [callback.result() for callback in callbacks]


@requirement("4-19")
def both_in_reverse(event: list[str], context: DurableContext) -> list[Any]:
    """Create both callbacks, and await the second first."""
    first, second = (context.create_callback(name) for name in event)
    later = second.result()
    return [first.result(), later]
