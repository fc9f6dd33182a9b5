"""Messages and recent orders in memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from orders.domain.messages import Message
from orders.domain.model import OrderId

LATELY = timedelta(days=1)


class MemoryOutbox:
    """Messages by key, and which of them were published."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._messages: dict[str, Message] = {}
        self._published: set[str] = set()

    def record(self, message: Message) -> bool:
        """Write the message unless its key is there; return whether it still has to be published."""
        with self._lock:
            self._messages.setdefault(message.key, message)
            return message.key not in self._published

    def mark_published(self, message: Message) -> None:
        """Mark the message as published."""
        with self._lock:
            self._published.add(message.key)

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every message that was written, in order."""
        with self._lock:
            return tuple(self._messages.values())


class MemoryPublisher:
    """Keeps what was published; a message that was published twice is there twice."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._published: list[Message] = []

    def publish(self, message: Message) -> None:
        """Send the message."""
        with self._lock:
            self._published.append(message)

    @property
    def published(self) -> tuple[Message, ...]:
        """Every message that was published, in order."""
        with self._lock:
            return tuple(self._published)


class MemoryDuplicates:
    """The first order of a day for each fingerprint."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._first: dict[str, tuple[OrderId, datetime]] = {}

    def first_with(self, fingerprint: str, order_id: OrderId, at: datetime) -> OrderId | None:
        """Return another order with the same content in the last day, or None; store this one."""
        with self._lock:
            first = self._first.get(fingerprint)
            if first is None or first[0] == order_id or first[1] <= at - LATELY:
                self._first[fingerprint] = (order_id, at)
                return None
            return first[0]
