"""Every retry policy of the workflow, by name. Only transient faults are retried; a business refusal is a result."""

from __future__ import annotations

from collections.abc import Callable

from aws_durable_execution_sdk_python.config import Duration, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.exceptions import StepInterruptedError
from aws_durable_execution_sdk_python.retries import RetryDecision, RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitStrategyConfig, create_wait_strategy

from orders.domain.errors import TransientFaultError


def _attempts(number: int, max_delay: Duration, *errors: type[Exception]) -> Callable[[Exception, int], RetryDecision]:
    """Return a strategy of `number` attempts, with growing delays, after transient faults and these errors."""
    return create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=number,
            initial_delay=Duration.from_seconds(1),
            max_delay=max_delay,
            retryable_error_types=[TransientFaultError, *errors],
        )
    )


# Our own tables and bucket: six attempts within about a minute.
STORAGE = StepConfig(retry_strategy=_attempts(6, Duration.from_seconds(30)))

# The payment gateway: every call has an idempotency key, so repeating it is safe.
GATEWAY = StepConfig(retry_strategy=_attempts(5, Duration.from_seconds(20)))

# Capturing the payment: an interrupted attempt is not run again silently but counts as an attempt. The idempotency key
# lets the next attempt find what the interrupted one did.
CAPTURE = StepConfig(
    step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY,
    retry_strategy=_attempts(5, Duration.from_seconds(20), StepInterruptedError),
)

# Undoing, closing and reporting: about half an hour of attempts, because giving up leaves money or goods locked, or a
# state machine waiting until its task times out.
COMPENSATION = StepConfig(retry_strategy=_attempts(12, Duration.from_minutes(5)))


def _unsettled(settled: bool) -> bool:  # noqa: FBT001  # the SDK passes the polled state by position
    return not settled


# Settlement: a limited number of polls with growing delays.
SETTLEMENT = create_wait_strategy(
    WaitStrategyConfig(
        should_continue_polling=_unsettled,
        max_attempts=12,
        initial_delay=Duration.from_seconds(1),
        max_delay=Duration.from_minutes(5),
        backoff_rate=2,
    )
)
