"""Telling where a waiting execution no longer replays, after an edit that changed its course."""

from __future__ import annotations

import re

from aws_durable_execution_sdk_python_testing.execution import Execution

_KIND = "NonDeterministicExecutionError"
_PLACE = re.compile(r"at id='(?P<id>[0-9a-f]+)': (?P<difference>.*)", re.DOTALL)


def divergence(execution: Execution) -> str | None:
    """One sentence on the operation at which today's code left the recorded course; None for any other end."""
    error = execution.result.error if execution.result else None
    if error is None or (error.type or "").rpartition(".")[2] != _KIND:
        return None
    start = execution.start_input
    found = _PLACE.search(error.message or "")
    names = {operation.operation_id: operation.name for operation in execution.operations}
    place = f"operation {names.get(found['id']) or found['id']!r}: {found['difference']}" if found else error.message
    return f"{start.execution_name} no longer replays on {start.function_name}: it diverged at {place}"
