"""The sandbox's warehouse: stock counters that appear with their first reservation, and reservations by key."""

from __future__ import annotations

from collections.abc import Mapping

from orders.adapters.dynamodb.attributes import Item
from orders.adapters.dynamodb.claims import KeyedClaims
from orders.adapters.dynamodb.table import Key, OrdersTable, Write, update
from orders.domain.catalogue import Catalogue
from orders.domain.model import Sku

_COUNTER = "STOCK"


class SandboxWarehouse:
    """A call is one transaction: the reservation under its key, and each of its counters (at most 50)."""

    def __init__(self, table: OrdersTable, catalogue: Catalogue) -> None:
        self._table = table
        self._catalogue = catalogue
        self._reservations = KeyedClaims(table, "RESERVATION")

    def reserve(self, key: str, quantities: Mapping[Sku, int]) -> tuple[Sku, ...]:
        """Take all of `quantities` or nothing; return the SKUs that lack stock, empty when reserved.

        A key that was released before can take nothing: all its SKUs lack. A key that has reserved keeps what it took.
        """
        takings = [self._taking(sku, quantity) for sku, quantity in sorted(quantities.items())]
        by_name = {str(sku): quantity for sku, quantity in quantities.items()}
        return tuple(Sku(name) for name in self._reservations.make(key, by_name, takings, {}))

    def release(self, key: str, quantities: Mapping[Sku, int]) -> None:  # noqa: ARG002 - the key knows what it took
        """Give back exactly what the key took, once; a key that took nothing is closed all the same."""
        self._reservations.give_back(key, _givings)

    def available(self, sku: Sku) -> int:
        """Return how many are left."""
        counter = self._table.get(_counter_key(sku))
        return self._catalogue.goods[sku].stock if counter is None else int(counter["available"])

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


def _givings(reservation: Item) -> list[Write]:
    quantities: Mapping[Sku, int] = reservation["quantities"]
    return [
        update(
            _counter_key(sku),
            "SET #available = #available + :quantity",
            "attribute_exists(#available)",
            {":quantity": quantity},
        )
        for sku, quantity in sorted(quantities.items())
    ]


def _counter_key(sku: Sku) -> Key:
    return f"STOCK#{sku}", _COUNTER
