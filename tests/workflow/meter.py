"""What an execution costs: counted where the SDK talks to the durable service, not estimated."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import (
    CheckpointOutput,
    DurableServiceClient,
    Operation,
    OperationType,
    OperationUpdate,
    StateOutput,
)
from aws_lambda_powertools import Logger

from orders.adapters.clock import SystemClock
from tests.workflow.harness import World

LONG_AGO = datetime.min.replace(tzinfo=UTC)
# What wakes an execution when it ends; a step ends while it runs.
WAKING = frozenset({OperationType.CALLBACK, OperationType.CHAINED_INVOKE, OperationType.WAIT})


@dataclass(slots=True)
class Meter(DurableServiceClient):
    """Passes every call on and counts it. Bytes are the payload and error fields, as the service bills them."""

    service: DurableServiceClient
    checkpoint_calls: int = 0
    payload_bytes: int = 0
    request_bytes: int = 0
    invocations: int = 0
    running: int = 0
    last_begun: datetime = LONG_AGO
    now: Callable[[], datetime] = SystemClock().now
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def checkpoint(
        self,
        durable_execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate],
        client_token: str | None,
    ) -> CheckpointOutput:
        """Count one checkpoint call with its updates."""
        written = [dict(update.to_dict()) for update in updates]
        with self._lock:
            self.checkpoint_calls += 1
            self.request_bytes += len(json.dumps(written, default=str))
            for update in written:
                self.payload_bytes += len(update.get("Payload") or "")
                self.payload_bytes += len(json.dumps(update["Error"])) if update.get("Error") else 0
        return self.service.checkpoint(durable_execution_arn, checkpoint_token, updates, client_token)

    def get_execution_state(
        self, durable_execution_arn: str, checkpoint_token: str, next_marker: str, max_items: int = 1000
    ) -> StateOutput:
        """Pass the call on; it writes nothing."""
        return self.service.get_execution_state(durable_execution_arn, checkpoint_token, next_marker, max_items)

    def counted(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Return the handler with its invocations counted."""

        def invoke(event: Any, context: Any) -> Any:
            with self._lock:
                self.invocations += 1
                self.running += 1
                self.last_begun = self.now()
            try:
                return handler(event, context)
            finally:
                with self._lock:
                    self.running -= 1

        return invoke

    def asleep(self, operations: Iterable[Operation]) -> bool:
        """Return whether no invocation runs, nor is one about to begin because something has ended."""
        with self._lock:
            ends = (each.end_timestamp for each in operations if each.operation_type in WAKING)
            return not self.running and all(end < self.last_begun for end in ends if end is not None)


def metered(world: World) -> Meter:
    """Return a meter between this world's workflow and the durable service."""
    meter = Meter(world.runner._service_client, now=world.runner._clock.now)
    invoker = world.runner._invoker
    invoker.service_client = meter  # type: ignore[assignment]  # any client of the protocol will do
    invoker.handler = meter.counted(invoker.handler)
    return meter


@dataclass(slots=True)
class LogMeter:
    """A stream that counts what is written to it, and keeps nothing. A record ends where a write ends a line."""

    records: int = 0
    bytes: int = 0

    def write(self, text: str) -> int:
        """Count a piece of the log."""
        self.records += text.endswith("\n")
        self.bytes += len(text.encode())
        return len(text)

    def flush(self) -> None:
        """Have nothing to write."""


@contextmanager
def logging_to(meter: LogMeter, logger: Logger, level: str) -> Iterator[None]:
    """Let a Powertools logger, formatted as the function does it, write to the meter."""
    before, handler = logger.log_level, logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    logger.setLevel(level)
    stream = handler.setStream(meter)
    try:
        yield
    finally:
        handler.setStream(stream)
        logger.setLevel(before)


@contextmanager
def logged_by(meter: LogMeter, name: str, level: str) -> Iterator[None]:
    """Let a library's own logger write to the meter: message and trace, without the frame that Lambda puts round it."""
    logger, handler = logging.getLogger(name), logging.StreamHandler(meter)
    before = logger.level, logger.propagate
    logger.setLevel(level)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
