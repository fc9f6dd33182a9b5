"""What the orders of one requester hold before they are charged, counted by name and bounded by the policy. Pure.

Stock is reserved before an order is approved, and until the charge begins its requester can take it back for nothing.
Without a bound, one order could hold all there is of a good until its decision window ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orders.domain.catalogue import Catalogue
from orders.domain.errors import FieldError
from orders.domain.model import OrderDocument, Sku
from orders.domain.policy import PendingLimits

OPEN_ORDERS = "ORDERS"
_UNITS = "SKU#"
_MAX_NAMED = 5
_REMEDY = "order again when an open order is decided or withdrawn"


@dataclass(frozen=True, slots=True)
class Claim:
    """How much of one counter an order needs, and what the counter may come to."""

    amount: int
    limit: int


@dataclass(frozen=True, slots=True)
class Quotas:
    """The bounds of one catalogue and policy."""

    catalogue: Catalogue
    limits: PendingLimits

    def claims_of(self, quantities: Mapping[Sku, int], *, first: bool) -> dict[str, Claim]:
        """Return what these goods claim by counter; the `first` goods of an order claim its place among the open ones.

        A good that is not in stock has no counter: the warehouse refuses it.
        """
        units = {
            f"{_UNITS}{sku}": Claim(quantity, limit)
            for sku, quantity in quantities.items()
            if (limit := self._limit(sku))
        }
        return {OPEN_ORDERS: Claim(1, self.limits.orders), **units} if first else units

    def findings(self, document: OrderDocument, used: Mapping[str, int]) -> tuple[FieldError, ...]:
        """Return what must be changed in an order whose requester holds `used` already: one finding for each bound."""
        found = {}
        if used.get(OPEN_ORDERS, 0) >= self.limits.orders:
            detail = f"You have {self.limits.orders} open orders, the most there may be; {_REMEDY}."
            found[OPEN_ORDERS] = FieldError("/lines", detail)
        wanted: Counter[Sku] = Counter()
        for index, line in enumerate(document.lines):
            limit, held = self._limit(line.sku), used.get(f"{_UNITS}{line.sku}", 0)
            wanted[line.sku] += line.quantity
            if limit and held + wanted[line.sku] > limit:
                finding = FieldError(f"/lines/{index}/quantity", _too_much(line.sku, limit, held))
                found.setdefault(line.sku, finding)
        return tuple(found.values())

    def refusal(self, names: Iterable[str]) -> str:
        """Return why an order was refused whose claims on these counters did not fit."""
        found = [self._bound(name) for name in sorted(names)]
        return f"Before approval, one requester may hold at most {', '.join(found[:_MAX_NAMED])}; {_REMEDY}"

    def _bound(self, name: str) -> str:
        if name == OPEN_ORDERS:
            return f"{self.limits.orders} open orders"
        sku = Sku(name.removeprefix(_UNITS))
        return f"{self._limit(sku)} of {sku}"

    def _limit(self, sku: Sku) -> int:
        """Return how many of a good one requester may hold; 0 when there is none in stock."""
        return self.limits.units_of(self.catalogue.goods[sku].stock)


def _too_much(sku: Sku, limit: int, held: int) -> str:
    """Say what is possible now; what the requester holds is counted until an order is charged or has ended."""
    if held == 0:
        return f"Order at most {limit} of {sku}; one requester may hold no more before approval."
    left = max(0, limit - held)
    now = f"order at most {left} now" if left else _REMEDY
    return f"Your open orders hold {held} of {sku}, and {limit} is the most before approval; {now}."
