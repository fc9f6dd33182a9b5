"""The durable functions that the invoke suite calls."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def echo(event: Any, _context: DurableContext) -> Any:
    """Return the event."""
    return event


@durable_execution
def fail(_event: Any, _context: DurableContext) -> None:
    """Raise an error."""
    raise ValueError("this target always fails")
