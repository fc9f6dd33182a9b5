"""The faults of the break-it drawer, at the places where the network and the machine could have had them."""

from __future__ import annotations

from collections.abc import Sequence

from aws_durable_execution_sdk_python.lambda_service import OperationUpdate
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.model import (
    CheckpointDurableExecutionResponse,
    SendDurableExecutionCallbackHeartbeatResponse,
    SendDurableExecutionCallbackSuccessResponse,
)

from local.executions.arns import ExecutionArn
from local.executions.callbacks import CallbackContract, parse_callback_id
from local.executions.environments import Environments
from local.executions.errors import KilledOnPurposeError
from local.executions.invoker import EnvironmentsInvoker
from local.faults import Faults


class Breakable(CallbackContract, Executor):
    """Asks the armed faults at every checkpoint, signal and heartbeat."""

    _invoker: EnvironmentsInvoker

    def break_by(self, faults: Faults, environments: Environments) -> None:
        """Follow these faults. Call it once, at start."""
        self._faults = faults
        self._environments = environments

    def checkpoint_execution(
        self,
        execution_arn: str,
        checkpoint_token: str,
        updates: list[OperationUpdate] | None = None,
        client_token: str | None = None,
    ) -> CheckpointDurableExecutionResponse:
        """Store a checkpoint, unless its sender is to die of it."""
        name = ExecutionArn.parse(execution_arn).name
        when = self._faults.crashes(name, _summary(updates or []))
        if when == "before":
            self._kill_worker(execution_arn)
            raise KilledOnPurposeError("The process that sent this checkpoint was killed")
        answer = super().checkpoint_execution(execution_arn, checkpoint_token, updates, client_token)
        if when == "after":
            self._kill_worker(execution_arn)
        return answer

    def send_callback_success(
        self, callback_id: str, result: bytes | None = None
    ) -> SendDurableExecutionCallbackSuccessResponse:
        """Complete a callback, or say so."""
        if self._faults.loses(_name(callback_id)):
            self._while_open(callback_id, _nothing)
            return SendDurableExecutionCallbackSuccessResponse()
        return super().send_callback_success(callback_id, result)

    def send_callback_heartbeat(self, callback_id: str) -> SendDurableExecutionCallbackHeartbeatResponse:
        """Keep a callback alive, or say so."""
        if self._faults.silences(_name(callback_id), callback_id):
            self._while_open(callback_id, _nothing)
            return SendDurableExecutionCallbackHeartbeatResponse()
        return super().send_callback_heartbeat(callback_id)

    def _kill_worker(self, execution_arn: str) -> None:
        request_id = self._invoker.request_under_way(execution_arn)
        if request_id is not None:
            self._environments.kill(request_id)


def _name(callback_id: str) -> str:
    return ExecutionArn.parse(str(parse_callback_id(callback_id).execution_arn)).name


def _nothing() -> None:
    """What becomes of a signal that the network has lost."""


def _summary(updates: Sequence[OperationUpdate]) -> str:
    """What a checkpoint was about to record, in a few words."""
    return ", ".join(f"{update.action.value} {update.name or update.operation_type.value}" for update in updates)
