"""The handler on a recorded history, and what becomes of it."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python.exceptions import NonDeterministicExecutionError, SuspendExecution
from aws_durable_execution_sdk_python.identifier import OperationIdentifier
from aws_durable_execution_sdk_python.lambda_service import (
    CheckpointOutput,
    DurableServiceClient,
    Operation,
    OperationStatus,
    OperationType,
    OperationUpdate,
    StateOutput,
)
from aws_durable_execution_sdk_python.plugin import PluginExecutor
from aws_durable_execution_sdk_python.state import CheckpointedResult, ExecutionState, ReplayStatus
from aws_durable_execution_sdk_python_testing.invoker import create_test_lambda_context

from local.replay.history import Recorded, input_of

_OPEN = {OperationStatus.STARTED, OperationStatus.PENDING, OperationStatus.READY}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What today's code makes of a history.

    same: it finds everything that was recorded, and wants nothing else. appended: it finds everything and goes on with
    operations of its own, `begun`. diverged: it cannot go on, or no longer comes by, at the operation `at`; `why` says
    in one line what is different.
    """

    outcome: Literal["same", "appended", "diverged"]
    operations: int
    begun: tuple[str, ...] = ()
    at: str | None = None
    why: str | None = None


def replay(handler: Callable[..., Any], history: Recorded) -> Verdict:
    """Run a handler made by `@durable_execution` on a history, without any effect."""
    state = _ReplayedState(history)
    with contextlib.closing(state), _quiet():
        ending = _run(inspect.unwrap(handler), state, input_of(history))
    return _judge(history, state, ending)


@dataclass(frozen=True, slots=True)
class _Ending:
    """How the handler came back: with a result, suspended, or with an error."""

    result: Any = None
    suspended: bool = False
    error: Exception | None = None


def _run(process: Callable[[Any, DurableContext], Any], state: _ReplayedState, event: Any) -> _Ending:
    context = DurableContext.from_lambda_context(state, create_test_lambda_context(), ReplayStatus.REPLAY)
    try:
        return _Ending(result=process(event, context))
    except SuspendExecution:
        return _Ending(suspended=True)
    except Exception as error:  # noqa: BLE001 - whatever the code raises is the verdict
        return _Ending(error=error)


class _NoService(DurableServiceClient):
    """Nothing is read from or written to a service here."""

    def checkpoint(self, *_: object, **__: object) -> CheckpointOutput:
        raise AssertionError("a replay writes nothing")

    def get_execution_state(self, *_: object, **__: object) -> StateOutput:
        raise AssertionError("a replay has its whole history")


class _ReplayedState(ExecutionState):
    """The SDK's view of an execution that answers from the history, and suspends instead of adding to it."""

    def __init__(self, history: Recorded) -> None:
        first = history.operations[0]
        self.known = {each.operation_id: each for each in history.operations}
        self.read = {first.operation_id}
        self.begun: list[OperationUpdate] = []
        super().__init__(
            durable_execution_arn=f"replay/{first.operation_id}",
            initial_checkpoint_token="replay",  # noqa: S106 - nothing is written with it
            operations=dict(self.known),
            service_client=_NoService(),
            plugin_executor=PluginExecutor(None),
        )

    def get_checkpoint_result(self, checkpoint_id: str, *, claim_end_hook: bool = True) -> CheckpointedResult:
        """Answer from the history; a look that only finds out whether there is more is no use of it."""
        if claim_end_hook:
            self.read.add(checkpoint_id)
        return super().get_checkpoint_result(checkpoint_id, claim_end_hook=claim_end_hook)

    def create_checkpoint(
        self,
        operation_update: OperationUpdate | None = None,
        is_sync: bool = True,  # noqa: ARG002, FBT001, FBT002 - the SDK's signature
    ) -> NoReturn:
        """Note what would be begun, and go no further."""
        if operation_update is not None and operation_update.operation_id not in self.known:
            self.begun.append(operation_update)
        raise SuspendExecution("the history ends here")

    def wrap_user_function(
        self,
        user_function: Callable[..., Any],
        operation_identifier: OperationIdentifier,
        is_replay_children: bool = False,  # noqa: FBT001, FBT002 - the SDK's signature
        attempt: int | None = None,
    ) -> Callable[..., Any]:
        """Contexts run, they are the process itself; the body of a step that was under way does not."""
        if operation_identifier.operation_type is OperationType.STEP:
            return _suspend
        wrapped: Callable[..., Any] = super().wrap_user_function(
            user_function, operation_identifier, is_replay_children, attempt
        )
        return wrapped


def _suspend(*_: object) -> NoReturn:
    raise SuspendExecution("a step's body has effects")


def _judge(history: Recorded, state: _ReplayedState, ending: _Ending) -> Verdict:
    count = len(history.operations) - 1
    if ending.error is not None and not (history.status == "FAILED" and not _is_divergence(ending.error)):
        return Verdict("diverged", count, at=_place(history, state, ending.error), why=_reason(ending.error))
    missed = _missed(history, state)
    if missed is not None:
        return Verdict("diverged", count, at=_named(missed), why="today's code does not come by")
    if state.begun:
        return Verdict("appended", count, begun=tuple(dict.fromkeys(_named(each) for each in state.begun)))
    why = _other_end(history, ending) if history.status == "SUCCEEDED" else None
    return Verdict("same", count) if why is None else Verdict("diverged", count, at="the end", why=why)


def _is_divergence(error: Exception) -> bool:
    return isinstance(error, NonDeterministicExecutionError)


def _place(history: Recorded, state: _ReplayedState, error: Exception) -> str:
    """The operation that does not fit, or the last one before the code raised something."""
    if isinstance(error, NonDeterministicExecutionError):
        found = state.known.get(error.step_id or "")
        return _named(found) if found else str(error.step_id)
    read = [each for each in history.operations[1:] if each.operation_id in state.read]
    return _named(read[-1]) if read else "the beginning"


def _reason(error: Exception) -> str:
    return str(error) if _is_divergence(error) else f"it raises {error!r}"


def _other_end(history: Recorded, ending: _Ending) -> str | None:
    """How today's end differs from the recorded success."""
    if ending.suspended:
        return "it waits where the execution had ended"
    if ending.result != json.loads(history.result or "null"):
        return f"the result is now {json.dumps(ending.result)}"
    return None


def _missed(history: Recorded, state: _ReplayedState) -> Operation | None:
    """The first recorded operation nobody asked for. A finished context is not entered again: its inside may rest."""
    for each in history.operations:
        if each.operation_id not in state.read and not _inside_of_finished(each, state.known):
            return each
    return None


def _inside_of_finished(operation: Operation, known: Mapping[str, Operation]) -> bool:
    parent = known.get(operation.parent_id or "")
    if parent is None:
        return False
    finished = parent.operation_type is OperationType.CONTEXT and parent.status not in _OPEN
    return finished or _inside_of_finished(parent, known)


def _named(operation: Operation | OperationUpdate) -> str:
    return f"{operation.operation_type.value.lower().replace('_', ' ')} {operation.name or operation.operation_id}"


@contextlib.contextmanager
def _quiet() -> Any:
    """Past the end of a history the SDK takes the code for running, and would log what it only supposes."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
