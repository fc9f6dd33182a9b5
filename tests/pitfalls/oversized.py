"""Run one durable function whose result may be too large to be written, in a process that can be ended from outside.

`python -m tests.pitfalls.oversized WHERE BYTES` prints `began` when the large value exists, `ended` when it is written.
"""

from __future__ import annotations

import sys
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, StepContext

from tests.pitfalls.durable_function import Body, deployed


def a_large_value(size: int) -> Body:
    """Return a handler with a step whose result has this many bytes."""

    def body(_step: StepContext) -> str:
        print("began", flush=True)
        return "x" * size

    def handler(where: Any, context: DurableContext) -> int:
        if where == "step":
            return len(context.step(body, name="render-document"))
        return context.run_in_child_context(lambda child: len(child.step(body, name="render-document")), name="level")

    return handler


if __name__ == "__main__":
    with deployed(a_large_value(int(sys.argv[2]))) as function:
        function.run(sys.argv[1])
        print("ended", flush=True)
