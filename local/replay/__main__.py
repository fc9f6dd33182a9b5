"""Replay histories on one function's code: `python -m local.replay MODULE.HANDLER`.

Started with that code on its import path and the function's environment, as a worker is. Each line of standard input is
the JSON array of a history's events; each line of standard output is its verdict, or `{"unreadable": why}`.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from typing import Any

from local.replay.history import UnreadableHistoryError, recorded
from local.replay.running import replay


def main() -> int:
    """Answer every line until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what the workflow's code prints is no verdict
    module, _, name = sys.argv[1].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    for line in sys.stdin:
        print(json.dumps(_verdict(handler, json.loads(line))), file=answers, flush=True)
    return 0


def _verdict(handler: Any, events: list[dict[str, Any]]) -> dict[str, Any]:
    try:
        return asdict(replay(handler, recorded(events)))
    except UnreadableHistoryError as error:
        return {"unreadable": str(error)}


if __name__ == "__main__":
    sys.exit(main())
