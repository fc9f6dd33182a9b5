"""Claims on counters under a key: made once, given back once, each in one transaction with its counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from orders.adapters.aws_errors import RefusedWriteError
from orders.adapters.dynamodb.attributes import Item
from orders.adapters.dynamodb.table import ABSENT, Key, OrdersTable, Write, put
from orders.domain.errors import WriteConflictError

RELEASE_TRIES = 3
_MADE = "reserved"
_RELEASED = "released"


class KeyedClaims:
    """The claims of one kind. A claim's item stays when it is given back, so that its key can never claim again."""

    def __init__(self, table: OrdersTable, kind: str) -> None:
        self._table = table
        self._kind = kind

    def make(
        self, key: str, quantities: Mapping[str, int], takings: Sequence[Write], owner: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Make the claim and its takings (one for each of `quantities`, by name); return the names that did not fit.

        A key that was released fits nothing. A key that has its claim keeps it.
        """
        claim = {**self._item(key, _MADE, quantities), **owner}
        try:
            self._table.transact([put(claim, ABSENT), *takings])
        except RefusedWriteError as refusal:
            names = sorted(quantities)
            if 0 in refusal.failed:
                return () if self._state(key) == _MADE else tuple(names)
            if not refusal.failed:
                raise
            return tuple(names[position - 1] for position in sorted(refusal.failed))
        return ()

    def give_back(self, key: str, givings: Callable[[Item], Sequence[Write]]) -> None:
        """Give back, once, what the key's item says; a key without a claim is closed all the same."""
        for _ in range(RELEASE_TRIES):
            claim = self._table.get(self._key(key))
            if claim is not None and claim["state"] == _RELEASED:
                return
            try:
                self._table.transact(self._releasing(key, claim, givings))
            except RefusedWriteError:
                continue
            return
        raise WriteConflictError(f"Others keep writing the {self._kind.lower()} {key}; try again.")

    def _releasing(self, key: str, claim: Item | None, givings: Callable[[Item], Sequence[Write]]) -> list[Write]:
        if claim is None:
            return [put(self._item(key, _RELEASED, {}), ABSENT)]
        return [put({**claim, "state": _RELEASED}, "#state = :made", {":made": _MADE}), *givings(claim)]

    def _state(self, key: str) -> str:
        claim = self._table.get(self._key(key))
        return _RELEASED if claim is None else str(claim["state"])

    def _item(self, key: str, state: str, quantities: Mapping[str, int]) -> Item:
        pk, sk = self._key(key)
        return {"pk": pk, "sk": sk, "state": state, "quantities": dict(quantities)}

    def _key(self, key: str) -> Key:
        return f"{self._kind}#{key}", self._kind
