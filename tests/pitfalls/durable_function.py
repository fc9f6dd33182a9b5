"""Very small durable functions on the runner of the official testing SDK, and what a test needs to watch them.

Each pitfall in this folder is a handler of a few lines that makes one mistake, beside one that avoids it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python.lambda_service import (
    CheckpointOutput,
    DurableServiceClient,
    OperationUpdate,
    StateOutput,
)
from aws_durable_execution_sdk_python.types import Callback
from aws_durable_execution_sdk_python_testing import DurableFunctionTestResult, DurableFunctionTestRunner

PATIENCE_SECONDS = 20
A_MOMENT = Duration.from_seconds(1)
Body = Callable[[Any, DurableContext], Any]
Observer = Callable[[set[str]], None]


@dataclass(slots=True)
class DurableFunction:
    """A runner with one durable function on it."""

    runner: DurableFunctionTestRunner
    started: int = 0

    def start(self, event: Any = None) -> str:
        """Start an execution under a name of its own and return its ARN."""
        self.started += 1
        return self.runner.run_async(input=json.dumps(event), execution_name=f"pitfall-{self.started}")

    def callback(self, arn: str, name: str = "decision") -> str:
        """Wait until the execution sleeps on its callback of this name, and return the callback's id."""
        callback_id = self.runner.wait_for_callback(arn, name, PATIENCE_SECONDS)
        self.until(lambda: self.invocations(arn) >= 1)
        return callback_id

    def result(self, arn: str) -> DurableFunctionTestResult:
        """Wait for the execution's end."""
        return self.runner.wait_for_result(arn, PATIENCE_SECONDS)

    def answer(self, arn: str) -> Any:
        """Wait for the execution's end and return what its handler returned."""
        result = self.result(arn)
        assert result.result is not None, result.error
        return json.loads(result.result)

    def run(self, event: Any = None) -> Any:
        """Start an execution and return what its handler returned."""
        return self.answer(self.start(event))

    def fail(self, event: Any = None) -> str:
        """Start an execution that must fail and return its error, type first."""
        return self.failure(self.start(event))

    def failure(self, arn: str) -> str:
        """Wait for the execution's end, which must be a failure, and return its error, type first."""
        error = self.result(arn).error
        assert error is not None, "the execution succeeded"
        return f"{(error.type or '').rpartition('.')[2]}: {error.message}"

    def invocations(self, arn: str) -> int:
        """Return how many invocations of the execution are over."""
        return len(self.runner._store.load(arn).invocation_completions)

    def asleep(self, arn: str) -> None:
        """Wait until the execution's first invocation is over."""
        self.until(lambda: self.invocations(arn) >= 1)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < end, "the condition was never met"
            time.sleep(0.005)

    def deploy(self, body: Body) -> None:
        """Replace the function's code, as a deployment does while orders wait."""
        self.runner._invoker.handler = durable_execution(body)

    def tap(self, observe: Observer) -> Tap:
        """Pass each checkpoint call to `observe` before the service receives it, and count what is written."""
        tap = Tap(self.runner._service_client, observe)
        self.runner._invoker.service_client = tap  # type: ignore[assignment]  # any client of the protocol will do
        return tap


@dataclass(slots=True)
class Tap(DurableServiceClient):
    """Passes every checkpoint call to an observer first: as `STEP charge SUCCEED`, `WAIT timer START`."""

    service: DurableServiceClient
    observe: Observer
    payload_bytes: int = 0

    def checkpoint(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate],
        client_token: str | None,
    ) -> CheckpointOutput:
        """Show the updates, count their payload, and pass them on."""
        self.payload_bytes += sum(len(each.payload or "") for each in updates)
        self.observe({f"{each.operation_type.value} {each.name} {each.action.value}" for each in updates})
        return self.service.checkpoint(durable_execution_arn, checkpoint_token, updates, client_token)

    def get_execution_state(
        self, durable_execution_arn: str, checkpoint_token: str, next_marker: str, max_items: int = 1000
    ) -> StateOutput:
        """Pass the call on; it writes nothing."""
        return self.service.get_execution_state(durable_execution_arn, checkpoint_token, next_marker, max_items)


@dataclass(slots=True)
class Crash:
    """The worker crashes once, just before the service receives this update; the invocation is retried."""

    update: str
    happened: bool = False

    def __call__(self, updates: set[str]) -> None:
        if self.update in updates and not self.happened:
            self.happened = True
            raise CheckpointError("the worker is gone")


@dataclass(slots=True)
class Gateway:
    """A payment service that takes money once for each key and records every call."""

    calls: list[str] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)

    def take(self, key: str, amount: int = 100) -> str:
        """Take the money, unless this key has paid already."""
        self.calls.append(key)
        self.taken.setdefault(key, amount)
        return "captured"

    @property
    def total(self) -> int:
        """The sum that left the customer's account."""
        return sum(self.taken.values())


@contextmanager
def deployed(body: Body, *, skip_time: bool = True) -> Iterator[DurableFunction]:
    """Deploy a durable function to a runner of its own, which skips waits and retry delays if `skip_time` is true."""
    with DurableFunctionTestRunner(durable_execution(body), poll_interval=0.01, skip_time=skip_time) as runner:
        runner._executor.RETRY_BACKOFF_SECONDS = 0
        yield DurableFunction(runner)


def ask(context: DurableContext, seconds: int = 30) -> Callback[str]:
    """Create the callback on which a decision is awaited."""
    return context.create_callback(name="decision", config=CallbackConfig(timeout=Duration.from_seconds(seconds)))


def unseen(_updates: set[str]) -> None:
    """Ignore the updates: for a tap that only counts."""


def pause(context: DurableContext) -> None:
    """End the invocation for a moment: what follows runs in another one, after a replay of what came before."""
    context.wait(A_MOMENT, name="pause")
