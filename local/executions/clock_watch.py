"""Notices that the time of day moved otherwise than the machine's running time.

Timers count running time, which stands still while the machine sleeps and follows no change of its clock. The
difference between the two shows both, within a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

LOOK_SECONDS = 1.0
TOLERANCE_SECONDS = 0.5


class ClockWatch:
    """Calls `moved` after each sleep of the machine and each change of its clock; `wall` tells the time of day."""

    def __init__(
        self, wall: Callable[[], float], moved: Callable[[], None], running: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._moved, self._running = wall, moved, running
        self._difference = wall() - running()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="clock", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def look(self) -> None:
        """Compare the two times now; small differences add up until they count."""
        difference = self._wall() - self._running()
        if abs(difference - self._difference) > TOLERANCE_SECONDS:
            self._difference = difference
            self._moved()

    def _loop(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with suppress(OSError):  # no file descriptor to read the clock's offset with: the next look makes up for it
                self.look()
