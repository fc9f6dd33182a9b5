"""Recent orders by the fingerprint of their content."""

from __future__ import annotations

from datetime import datetime, timedelta

from orders.adapters import times
from orders.adapters.aws_errors import RefusedWriteError
from orders.adapters.dynamodb.table import ABSENT, OrdersTable, put
from orders.domain.model import OrderId

LATELY = timedelta(days=1)
_FREE = f"{ABSENT} OR #at <= :aDayAgo OR #orderId = :orderId"


class DynamoDuplicates:
    """One item for each fingerprint names the first order of a day with that content."""

    def __init__(self, table: OrdersTable) -> None:
        self._table = table

    def first_with(self, fingerprint: str, order_id: OrderId, at: datetime) -> OrderId | None:
        """Return another order with the same content in the last day, or None; remembers this one."""
        key = (f"FINGERPRINT#{fingerprint}", "FINGERPRINT")
        item = {"pk": key[0], "sk": key[1], "orderId": order_id, "at": times.written(at)}
        values = {":aDayAgo": times.written(at - LATELY), ":orderId": order_id}
        try:
            self._table.write(put(item, _FREE, values))
        except RefusedWriteError:
            first = self._table.get(key)
            return None if first is None else OrderId(first["orderId"])
        return None
