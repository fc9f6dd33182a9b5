"""Reservation and release of stock. Key: `orderId:chunk`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from orders.domain.model import DocumentRef, OrderDocument, Sku
from orders.services.ports import DocumentStore, Warehouse

SKUS_PER_TRANSACTION = 50
MAX_BRANCHES = 10


@dataclass(frozen=True, slots=True)
class StockService:
    """Reservations and releases, in branches that each run their transactions one after another."""

    documents: DocumentStore
    warehouse: Warehouse

    def branches(self, ref: DocumentRef) -> int:
        """Return how many branches reserve the document's stock."""
        return _branch_count(chunks(self.documents.read(ref)))

    def reserve_branch(self, ref: DocumentRef, branch: int) -> tuple[Sku, ...]:
        """Reserve the chunks of one branch up to the first that lacks stock; return the SKUs that it lacks."""
        document = self.documents.read(ref)
        for number, quantities in chunks_of(document, branch):
            lacking = self.warehouse.reserve(f"{document.order_id}:{number}", quantities)
            if lacking:
                return lacking
        return ()

    def release_all(self, ref: DocumentRef) -> None:
        """Release every chunk, reserved or not; a released chunk can never be reserved again."""
        document = self.documents.read(ref)
        for number, quantities in enumerate(chunks(document)):
            self.warehouse.release(f"{document.order_id}:{number}", quantities)


def chunks(document: OrderDocument) -> list[Mapping[Sku, int]]:
    """Sum the lines by SKU and split them, in SKU order, into chunks of the size of one transaction."""
    wanted: Counter[Sku] = Counter()
    for line in document.lines:
        wanted[line.sku] += line.quantity
    goods = sorted(wanted.items())
    return [dict(goods[at : at + SKUS_PER_TRANSACTION]) for at in range(0, len(goods), SKUS_PER_TRANSACTION)]


def _branch_count(every: list[Mapping[Sku, int]]) -> int:
    """One branch for each chunk, at most ten."""
    return min(MAX_BRANCHES, len(every))


def chunks_of(document: OrderDocument, branch: int) -> list[tuple[int, Mapping[Sku, int]]]:
    """Return the chunks that one branch works on, each with its number in the order."""
    every = chunks(document)
    return [(number, every[number]) for number in range(branch, len(every), _branch_count(every))]
