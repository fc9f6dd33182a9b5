"""An order that the durable workflow has taken, taken again by the state machine of docs/costs: the same answers.

What each task answers is what the durable operation of the same name recorded, with its failed tries. Where a step's
result says no, the state machine's worker fails with a named error instead, which spares a choice.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import Operation, OperationStatus, OperationType
from aws_durable_execution_sdk_python.serdes import ExtendedTypeSerDes, SerDes, SerDesContext

from tests.workflow.state_machine import Json, TaskFailedError, Walk, machines

DEFINITION = Path(__file__).parents[2] / "docs" / "costs" / "order-approval.asl.json"
ORDER = {"orderId": "o1", "document": {"key": "orders/o1/document.json", "sha256": "0" * 64, "bytes": 512}}
# Where a state machine has a task with a token, there is a callback and a step that publishes it.
PUBLISHERS = {"open-level": "open-level", "open-job": "open-job", "pick-order": "pick-order submitter"}
TOKENS = {"open-level": "decision", "open-job": "await-claim", "pick-order": "pick-order create callback id"}
SILENCE = {"open-level": "States.Timeout", "open-job": "States.Timeout", "pick-order": "States.HeartbeatTimeout"}
# What is no state of its own there: levels are a loop, and whoever publishes a token sends the message with it.
ONLY_DURABLE = {*TOKENS.values(), "pick-order submitter", "request-decision", "remind", "escalate"}
# When an answer is a no, and the error it then is.
NOES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "check-credit": (bool, "Refused"),
    "check-catalogue": (bool, "Refused"),
    "reserve-chunks": (bool, "OutOfStock"),
    "authorize-payment": (lambda authorised: not authorised, "PaymentDeclined"),
    "begin-cooling-off": (lambda resting: not resting, "OrderWithdrawn"),
    "begin-charge": (lambda begun: not begun, "OrderWithdrawn"),
    "capture-payment": (lambda outcome: outcome != "captured", "NotCaptured"),
    "find-capture": (lambda outcome: outcome != "captured", "NotCaptured"),
}
ONLY_STATES = {"Choice", "Succeed"}
SERDES: SerDes[Any] = ExtendedTypeSerDes()  # type: ignore[no-untyped-call]  # the SDK gives it no types
LEVELS = {"approve-manager", "approve-director", "approve-finance"}


class StoppedError(Exception):
    """An operator stopped the execution while it waited."""


def definition() -> Json:
    """Return the state machine's definition."""
    machine: Json = json.loads(DEFINITION.read_text("utf-8"))
    return machine


def walked(operations: Sequence[Operation]) -> Walk:
    """Return the state machine's way through an execution whose durable operations these were."""
    answers = Recorded(operations)
    walk = Walk(answers)
    with suppress(StoppedError):
        walk.through(definition(), {"order": ORDER})
    answers.check()
    return walk


def differences(operations: Iterable[Operation], walk: Walk) -> Counter[str]:
    """Return by how much states outnumber the durable operations of their names; choices and ends are only states."""
    same = Counter(each.name or "" for each in operations)
    kinds = {name: state["Type"] for machine in machines(definition()) for name, state in machine["States"].items()}
    states = Counter({name: count for name, count in walk.entered.items() if kinds[name] not in ONLY_STATES})
    for name in (*ONLY_DURABLE, *LEVELS):
        del same[name]
    states.subtract(same)
    return Counter({name: count for name, count in states.items() if count})


@dataclass(slots=True)
class Recorded:
    """Answers a walk's tasks from recorded operations, in their order."""

    operations: Sequence[Operation]
    _tries: dict[str, deque[Any]] = field(default_factory=dict)
    _levels: deque[Json] = field(default_factory=deque)
    _found: str | None = None
    _terms: Json = field(default_factory=dict)
    _job: int = 1

    def __call__(self, name: str, _payload: Any) -> Any:
        """Return the task's next answer, or raise the error it fails with."""
        match name:
            case "register-order":
                return self._registered(self._next(name))
            case "open-level" | "open-job" | "pick-order":
                return self._waited(name)
            case "settle-level":
                return self._settled(self._next(name))
            case "settle-picking":
                return self._picked(self._next(name))
        answer = self._next(name)
        no = NOES.get(name)
        if no and no[0](answer):
            raise TaskFailedError(no[1])
        return answer

    def _next(self, name: str) -> Any:
        """Return the next try's result, or raise its error; None for what the durable workflow did without.

        IndexError when the state machine tries more often than the durable workflow did.
        """
        if all(each.name != name for each in self.operations):
            return None
        answer = self._left(name).popleft()
        if isinstance(answer, TaskFailedError):
            raise answer
        return answer

    def check(self) -> None:
        """AssertionError when the durable workflow tried something more often than the state machine."""
        left = {name: len(tries) for name, tries in self._tries.items() if tries}
        assert left == {}, left

    def _left(self, name: str) -> deque[Any]:
        """Return what the tries to come will come to."""
        if name not in self._tries:
            recorded = [each for each in self.operations if each.name == name]
            self._tries[name] = deque(one for each in recorded for one in tries(each))
        return self._tries[name]

    def _registered(self, answer: Json | None) -> Json:
        if answer is None:  # a recovery
            raise TaskFailedError("OnlyUndo")
        self._levels.extend(answer["levels"])
        self._terms = answer["picking"] or {}
        branches = [*range(answer["branches"])]
        return {**answer, "order": ORDER, "branches": branches, "look": self._first_look()}

    def _first_look(self) -> Json:
        if not self._levels:
            return {"outcome": "approved"}
        return {"outcome": "pending", "wakeInSeconds": self._levels[0]["firstLookSeconds"]}

    def _settled(self, look: Json | None) -> Json:
        """Return how the approval stands: a level that is approved is followed by the next one's first look."""
        look = look or {"outcome": self._found}
        if look["outcome"] != "approved":
            return look
        self._levels.popleft()
        return self._first_look()

    def _picked(self, settled: Json) -> Json:
        answer = {**self._terms, "outcome": settled["outcome"], "job": self._job}
        self._job += settled["outcome"] in {"failed", "lost"}
        return answer

    def _waited(self, name: str) -> None:
        """Wait for a token as the durable workflow did for its callback. One that nobody needs is returned at once."""
        opened = self._next(PUBLISHERS[name]) or {}
        callback: Operation = self._next(TOKENS[name])
        self._found = opened.get("outcome")
        if self._found == "pending" and not self._left("settle-level"):
            raise StoppedError
        if callback.status is OperationStatus.TIMED_OUT:
            raise TaskFailedError(SILENCE[name])


def tries(operation: Operation) -> Iterator[Any]:
    """Yield what each try of an operation came to: errors, and at last its result. A callback is its own result."""
    step, invoked = operation.step_details, operation.chained_invoke_details
    succeeded = operation.status is OperationStatus.SUCCEEDED
    if operation.operation_type is OperationType.CALLBACK:
        yield operation
    elif step is not None:
        error = "NotSettledYet" if operation.sub_type == "WaitForCondition" else "TransientFaultError"
        yield from (TaskFailedError(error) for _ in range(step.attempt - succeeded))
        if succeeded:
            yield value(step.result)
    elif invoked is not None:
        yield invoked.result if succeeded else TaskFailedError("NotifierFailed")


def value(payload: str | None) -> Any:
    """Return what a step returned."""
    return None if payload is None else SERDES.deserialize(payload, SerDesContext())
