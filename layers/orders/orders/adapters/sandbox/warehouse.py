"""The sandbox's warehouse: stock counters that appear with their first reservation, and reservations by key."""

from __future__ import annotations

from collections.abc import Mapping

from orders.adapters.dynamodb.attributes import Item
from orders.adapters.dynamodb.table import ABSENT, Key, OrdersTable, Write, put, update
from orders.adapters.faults import RefusedWriteError
from orders.domain.catalogue import Catalogue
from orders.domain.errors import WriteConflictError
from orders.domain.model import Sku

RELEASE_TRIES = 3
_COUNTER = "STOCK"
_RESERVATION = "RESERVATION"
_RESERVED = "reserved"
_RELEASED = "released"


class SandboxWarehouse:
    """A call is one transaction: the reservation under its key, and each of its counters (at most 50)."""

    def __init__(self, table: OrdersTable, catalogue: Catalogue) -> None:
        self._table = table
        self._catalogue = catalogue

    def reserve(self, key: str, quantities: Mapping[Sku, int]) -> tuple[Sku, ...]:
        """Take all of `quantities` or nothing; return the SKUs that lack stock, empty when reserved.

        A key that was released before can take nothing: all its SKUs lack. A key that has reserved keeps what it took.
        """
        goods = sorted(quantities.items())
        takings = [self._taking(sku, quantity) for sku, quantity in goods]
        try:
            self._table.transact([put(_reservation(key, _RESERVED, quantities), ABSENT), *takings])
        except RefusedWriteError as refusal:
            if 0 in refusal.failed:
                return () if self._reservation(key)["state"] == _RESERVED else tuple(sorted(quantities))
            if not refusal.failed:
                raise
            return tuple(goods[position - 1][0] for position in sorted(refusal.failed))
        return ()

    def release(self, key: str, quantities: Mapping[Sku, int]) -> None:  # noqa: ARG002 - the key knows what it took
        """Give back exactly what the key took, once; a key that took nothing is closed all the same."""
        for _ in range(RELEASE_TRIES):
            reservation = self._table.get(_reservation_key(key))
            if reservation is not None and reservation["state"] == _RELEASED:
                return
            try:
                self._table.transact(_releasing(key, reservation))
            except RefusedWriteError:
                continue
            return
        raise WriteConflictError(f"Others keep writing the reservation {key}; try again.")

    def available(self, sku: Sku) -> int:
        """Return how many are left."""
        counter = self._table.get(_counter_key(sku))
        return self._catalogue.goods[sku].stock if counter is None else int(counter["available"])

    def _reservation(self, key: str) -> Item:
        return self._table.get(_reservation_key(key)) or {"state": _RELEASED}

    def _taking(self, sku: Sku, quantity: int) -> Write:
        """Return the write that takes a good; its counter begins with what the catalogue says there is."""
        stock = self._catalogue.goods[sku].stock
        enough = "#available >= :quantity"
        return update(
            _counter_key(sku),
            "SET #available = if_not_exists(#available, :stock) - :quantity",
            f"attribute_not_exists(#available) OR {enough}" if stock >= quantity else enough,
            {":quantity": quantity, ":stock": stock},
        )


def _releasing(key: str, reservation: Item | None) -> list[Write]:
    if reservation is None:
        return [put(_reservation(key, _RELEASED, {}), ABSENT)]
    quantities: Mapping[Sku, int] = reservation["quantities"]
    return [
        put(_reservation(key, _RELEASED, quantities), "#state = :reserved", {":reserved": _RESERVED}),
        *(
            update(
                _counter_key(sku),
                "SET #available = #available + :quantity",
                "attribute_exists(#available)",
                {":quantity": quantity},
            )
            for sku, quantity in sorted(quantities.items())
        ),
    ]


def _reservation(key: str, state: str, quantities: Mapping[Sku, int]) -> Item:
    pk, sk = _reservation_key(key)
    return {"pk": pk, "sk": sk, "state": state, "quantities": dict(quantities)}


def _reservation_key(key: str) -> Key:
    return f"RESERVATION#{key}", _RESERVATION


def _counter_key(sku: Sku) -> Key:
    return f"STOCK#{sku}", _COUNTER
