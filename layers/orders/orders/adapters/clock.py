"""The real clock, and the pause before another try."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

FIRST_PAUSE_SECONDS = 0.02


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Return the present moment: aware, UTC, cut to whole milliseconds because that is what the table keeps."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def jittered_pause(attempt: int) -> None:
    """Wait a random while, up to 20 ms after the first try and twice as long after each further one."""
    longest = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
    time.sleep(random.uniform(0, longest))  # noqa: S311 - spreads tries, guards nothing
