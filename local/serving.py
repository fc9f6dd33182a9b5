"""HTTP servers inside the supervisor's event loop, on sockets that exist before they do."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

from local.receiving import KEEP_ALIVE_SECONDS, REQUEST_SECONDS

HOST = "127.0.0.1"
# The default backlog of most servers is so short that a burst of submissions waits a second for a retransmission.
_BACKLOG = 1024


def bind(port: int, address: str = HOST) -> socket.socket:
    """A listening socket, on the loopback address unless another one is given; port 0 lets the system choose.

    Connections made before a server takes it over wait in its backlog. Raises OSError when the port is taken.
    """
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def port_of(listener: socket.socket) -> int:
    """The port a socket listens on."""
    return int(listener.getsockname()[1])


def inherited(descriptor: int) -> socket.socket:
    """The listening socket that the supervisor made for this process, which outlives the process.

    While the process is started again its callers wait in the socket's backlog instead of being refused.
    """
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=descriptor)


def settings(app: "ASGIApp", request_seconds: float = REQUEST_SECONDS) -> "uvicorn.Config":
    """Configure a server for an application: its connections stay open, its callers' requests come to an end."""
    import uvicorn

    from local.connections import connection

    return uvicorn.Config(
        app,
        loop="asyncio",
        http=connection(request_seconds),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        backlog=_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        server_header=False,
        date_header=False,  # the gateway's is by the stack's clock
    )


def server(app: "ASGIApp", request_seconds: float = REQUEST_SECONDS) -> "uvicorn.Server":
    """A server for an application; the caller runs `serve(sockets=[...])` and sets `should_exit`."""
    import uvicorn

    logging.getLogger("uvicorn.error").addFilter(is_no_cancellation)

    class Server(uvicorn.Server):
        """Leaves the signals to the supervisor, which has more to stop than one server."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(settings(app, request_seconds))


def is_no_cancellation(record: logging.LogRecord) -> bool:
    """Whether a log record is no report of a request that the stop of its server cut off, which is no error."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)
