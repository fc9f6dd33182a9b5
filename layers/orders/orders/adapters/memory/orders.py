"""The order repository in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock

from orders.adapters.positions import (
    cursor_after,
    inbox_position,
    open_level,
    picking_position,
    position_of,
    submitted_position,
)
from orders.domain.access import audiences_of
from orders.domain.errors import WriteConflictError
from orders.domain.model import AuditEntry, Order, OrderId, Page, Role, Status
from orders.domain.rules import Change


class MemoryOrderRepository:
    """Rows and audit; each list is computed from the rows when it is read."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rows: dict[OrderId, Order] = {}
        self._audit: dict[OrderId, list[AuditEntry]] = {}

    def create(self, change: Change) -> Order:
        """Write a new row with its first audit entry; return the row that is stored, also if another actor wrote it."""
        with self._lock:
            if change.after.order_id not in self._rows:
                self._write(change)
            return self._rows[change.after.order_id]

    def get(self, order_id: OrderId) -> Order | None:
        """Return the row."""
        with self._lock:
            return self._rows.get(order_id)

    def commit(self, change: Change) -> None:
        """Replace `before` by `after`, with its audit entry; WriteConflictError if the row is not `before`."""
        with self._lock:
            if _version(self._rows.get(change.after.order_id)) != _version(change.before):
                raise WriteConflictError("Another write came first; read again.")
            self._write(change)

    def audit(self, order_id: OrderId) -> tuple[AuditEntry, ...]:
        """Return the audit in its order."""
        with self._lock:
            return tuple(self._audit.get(order_id, ()))

    def newest(self, audiences: Sequence[str], status: Status | None, limit: int, cursor: str | None) -> Page:
        """Return the orders of any of these audiences once each, newest first."""
        places = {
            submitted_position(order): order
            for order in self._snapshot()
            if audiences_of(order) & set(audiences) and status in (None, order.status)
        }
        after = position_of(cursor)
        return _page(places, sorted(places, reverse=True), lambda place: after is None or place < after, limit)

    def inbox(self, roles: frozenset[Role], limit: int, cursor: str | None) -> Page:
        """Return orders with an open level that one of `roles` may decide, by deadline."""
        places = {}
        for order in self._snapshot():
            level, position = open_level(order), inbox_position(order)
            if level is not None and position is not None and level.deciding_roles & roles:
                places[position] = order
        after = position_of(cursor)
        return _page(places, sorted(places), lambda place: after is None or place > after, limit)

    def picking(self, limit: int, cursor: str | None) -> Page:
        """Return orders with a picking job that is open or claimed, the oldest job first."""
        places = {place: order for order in self._snapshot() if (place := picking_position(order)) is not None}
        after = position_of(cursor)
        return _page(places, sorted(places), lambda place: after is None or place > after, limit)

    def _write(self, change: Change) -> None:
        self._rows[change.after.order_id] = change.after
        if change.entry is not None:
            self._audit.setdefault(change.after.order_id, []).append(change.entry)

    def _snapshot(self) -> list[Order]:
        with self._lock:
            return list(self._rows.values())


def _version(order: Order | None) -> int:
    return 0 if order is None else order.version


def _page(orders: dict[str, Order], places: Iterable[str], beyond: Callable[[str], bool], limit: int) -> Page:
    rest = [place for place in places if beyond(place)]
    shown = rest[:limit]
    return Page(tuple(orders[place] for place in shown), cursor_after(shown[-1]) if len(rest) > limit else None)
