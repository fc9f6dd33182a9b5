"""Tasks that wait with a token, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Report:
    """The report to a task: its output, or the name and the cause of its error."""

    output: Mapping[str, str] | None = None
    error: str | None = None
    cause: str | None = None


class MemoryTasks:
    """Records the report to each task. Every token belongs to a waiting task until it is reported or `close`d."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reports: dict[str, Report] = {}
        self._closed: set[str] = set()

    def succeed(self, token: str, output: Mapping[str, str]) -> bool:
        """End the task with its output; return whether it still waited."""
        return self._end(token, Report(output=dict(output)))

    def fail(self, token: str, error: str, cause: str) -> bool:
        """End the task with a named error; return whether it still waited."""
        return self._end(token, Report(error=error, cause=cause))

    def close(self, token: str) -> None:
        """Let the task be over, as one that has timed out is."""
        with self._lock:
            self._closed.add(token)

    @property
    def reports(self) -> Mapping[str, Report]:
        """The report to each task, by token."""
        with self._lock:
            return dict(self._reports)

    def _end(self, token: str, report: Report) -> bool:
        with self._lock:
            if token in self._closed:
                return False
            self._closed.add(token)
            self._reports[token] = report
            return True
