"""A process that runs out of file descriptors: new connections wait, and the log has one line and not thousands."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import time
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
BACKOFF_SECONDS = 0.5
QUIET_SECONDS = 60.0
"""A shortage that is reported again within this time is the same one."""


class Shortage:
    """Reports a shortage when it begins, and once a minute while it lasts."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._quiet_until = 0.0

    def report(self, error: OSError) -> None:
        """Log it, unless it was logged a moment ago."""
        if self._now() < self._quiet_until:
            return
        self._quiet_until = self._now() + QUIET_SECONDS
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        logger.error("new connections wait: %s (ulimit -n is %s, raise it)", error.strerror, limit)


def report_once(loop: asyncio.AbstractEventLoop) -> None:
    """Let an event loop report shortages this way. asyncio reports each failed accept, a thousand in a row."""
    shortage = Shortage()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in OUT_OF_FILES:
            shortage.report(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
