"""What each requester's orders hold before they are charged, in counters with a limit.

pk                 sk          what
QUOTA#<requester>  <counter>   what the requester's open orders have claimed of it together
CLAIM#<key>        CLAIM       what one chunk of an order has claimed, and whether that was given back
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orders.adapters.dynamodb.attributes import Item
from orders.adapters.dynamodb.claims import KeyedClaims
from orders.adapters.dynamodb.table import Key, OrdersTable, Write, update
from orders.domain.quotas import Claim


class DynamoQuotaCounters:
    """A call is one transaction: the claim under its key, and each of its counters (at most 51)."""

    def __init__(self, table: OrdersTable) -> None:
        self._table = table
        self._claims = KeyedClaims(table, "CLAIM")

    def used(self, requester: str, names: Sequence[str]) -> Mapping[str, int]:
        """Return what these counters of the requester have come to; one that was never claimed is missing."""
        items = self._table.get_many([_counter_key(requester, name) for name in names])
        return {item["sk"]: item["used"] for item in items}

    def claim(self, key: str, requester: str, claims: Mapping[str, Claim]) -> tuple[str, ...]:
        """Claim all or nothing; return the counters that would pass their limit, empty when claimed."""
        amounts = {name: claim.amount for name, claim in claims.items()}
        takings = [_taking(requester, name, claims[name]) for name in sorted(claims)]
        return self._claims.make(key, amounts, takings, {"requester": requester})

    def release(self, key: str) -> None:
        """Give back what the key claimed, once; a key without a claim is closed all the same."""
        self._claims.give_back(key, _givings)


def _taking(requester: str, name: str, claim: Claim) -> Write:
    """Return the write that adds to a counter unless it would pass its limit; a new counter begins at nothing."""
    fits = "#used <= :room"
    return update(
        _counter_key(requester, name),
        "SET #used = if_not_exists(#used, :nothing) + :amount",
        f"attribute_not_exists(#used) OR {fits}" if claim.amount <= claim.limit else fits,
        {":amount": claim.amount, ":nothing": 0, ":room": claim.limit - claim.amount},
    )


def _givings(claim: Item) -> list[Write]:
    amounts: Mapping[str, int] = claim["quantities"]
    return [
        update(
            _counter_key(claim["requester"], name),
            "SET #used = #used - :amount",
            "attribute_exists(#used)",
            {":amount": amount},
        )
        for name, amount in sorted(amounts.items())
    ]


def _counter_key(requester: str, name: str) -> Key:
    return f"QUOTA#{requester}", name
