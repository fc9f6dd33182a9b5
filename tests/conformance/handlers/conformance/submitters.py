"""Suite 7: wait_for_callback."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import CallbackError, DurableContext
from aws_durable_execution_sdk_python.config import Duration, WaitForCallbackConfig
from aws_durable_execution_sdk_python.serdes import JsonSerDes
from aws_durable_execution_sdk_python.types import WaitForCallbackContext

from conformance.registry import requirement
from conformance.retries import every_second


def _submit(_callback_id: str, _context: WaitForCallbackContext) -> None:
    """Do nothing: the suite's runner finds the callback's id in the history."""


def _fail(_callback_id: str, _context: WaitForCallbackContext) -> None:
    raise ValueError("the submitter fails")


def _await(context: DurableContext, name: str | None, config: WaitForCallbackConfig | None = None) -> Any:
    return context.wait_for_callback(_submit, name, config)


def _timeout(seconds: int) -> WaitForCallbackConfig:
    return WaitForCallbackConfig(timeout=Duration.from_seconds(seconds))


def _heartbeat(seconds: int) -> WaitForCallbackConfig:
    return WaitForCallbackConfig(heartbeat_timeout=Duration.from_seconds(seconds))


@requirement("7-1")
def basic(event: str, context: DurableContext) -> Any:
    """Submit and await one callback."""
    return _await(context, event)


@requirement("7-2")
def named(_event: Any, context: DurableContext) -> Any:
    """Give it a fixed name."""
    return _await(context, "approval")


@requirement("7-3")
def unnamed(_event: Any, context: DurableContext) -> Any:
    """Give it no name."""
    return context.wait_for_callback(lambda _id, _context: None)


@requirement("7-4")
def failure(event: str, context: DurableContext) -> Any:
    """Let a reported failure end the execution."""
    return _await(context, event)


@requirement("7-5")
def timeout(event: str, context: DurableContext) -> Any:
    """Let it time out."""
    return _await(context, event, _timeout(3))


@requirement("7-6")
def failure_caught(event: str, context: DurableContext) -> Any:
    """Catch a reported failure."""
    try:
        return _await(context, event)
    except CallbackError:
        return "recovered"


@requirement("7-7")
def submitter_fails(event: str, context: DurableContext) -> Any:
    """Fail in both attempts of the submitter."""
    config = WaitForCallbackConfig(retry_strategy=every_second(2).retry_strategy)
    return context.wait_for_callback(_fail, event, config)


@requirement("7-8")
def in_child_context(event: str, context: DurableContext) -> Any:
    """Await inside a child context."""
    return context.run_in_child_context(lambda child: _await(child, event), name="wrapper")


@requirement("7-9")
def sequential(_event: Any, context: DurableContext) -> Any:
    """Await two callbacks, one after the other."""
    _await(context, "first")
    return _await(context, "second")


@requirement("7-10")
def after_wait_and_step(event: str, context: DurableContext) -> Any:
    """Wait and run a step before."""
    context.wait(Duration.from_seconds(1))
    context.step(lambda _: "data")
    return _await(context, event)


@requirement("7-11")
def custom_serializer(event: str, context: DurableContext) -> Any:
    """Read the payload as JSON."""
    return _await(context, event, WaitForCallbackConfig(serdes=JsonSerDes()))["status"]


@requirement("7-12")
def heartbeat_timeout(event: str, context: DurableContext) -> Any:
    """Let its heartbeat time out."""
    return _await(context, event, _heartbeat(5))


@requirement("7-13")
def heartbeat(event: str, context: DurableContext) -> Any:
    """Keep it alive with a heartbeat."""
    return _await(context, event, _heartbeat(10))


@requirement("7-14")
def timeout_caught(event: str, context: DurableContext) -> Any:
    """Catch a timeout."""
    try:
        return _await(context, event, _timeout(3))
    except CallbackError:
        return "timed-out-handled"


@requirement("7-15")
def empty_payload(event: str, context: DurableContext) -> Any:
    """Complete it without a payload."""
    return _await(context, event)
