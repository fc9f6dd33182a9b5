"""The durable function that runs every requirement."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution

from conformance import (  # noqa: F401 - importing a suite registers its handlers
    callbacks,
    child_contexts,
    conditions,
    invokes,
    maps,
    parallels,
    steps,
    submitters,
    waits,
)
from conformance.registry import HANDLERS


@durable_execution
def handler(event: Any, context: DurableContext) -> Any:
    """Run the requirement that the execution's name begins with."""
    name = context.execution_context.durable_execution_arn.split("/")[2]
    suite, number = name.split("-")[:2]
    return HANDLERS[f"{suite}-{number}"](event, context)
