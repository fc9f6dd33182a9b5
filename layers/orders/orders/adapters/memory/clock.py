"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock


class MovableClock:
    """Tells the time it was given, aware and in whole milliseconds, plus what it was moved by."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the present moment."""
        with self._lock:
            return self._now

    def move(self, *, seconds: float) -> None:
        """Let this much time pass; a negative number goes back."""
        with self._lock:
            self._now += timedelta(seconds=seconds)


def no_pause(_attempt: int) -> None:
    """Do not wait between two tries."""
