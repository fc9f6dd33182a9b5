"""Bucket, stock and payments in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock

from orders.adapters.sandbox.gateway import LedgerEntry
from orders.adapters.sandbox.payments import Payment
from orders.domain.catalogue import Catalogue
from orders.domain.errors import WriteConflictError
from orders.domain.model import OrderId, Sku
from orders.domain.quotas import Claim


class MemoryBucket:
    """A bucket whose `objects` a test may look at, or damage."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_if_absent(self, key: str, body: bytes) -> None:
        """Write the object unless one is there."""
        self.objects.setdefault(key, body)

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, None when there is none."""
        return self.objects.get(key)


class MemoryWarehouse:
    """Stock counters that begin with what the catalogue says there is; None marks a released reservation."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._lock = Lock()
        self._stock = {sku: good.stock for sku, good in catalogue.goods.items()}
        self._reservations: dict[str, Mapping[Sku, int] | None] = {}

    def reserve(self, key: str, quantities: Mapping[Sku, int]) -> tuple[Sku, ...]:
        """Take all of `quantities` or nothing; return the SKUs that lack stock, empty when reserved."""
        with self._lock:
            if key in self._reservations:
                return tuple(sorted(quantities)) if self._reservations[key] is None else ()
            lacking = sorted(sku for sku, quantity in quantities.items() if self._stock[sku] < quantity)
            if not lacking:
                self._reservations[key] = dict(quantities)
                self._give(quantities, -1)
            return tuple(lacking)

    def release(self, key: str, quantities: Mapping[Sku, int]) -> None:  # noqa: ARG002 - the key knows what it took
        """Give back exactly what the key took, once; a key that took nothing is closed all the same."""
        with self._lock:
            self._give(self._reservations.get(key) or {}, +1)
            self._reservations[key] = None

    def available(self, sku: Sku) -> int:
        """Return how many are left."""
        with self._lock:
            return self._stock[sku]

    def _give(self, quantities: Mapping[Sku, int], sign: int) -> None:
        for sku, quantity in quantities.items():
            self._stock[sku] += sign * quantity


class MemoryQuotaCounters:
    """Counters by requester and name; None marks a released claim."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._used: Counter[tuple[str, str]] = Counter()
        self._claims: dict[str, Mapping[tuple[str, str], int] | None] = {}

    def used(self, requester: str, names: Sequence[str]) -> Mapping[str, int]:
        """Return what these counters of the requester have come to; one that was never claimed is missing."""
        with self._lock:
            return {name: self._used[requester, name] for name in names if (requester, name) in self._used}

    def claim(self, key: str, requester: str, claims: Mapping[str, Claim]) -> tuple[str, ...]:
        """Claim all or nothing; return the counters that would pass their limit, empty when claimed."""
        with self._lock:
            if key in self._claims:
                return tuple(sorted(claims)) if self._claims[key] is None else ()
            room = {name: claim.limit - self._used[requester, name] for name, claim in claims.items()}
            beyond = sorted(name for name, claim in claims.items() if claim.amount > room[name])
            if not beyond:
                amounts = {(requester, name): claim.amount for name, claim in claims.items()}
                self._claims[key] = amounts
                self._used.update(amounts)
            return tuple(beyond)

    def release(self, key: str) -> None:
        """Give back what the key claimed, once; a key without a claim is closed all the same."""
        with self._lock:
            self._used.subtract(self._claims.get(key) or {})
            self._claims[key] = None


class MemoryLedger:
    """What the payment provider remembers."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._payments: dict[OrderId, Payment] = {}
        self._entries: dict[OrderId, list[LedgerEntry]] = {}

    def load(self, order_id: OrderId) -> Payment:
        """Return the order's payment, an empty one when nothing has happened."""
        with self._lock:
            return self._payments.get(order_id, Payment())

    def save(self, order_id: OrderId, payment: Payment, entry: LedgerEntry | None) -> None:
        """Write the payment over the revision it was loaded at, with its entry; WriteConflictError if it is gone."""
        with self._lock:
            entries = self._entries.setdefault(order_id, [])
            known = {written.operation for written in entries}
            current = self._payments.get(order_id, Payment())
            if current.revision != payment.revision or (entry is not None and entry.operation in known):
                raise WriteConflictError("Another write came first; read again.")
            self._payments[order_id] = replace(payment, revision=payment.revision + 1)
            if entry is not None:
                entries.append(entry)

    def entries(self, order_id: OrderId) -> tuple[LedgerEntry, ...]:
        """Return what happened, in its order."""
        with self._lock:
            return tuple(self._entries.get(order_id, ()))
