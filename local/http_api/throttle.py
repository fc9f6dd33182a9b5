"""How many requests API Gateway lets through: a bucket of tokens for each route.

"Throttle requests to your HTTP APIs" in its developer guide: `ThrottlingRateLimit` tokens come back each second and
`ThrottlingBurstLimit` fit in; a request that finds none is answered 429.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.template import Route, Throttling


@dataclass(slots=True)
class Bucket:
    """The tokens of one route; `at` is when they were counted, in seconds of any clock."""

    tokens: float
    at: float

    def take(self, limits: Throttling, now: float) -> bool:
        """Take a token if there is one."""
        self.tokens = min(limits.burst, self.tokens + (now - self.at) * limits.per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(frozen=True, slots=True)
class Throttle:
    """The buckets of every route; without limits everything passes."""

    limits: Throttling | None
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[Route, Bucket] = field(default_factory=dict)

    def admits(self, route: Route) -> bool:
        """Whether one more request may take a route now."""
        if self.limits is None:
            return True
        now = self.clock()
        bucket = self._buckets.setdefault(route, Bucket(self.limits.burst, now))
        return bucket.take(self.limits, now)
