"""What running a handler once comes to."""

import json
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outcome:
    """A handler's answer as JSON bytes; or, with `function_error` set, a JSON error object in its place."""

    request_id: str
    payload: bytes
    function_error: str | None = None

    @classmethod
    def failed(cls, request_id: str, kind: str, message: str) -> "Outcome":
        """An error that the handler did not report itself, in the words Lambda uses."""
        text = f"RequestId: {request_id} Error: {message}"
        return cls(request_id, json.dumps({"errorType": kind, "errorMessage": text}).encode(), "Unhandled")


class Invoke(Protocol):
    """Runs a function's handler once, in an execution environment."""

    async def __call__(self, function: str, payload: bytes, request_id: str | None = None) -> Outcome:
        """Wait for the outcome; a failing handler is an Outcome, too.

        Raises UnknownFunctionError when there is no function of that name, ARN or qualifier.
        """
        ...
