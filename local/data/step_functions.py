"""A sandbox in the place of Step Functions: it takes what tasks are told, once each, and runs no state machine.

Any token is that of a task that waits. What it was told stands in the journal and in the stack's output, under a
reference in the token's place.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

from local.data.exchange import Answer, ApiRequest, ApiResponse, Record

TARGET = "AWSStepFunctions"
TOLD = {"SendTaskSuccess": ("output",), "SendTaskFailure": ("error", "cause")}


class StepFunctions:
    """Answers the two actions that end a task."""

    def __init__(self) -> None:
        self._reports: dict[str, Record] = {}

    def answer(self, request: ApiRequest) -> Answer:
        """End a task; one that has ended is `TaskTimedOut`, as Step Functions says of every task that is over."""
        action = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in TOLD:
            return _refused("UnknownOperationException", f"The sandbox has no {action or 'action'}")
        body: dict[str, Any] = json.loads(request.body)
        if not body.get("taskToken"):
            return _refused("InvalidToken", "Invalid token")
        task = hashlib.sha256(body["taskToken"].encode()).hexdigest()[:12]
        if task in self._reports:
            return _refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        record: Record = {"kind": "report", "task": task, "action": action}
        record |= {name: body.get(name) for name in TOLD[action]}
        self.restore(record)
        print(json.dumps({"message": "a state machine's task was told", **record}), file=sys.stderr, flush=True)
        return Answer(ApiResponse(200, {"content-type": "application/x-amz-json-1.0"}, b"{}"), (record,))

    def restore(self, record: Record) -> None:
        """Remember a report."""
        self._reports[record["task"]] = record

    def snapshot(self) -> Iterator[Record]:
        """Every report, in the order of their coming."""
        yield from self._reports.values()

    def size(self) -> int:
        """How many reports there are."""
        return len(self._reports)


def _refused(code: str, message: str) -> Answer:
    body = json.dumps({"__type": code, "message": message}).encode()
    return Answer(ApiResponse(400, {"content-type": "application/x-amz-json-1.0"}, body))
