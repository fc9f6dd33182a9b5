"""Step configurations and failing bodies that several suites share."""

from __future__ import annotations

from collections.abc import Callable

from aws_durable_execution_sdk_python import StepContext
from aws_durable_execution_sdk_python.config import Duration, JitterStrategy, StepConfig
from aws_durable_execution_sdk_python.retries import RetryDecision, RetryStrategyConfig, create_retry_strategy


class TransientError(Exception):
    """An error that a retry strategy can name."""


def every_second(attempts: int) -> StepConfig:
    """Return a configuration that retries after one second, up to a number of attempts."""
    return StepConfig(
        retry_strategy=create_retry_strategy(
            RetryStrategyConfig(
                max_attempts=attempts,
                initial_delay=Duration.from_seconds(1),
                backoff_rate=1,
                jitter_strategy=JitterStrategy.NONE,
            )
        )
    )


def no_retry(_error: Exception, _attempt: int) -> RetryDecision:
    """Never try again."""
    return RetryDecision.no_retry()


NO_RETRY = StepConfig(retry_strategy=no_retry)


def failing(_step: StepContext) -> None:
    """Fail in every attempt."""
    raise ValueError("this step always fails")


def failing_before(attempt: int, result: object) -> Callable[[StepContext], object]:
    """Return a body that fails until an attempt (from 1), then returns a result."""

    def body(step: StepContext) -> object:
        if step.attempt < attempt:
            raise ValueError(f"attempt {step.attempt} fails")
        return result

    return body
