"""What an execution costs: counted where the SDK talks to the durable service, not estimated."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import (
    CheckpointOutput,
    DurableServiceClient,
    OperationUpdate,
    StateOutput,
)


@dataclass(slots=True)
class Meter(DurableServiceClient):
    """Passes every call on and counts it. Bytes are the payload and error fields, as the service bills them."""

    service: DurableServiceClient
    checkpoint_calls: int = 0
    payload_bytes: int = 0
    request_bytes: int = 0
    invocations: int = 0
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
            return handler(event, context)

        return invoke
