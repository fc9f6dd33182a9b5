"""Limits of a durable execution, refused with a sentence.

Gap closed: the stock engine takes everything. Sources: service model (1 MB for the payload of an operation, 6 MB for
an execution), CloudWatch metrics documentation (3,000 operations and 100 MB written per execution), and the service's
own message for a step's result, met on AWS: "STEP output payload size must be less than or equal to 262144 bytes."
The SDK ends an execution whose checkpoint is refused with such an error, so the reason is in the execution's error.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_durable_execution_sdk_python.lambda_service import (
    OperationAction,
    OperationType,
    OperationUpdate,
)
from aws_durable_execution_sdk_python_testing.exceptions import InvalidParameterValueException
from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import CheckpointDurableExecutionResponse


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and counts; where two sources differ, the stricter number."""

    step_output_bytes: int = 262_144
    payload_bytes: int = 1_048_576
    execution_output_bytes: int = 6_291_456
    operations: int = 3_000
    written_bytes: int = 100 * 1_048_576

    def check(self, execution: Execution, updates: list[OperationUpdate]) -> None:
        """Refuse updates that would take the execution over a limit.

        Raises:
            InvalidParameterValueException: one of them would; nothing of the batch may be applied.

        """
        for update in updates:
            self._check_payload(update)
        known = {operation.operation_id for operation in execution.operations}
        count = len(known | {update.operation_id for update in updates})
        if count > self.operations:
            raise InvalidParameterValueException(
                f"A durable execution can have at most {self.operations} operations; this would be number {count}."
            )
        written = sum(execution.operation_size_bytes.values()) + sum(_size(update) for update in updates)
        if written > self.written_bytes:
            raise InvalidParameterValueException(
                f"A durable execution can write at most {self.written_bytes} bytes; this would make {written}."
            )

    def _check_payload(self, update: OperationUpdate) -> None:
        kind = update.operation_type
        allowed = self.payload_bytes
        if kind is OperationType.STEP and update.action is OperationAction.SUCCEED:
            allowed = self.step_output_bytes
        elif kind is OperationType.EXECUTION:
            allowed = self.execution_output_bytes
        if _size(update) > allowed:
            raise InvalidParameterValueException(
                f"{kind.value} output payload size must be less than or equal to {allowed} bytes."
            )


class Limited(Executor):
    """Checks every checkpoint against `limits` before it is applied."""

    limits: Limits = Limits()

    def _checkpoint_execution(
        self,
        execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate] | None = None,
        client_token: str | None = None,
    ) -> CheckpointDurableExecutionResponse:
        self.limits.check(self.get_execution(execution_arn), updates or [])
        return super()._checkpoint_execution(execution_arn, checkpoint_token, updates, client_token)


def _size(update: OperationUpdate) -> int:
    return len(update.payload.encode()) if update.payload else 0
