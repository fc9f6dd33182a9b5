"""The stack's one clock: the machine's time plus an offset that every part reads from one small file.

The durable engine, the gateway, the sign-in and, through their Clock port, the functions read it at every question,
so that a jump is seen by all of them at once and a restart does not bring time back.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

FILE = "clock-offset"


class StackClock:
    """Tells the time of a stack; with None for a file it is the machine's. It fits the durable engine's `Clock`."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    @property
    def offset(self) -> float:
        """Seconds by which the stack is ahead of the machine; raises ValueError when the file holds no number."""
        if self._file is None:
            return 0.0
        try:
            return float(self._file.read_text("ascii"))
        except FileNotFoundError:
            return 0.0
        except ValueError:
            raise ValueError(
                f"{self._file} is damaged: write the seconds into it by which the stack is ahead, such as 0.0"
            ) from None

    def time(self) -> float:
        """Seconds since 1970, as `time.time` tells them."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def arm(self, wake: datetime) -> float:
        """Real seconds until `wake`; none when it has passed."""
        return max((wake - self.now()).total_seconds(), 0.0)

    def jump(self, to: datetime) -> None:
        """Let it be `to` now; to a moment that has passed it does not go back. Survives the end of the process.

        Raises ValueError for a clock without a file.
        """
        if self._file is None:
            raise ValueError("this clock has no file to keep its offset in")
        ahead = self.offset + self.arm(to)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(repr(ahead), "ascii")
        fresh.replace(self._file)
