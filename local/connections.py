"""uvicorn's connections with time limits: for a request to arrive, and for its answer to be taken."""

import asyncio
import socket
import struct

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.receiving import REQUEST_SECONDS, too_late

# Without it the kernel keeps what the caller does not take, for minutes.
_DISCARD = struct.pack("ii", 1, 0)


class Connection(H11Protocol):
    """One connection; ended when a request is not complete in time, or when its caller takes nothing of an answer."""

    request_seconds = REQUEST_SECONDS
    _limit: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class does
        """Give the first request its time."""
        super().connection_made(transport)
        self._limit = self.loop.call_later(self.request_seconds, self._end)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, and see what is missing."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on with what arrived meanwhile."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        super().connection_lost(exc)
        for timer in (self._limit, self._unread):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        """Give the caller time to take something of its answer."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Stop watching: the caller takes its answer."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def _watch(self) -> None:
        """Let the time run while a request arrives, not while it is answered or before the next one begins."""
        if not self._is_receiving():
            if self._limit is not None:
                self._limit.cancel()
            self._limit = None
        elif self._limit is None:
            self._limit = self.loop.call_later(self.request_seconds, self._end)

    def _is_receiving(self) -> bool:
        begun = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
        return bool(begun) or self.conn.their_state is h11.SEND_BODY

    def _end(self) -> None:
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self._is_receiving() and self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(self._late())
        self.transport.close()

    def _late(self) -> bytes:
        late = too_late(self.request_seconds)
        headers = [*late.headers.items(), ("content-length", str(len(late.body))), ("connection", "close")]
        events = (h11.Response(status_code=late.status, headers=headers), h11.Data(late.body), h11.EndOfMessage())
        return b"".join(self.conn.send(event) or b"" for event in events)

    def _watch_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(self.request_seconds, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._watch_reader()
        else:
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
            self.transport.abort()


def connection(request_seconds: float) -> type[Connection]:
    """Return the kind of connection whose requests have so many seconds."""
    return type("LimitedConnection", (Connection,), {"request_seconds": request_seconds})
