"""Run the durable service and the Lambda API.

`python -m local.executions --port L --data DIR --functions FILE --environments URL [--ephemeral]` prints
`ready http://127.0.0.1:L` when it serves, and ends when its standard input does, so it never outlives its supervisor.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from local import clock
from local.disk import has_room
from local.executions.database import DamagedError
from local.executions.functions import Functions
from local.executions.http import Api, ApiServer, NoRoom
from local.executions.service import Service, Settings
from local.receiving import REQUEST_SECONDS

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_STOP_SECONDS = 2.0
DATABASE = "executions.sqlite3"
# Base64 of `{"arn"`, with which the engine's callback ids and checkpoint tokens begin; in a path they are quoted.
_TOKEN = re.compile(r"eyJhcm4i[A-Za-z0-9+/=%]+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until standard input ends or a signal asks to stop; 2 when it cannot start."""
    options = _options(arguments)
    logging.basicConfig(level=options.log_level, format="%(levelname)s %(name)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(without_tokens)
    # The engine logs every waiting and every retried handler; that is the executions' own history's business.
    logging.getLogger("aws_durable_execution_sdk_python_testing").setLevel(logging.ERROR)
    try:
        settings = _settings(options)
        server = ApiServer(options.port, NoRoom, options.socket, options.request_seconds)
        work = _Work(server, settings, options.data)
        work.begin()
    except (OSError, ValueError, DamagedError) as error:
        print(f"executions: cannot start: {error}", file=sys.stderr)
        return 2
    _stop_with_standard_input(server)
    print(f"ready {server.url}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    work.end()
    return 0


class _Work:
    """The service behind a server: it begins when the disk has room, until then its callers are refused."""

    def __init__(self, server: ApiServer, settings: Settings, folder: Path) -> None:
        self._server, self._settings, self._folder = server, settings, folder
        self._service: Service | None = None
        self._ending = threading.Event()
        self._waiting = threading.Thread(target=self._wait_for_room, name="room", daemon=True)

    def begin(self) -> None:
        """Begin now, or as soon as there is room; raises DamagedError."""
        if self._settings.database is None or has_room(self._folder):
            self._start()
        else:
            logger.error("the disk is full: executions go on when there is room")
            self._waiting.start()

    def end(self) -> None:
        """Stop the service if it has begun."""
        self._ending.set()
        if self._waiting.is_alive():
            self._waiting.join()
        if self._service is not None:
            self._service.stop()

    def _wait_for_room(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            if has_room(self._folder):
                self._start()
                return

    def _start(self) -> None:
        self._service = service = Service(self._settings)
        self._server.api = Api(service)
        service.start()


def without_tokens(record: logging.LogRecord) -> bool:
    """Take callback ids and checkpoint tokens out of a log record: whoever holds one may decide an order."""
    record.msg, record.args = _TOKEN.sub("[token]", record.getMessage()), None
    return True


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.executions", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port of the Lambda API on 127.0.0.1; 0 picks one")
    parser.add_argument("--socket", type=int, help="file descriptor of a listening socket to use instead")
    parser.add_argument("--data", type=Path, required=True, help="folder of the state")
    parser.add_argument("--functions", type=Path, required=True, help="JSON file that describes the functions")
    parser.add_argument("--environments", required=True, help="address of the execution environments' endpoint")
    parser.add_argument("--ephemeral", action="store_true", help="keep the state in memory only")
    parser.add_argument("--attempts", type=int, default=5, help="times in a row a handler may be killed")
    parser.add_argument("--backoff", type=float, default=0.5, help="seconds before a killed handler runs again")
    parser.add_argument("--request-seconds", type=float, default=REQUEST_SECONDS, help="time for sending a request")
    parser.add_argument("--log-level", default="WARNING")
    return parser.parse_args(arguments)


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        functions=Functions.from_file(options.functions),
        environments_url=options.environments,
        database=None if options.ephemeral else options.data / DATABASE,
        attempts=options.attempts,
        backoff_seconds=options.backoff,
        clock=clock.StackClock(options.data / clock.FILE),
    )


def _stop_with_standard_input(server: ApiServer) -> None:
    def wait_for_end() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        # Everything is on disk: the folder is not held any longer than a busy machine needs to stop in good order.
        deadline = threading.Timer(_STOP_SECONDS, os._exit, [0])
        deadline.daemon = True
        deadline.start()
        server.shutdown()

    def stop(_signal: int, _frame: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    threading.Thread(target=wait_for_end, name="standard-input", daemon=True).start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main())
