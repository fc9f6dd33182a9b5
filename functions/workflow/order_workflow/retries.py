"""Every retry policy of the workflow, by name. Only faults that may pass are retried; a business no is a result."""

from __future__ import annotations

from aws_durable_execution_sdk_python.config import Duration, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.exceptions import StepInterruptedError
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitStrategyConfig, create_wait_strategy

from orders.domain.errors import TransientFaultError

# Our own tables and bucket: six tries within about a minute.
STORAGE = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=6,
            initial_delay=Duration.from_seconds(1),
            max_delay=Duration.from_seconds(30),
            retryable_error_types=[TransientFaultError],
        )
    )
)

# The payment gateway: every call is keyed, so repeating it is safe.
GATEWAY = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=5,
            initial_delay=Duration.from_seconds(1),
            max_delay=Duration.from_seconds(20),
            retryable_error_types=[TransientFaultError],
        )
    )
)

# Taking money: an attempt that was interrupted is not simply run again but counted as a try of its own. The key makes
# the next try find what the interrupted one did.
CAPTURE = StepConfig(
    step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY,
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=5,
            initial_delay=Duration.from_seconds(1),
            max_delay=Duration.from_seconds(20),
            retryable_error_types=[TransientFaultError, StepInterruptedError],
        )
    ),
)

# Undoing: patient, because giving up leaves somebody's money or goods locked. About half an hour.
COMPENSATION = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=12,
            initial_delay=Duration.from_seconds(1),
            max_delay=Duration.from_minutes(5),
            retryable_error_types=[TransientFaultError],
        )
    )
)

# Reporting to a state machine: as patient, because nobody reports after it; its task then waits until it times out.
REPORT = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=12,
            initial_delay=Duration.from_seconds(1),
            max_delay=Duration.from_minutes(5),
            retryable_error_types=[TransientFaultError],
        )
    )
)


def _unsettled(settled: bool) -> bool:  # noqa: FBT001  # the SDK passes the polled state by position
    return not settled


# Settlement: polled with growing gaps, never for ever.
SETTLEMENT = create_wait_strategy(
    WaitStrategyConfig(
        should_continue_polling=_unsettled,
        max_attempts=12,
        initial_delay=Duration.from_seconds(1),
        max_delay=Duration.from_minutes(5),
        backoff_rate=2,
    )
)
