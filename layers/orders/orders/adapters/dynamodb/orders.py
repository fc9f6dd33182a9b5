"""The order repository in DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orders.adapters.codec import audit_entry_from_json, order_from_json
from orders.adapters.dynamodb.items import (
    AUDIT,
    partition_of,
    partitions,
    row_key,
    transaction_of,
)
from orders.adapters.dynamodb.table import OrdersTable
from orders.adapters.positions import (
    cursor_after,
    inbox_position,
    open_level,
    order_at,
    picking_position,
    position_of,
)
from orders.domain.errors import WriteConflictError
from orders.domain.model import AuditEntry, Order, OrderId, Page, Role, Status
from orders.domain.rules import Change

READS_PER_PAGE = 5


class DynamoOrderRepository:
    """Rows, votes, audit and lists in one table; `shards` is how many partitions each shared list is cut into."""

    def __init__(self, table: OrdersTable, shards: int) -> None:
        self._table = table
        self._shards = shards

    def create(self, change: Change) -> Order:
        """Write a new row with its first audit entry; return the row that is stored, also if another actor wrote it."""
        try:
            self.commit(change)
        except WriteConflictError:
            existing = self.get(change.after.order_id)
            if existing is None:  # the other writer is not done yet
                raise
            return existing
        return change.after

    def get(self, order_id: OrderId) -> Order | None:
        """Return the row, strongly consistent."""
        item = self._table.get(row_key(order_id))
        return None if item is None else order_from_json(item)

    def commit(self, change: Change) -> None:
        """Replace `before` by `after`, with audit, votes and inbox; WriteConflictError if the row is not `before`.

        A commit that timed out after it was made can conflict with itself when it is sent again: the caller reads the
        row, sees its own write, and has nothing left to do.
        """
        self._table.transact(transaction_of(change, self._shards))

    def audit(self, order_id: OrderId) -> tuple[AuditEntry, ...]:
        """Return the audit in its order."""
        items = self._table.all_under(partition_of(order_id), AUDIT)
        return tuple(audit_entry_from_json(order_id, item) for item in items)

    def newest(self, audiences: Sequence[str], status: Status | None, limit: int, cursor: str | None) -> Page:
        """Return the orders of any of these audiences once each, newest first.

        The list of all orders has an index by status; the others are filtered, so a page of them can be short.
        """
        by_status = status is not None and "all" in audiences
        index, names = ("statuses", [str(status)]) if by_status else ("lists", list(audiences))

        def read(after: str | None, limit: int) -> tuple[list[str], bool]:
            return self._merged(index, names, after, limit, newest_first=True)

        return self._page(read, lambda order, _: status in (None, order.status), limit, cursor)

    def inbox(self, roles: frozenset[Role], limit: int, cursor: str | None) -> Page:
        """Return orders with an open level that one of `roles` may decide, by deadline."""
        names = [f"inbox:{role}" for role in sorted(roles)]

        def read(after: str | None, limit: int) -> tuple[list[str], bool]:
            return self._merged("lists", names, after, limit, newest_first=False)

        def still_waits(order: Order, position: str) -> bool:
            level = open_level(order)
            waits = level is not None and bool(level.deciding_roles & roles)
            return waits and inbox_position(order) == position

        return self._page(read, still_waits, limit, cursor)

    def picking(self, limit: int, cursor: str | None) -> Page:
        """Return orders with a picking job that is open or claimed, the oldest job first."""

        def read(after: str | None, limit: int) -> tuple[list[str], bool]:
            return self._merged("lists", ["picking"], after, limit, newest_first=False)

        return self._page(read, lambda order, position: picking_position(order) == position, limit, cursor)

    def _merged(
        self, index: str, names: Sequence[str], after: str | None, limit: int, *, newest_first: bool
    ) -> tuple[list[str], bool]:
        """Return the next `limit` positions of several lists together, and whether there are more.

        Reading `limit` of each partition is enough: what one of them holds back comes after what it gave.
        """
        found: set[str] = set()
        more = False
        for partition in (partition for name in names for partition in partitions(name, self._shards)):
            positions, longer = self._table.positions(index, partition, after, limit, newest_first=newest_first)
            found.update(positions)
            more = more or longer
        merged = sorted(found, reverse=newest_first)
        return merged[:limit], more or len(merged) > limit

    def _page(
        self,
        read: Callable[[str | None, int], tuple[list[str], bool]],
        belongs: Callable[[Order, str], bool],
        limit: int,
        cursor: str | None,
    ) -> Page:
        """Return a page of rows. Indexes lag behind, so each entry is checked against its row."""
        position = position_of(cursor)
        found: list[Order] = []
        more = True
        for _ in range(READS_PER_PAGE):
            positions, more = read(position, limit - len(found))
            rows = self._rows(positions)
            found += [rows[place] for place in positions if place in rows and belongs(rows[place], place)]
            position = positions[-1] if positions else position
            if not more or len(found) == limit:
                break
        return Page(tuple(found), cursor_after(position) if more and position else None)

    def _rows(self, positions: Sequence[str]) -> dict[str, Order]:
        """Return the rows at these positions."""
        items = self._table.get_many([row_key(order_at(position)) for position in positions])
        rows = {order.order_id: order for order in map(order_from_json, items)}
        return {position: rows[order_at(position)] for position in positions if order_at(position) in rows}
