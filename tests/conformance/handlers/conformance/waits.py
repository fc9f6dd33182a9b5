"""Suite 2: waits."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration

from conformance.registry import requirement


@requirement("2-1")
def basic(_event: Any, context: DurableContext) -> None:
    """Wait two seconds."""
    context.wait(Duration.from_seconds(2))


@requirement("2-2")
def named(_event: Any, context: DurableContext) -> None:
    """Name the wait."""
    context.wait(Duration.from_seconds(2), name="custom_wait_name")


@requirement("2-3")
def sequential(_event: Any, context: DurableContext) -> dict[str, int]:
    """Wait twice."""
    context.wait(Duration.from_seconds(2), name="wait-1")
    context.wait(Duration.from_seconds(2), name="wait-2")
    return {"completedWaits": 2}


@requirement("2-4")
def minutes(_event: Any, context: DurableContext) -> None:
    """Wait one minute."""
    context.wait(Duration.from_minutes(1))


@requirement("2-5")
def hours(_event: Any, context: DurableContext) -> None:
    """Wait one hour."""
    context.wait(Duration.from_hours(1))
