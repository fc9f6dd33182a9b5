"""What the suites of parallel and map share: completion rules, and what a handler returns of a batch."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import BatchResult
from aws_durable_execution_sdk_python.config import CompletionConfig

FAIL_FAST = CompletionConfig(tolerated_failure_count=0)
TWO_MUST_SUCCEED = CompletionConfig(min_successful=2)
THREE_MUST_SUCCEED = CompletionConfig(min_successful=3)
ONE_MAY_FAIL = CompletionConfig(tolerated_failure_count=1)
THREE_MAY_FAIL = CompletionConfig(tolerated_failure_count=3)
A_QUARTER_MAY_FAIL = CompletionConfig(tolerated_failure_percentage=25)
BOTH_RULES = CompletionConfig(min_successful=3, tolerated_failure_count=1)


def counts(batch: BatchResult[Any], *keys: str) -> dict[str, Any]:
    """Return the named facts of a batch."""
    facts = {
        "completionReason": batch.completion_reason.value,
        "status": batch.status.value,
        "successCount": batch.success_count,
        "failureCount": batch.failure_count,
        "totalCount": batch.total_count,
    }
    return {key: facts[key] for key in keys or facts}
