"""Durable executions through the Lambda API: starting them, waking them, reading what they did."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.exceptions import BotoCoreError, ClientError

from orders.adapters.aws_errors import code_of, translated
from orders.adapters.clients import lambda_client
from orders.adapters.codec import canonical_json
from orders.domain.errors import CountersignError, InvalidReferenceDataError, NoHistoryError
from orders.domain.executions import recovery_name
from orders.domain.model import DocumentRef, OrderId

METRICS_NAMESPACE = "Countersign"
HISTORY_PAGE = 1000
_DESCRIBED = ("Status", "StartTimestamp", "EndTimestamp")


class ExecutionNameTakenError(CountersignError):
    """The order's execution was started with another payload. Ours are the same bytes each time, so it is not ours."""

    code = "execution-name-taken"


class LambdaStarter:
    """Starts the workflow under the order's id: Lambda itself sees to it that there is one execution of a name."""

    def __init__(self, workflow_arn: str) -> None:
        self._workflow_arn = workflow_arn

    def start(self, order_id: OrderId, ref: DocumentRef) -> str:
        """Start, or find, the order's execution and return its ARN; raises as `_start` does."""
        return self._start(order_id, execution_input(order_id, ref))

    def start_recovery(self, order_id: OrderId, ref: DocumentRef, number: int, *, awaited: bool = False) -> str:
        """Start, or find, the order's recovery of this number and return its ARN; raises as `_start` does."""
        return self._start(
            recovery_name(order_id, number), execution_input(order_id, ref, recovery=number, awaited=awaited)
        )

    def stop(self, execution_arn: str, reason: str) -> None:
        """Stop the execution, recording why; one that has ended is left as it is."""
        with translated():
            lambda_client().stop_durable_execution(
                DurableExecutionArn=execution_arn,
                Error={"ErrorType": "StoppedByOperator", "ErrorMessage": reason},
            )

    def _start(self, name: str, payload: bytes) -> str:
        """Start, or find, the execution of a name.

        Raises ExecutionNameTakenError, TransientFaultError when the start could not be confirmed, and
        InvalidReferenceDataError when the function turns out not to be durable.
        """
        try:
            with translated():
                answer = lambda_client().invoke(
                    FunctionName=self._workflow_arn,
                    InvocationType="Event",
                    DurableExecutionName=name,
                    Payload=payload,
                )
        except ClientError as error:
            if code_of(error) != "DurableExecutionAlreadyStartedException":
                raise
            raise ExecutionNameTakenError(f"{name} names an execution with another input.") from error
        if "DurableExecutionArn" not in answer:
            raise InvalidReferenceDataError(f"{self._workflow_arn} is not a durable function.")
        return answer["DurableExecutionArn"]


def execution_input(
    order_id: OrderId, ref: DocumentRef, recovery: int | None = None, *, awaited: bool = False
) -> bytes:
    """Return what the workflow starts with: the same bytes on every try, under 1 KB for any order.

    Only a recovery receives `awaited`: any other execution reads it when it registers the order.
    """
    document = {"key": ref.key, "sha256": ref.sha256, "bytes": ref.bytes}
    undoing = ({"recovery": recovery} if recovery else {}) | ({"awaited": True} if awaited else {})
    return canonical_json({"orderId": order_id, "document": document} | undoing)


class LambdaSignaller:
    """Wakes a workflow by completing its callback, without a result: the workflow reads the row."""

    def wake(self, callback_id: str) -> bool:
        """Complete the callback. Whatever goes wrong is counted as `SignalRefused` and never raised.

        The decision is already in the row; the workflow finds it at its next look.
        """
        return _counted(callback_id, lambda_client().send_durable_execution_callback_success)

    def keep_alive(self, callback_id: str) -> bool:
        """Beat for the callback; what goes wrong is counted, as for `wake`: the beat itself is in the row."""
        return _counted(callback_id, lambda_client().send_durable_execution_callback_heartbeat)


def _counted(callback_id: str, signal: Callable[..., object]) -> bool:
    try:
        signal(CallbackId=callback_id)
    except ClientError as error:
        _count_refused(callback_id, code_of(error))
    except BotoCoreError as error:
        _count_refused(callback_id, type(error).__name__)
    else:
        return True
    return False


def _count_refused(callback_id: str, why: str) -> None:
    with single_metric("SignalRefused", MetricUnit.Count, 1, namespace=METRICS_NAMESPACE) as metric:
        metric.add_metadata("callback_ref", callback_ref(callback_id))
        metric.add_metadata("reason", why)


def callback_ref(callback_id: str) -> str:
    """Return the name by which a callback may be spoken of: an id lets its holder wake the workflow, this does not."""
    return hashlib.sha256(callback_id.encode()).hexdigest()[:12]


class LambdaHistory:
    """Reads what an execution did."""

    def events(self, execution_arn: str, *, payloads: bool) -> Sequence[Mapping[str, Any]]:
        """Return every history event, oldest first, without payloads unless asked; callback ids become their ref."""
        pages = lambda_client().get_paginator("get_durable_execution_history")
        with _known(), translated():
            found = pages.paginate(
                DurableExecutionArn=execution_arn,
                IncludeExecutionData=payloads,
                PaginationConfig={"PageSize": HISTORY_PAGE},
            )
            return without_callback_ids([event for page in found for event in page["Events"]])

    def describe(self, execution_arn: str) -> Mapping[str, Any]:
        """Return Status, StartTimestamp and, once it is over, EndTimestamp; never input or result."""
        with _known(), translated():
            answer: Mapping[str, Any] = lambda_client().get_durable_execution(
                DurableExecutionArn=execution_arn, IncludeExecutionData=False
            )
        return {name: answer[name] for name in _DESCRIBED if name in answer}


@contextmanager
def _known() -> Iterator[None]:
    """Tell an execution that the service does not know, or has let go after its retention, from a defect."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        message = "The service keeps no history of this order's execution: it is very new, or older than the retention."
        raise NoHistoryError(message) from error


def without_callback_ids(events: Sequence[Any]) -> list[Any]:
    """Return the events with each callback id replaced by its ref, wherever it stands: also inside payloads."""
    refs = {callback_id: callback_ref(callback_id) for callback_id in _callback_ids(events)}
    return [_scrubbed(event, refs) for event in events]


def _callback_ids(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "CallbackId" and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from _callback_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _callback_ids(inner)


def _scrubbed(value: Any, refs: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _scrubbed(inner, refs) for name, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(inner, refs) for inner in value]
    if isinstance(value, str):
        for callback_id, ref in refs.items():
            value = value.replace(callback_id, ref)
    return value
