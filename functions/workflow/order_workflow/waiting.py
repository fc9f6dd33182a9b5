"""What the waits for people and stations share."""

from __future__ import annotations

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration

# Signals that settle nothing cost one look each. After this many in a row the workflow ignores signals for a while.
MAX_STRAY_SIGNALS = 5
# A step writes the deadline to the row a moment after the callback was created, so the callback times out a moment
# before the deadline. One second more spares a look that would find nothing due.
OPENING_GRACE_SECONDS = 1


def wait_out_strays(context: DurableContext, seconds: int) -> None:
    """Stop listening for signals until something is due."""
    context.wait(Duration.from_seconds(seconds), name="wait-out-strays")
