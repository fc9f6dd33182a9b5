"""`python -m local.data --port D --data DIR`: the data service as a process of its own."""

import argparse
import os
import sys
import threading
from pathlib import Path

from local.callers import Callers
from local.data.journal import Journal, JournalError
from local.data.server import run
from local.data.store import DataStore
from local.folder import keep_private
from local.receiving import REQUEST_SECONDS
from local.serving import HOST, bind, inherited


def main() -> int:
    """Serve until standard input ends; 2 when it cannot start, with one line that says why."""
    options = _options()
    keep_private()
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        given = options.socket
        listener = bind(options.port, options.bind) if given is None else inherited(given)
        journal = None if options.ephemeral else Journal(options.data / "data")
        store = DataStore(journal)
    except (OSError, JournalError) as error:
        print(f"data: {error}", file=sys.stderr)
        return 2
    address, port = listener.getsockname()[:2]
    print(f"ready http://{address}:{port}", flush=True)
    run(store, listener, Callers(names=frozenset(options.name)), options.request_seconds)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.data", description="DynamoDB, S3, SNS and SQS on loopback.")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--socket", type=int, help="file descriptor of a listening socket to use instead")
    parser.add_argument("--data", type=Path, required=True, help="folder of the journal")
    parser.add_argument("--ephemeral", action="store_true", help="remember nothing")
    parser.add_argument("--bind", default=HOST, help="address, for containers that cannot reach loopback")
    parser.add_argument("--name", action="append", default=[], help="further host name by which callers call it")
    parser.add_argument("--request-seconds", type=float, default=REQUEST_SECONDS, help="time for sending a request")
    return parser.parse_args()


def _end_with_input() -> None:
    """End the process when its parent is gone; everything that was answered is in the journal already."""
    while os.read(0, 1024):  # not sys.stdin: its lock, held here, would abort an interpreter that ends by itself
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
