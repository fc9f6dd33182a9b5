"""The payment provider's memory in DynamoDB: a payment, and beside it one entry for each operation that happened."""

from __future__ import annotations

from collections.abc import Mapping

from orders.adapters import times
from orders.adapters.dynamodb.attributes import Item
from orders.adapters.dynamodb.table import ABSENT, OrdersTable, Write, put
from orders.adapters.sandbox.gateway import LedgerEntry
from orders.adapters.sandbox.payments import Operation, Payment
from orders.domain.model import OrderId
from orders.domain.payments import PaymentState

_PAYMENT = "PAYMENT"
_ENTRY = "ENTRY#"


class DynamoLedger:
    """Payment and entry are one transaction, and an entry is written only where none is: money cannot move twice."""

    def __init__(self, table: OrdersTable) -> None:
        self._table = table

    def load(self, order_id: OrderId) -> Payment:
        """Return the order's payment, an empty one when nothing has happened."""
        item = self._table.get((_partition(order_id), _PAYMENT))
        return Payment() if item is None else _payment_from(item)

    def save(self, order_id: OrderId, payment: Payment, entry: LedgerEntry | None) -> None:
        """Write the payment over the revision it was loaded at, with its entry; WriteConflictError if it is gone."""
        writes = [_payment_write(order_id, payment)]
        if entry is not None:
            writes.append(put(_entry_item(order_id, entry), ABSENT))
        self._table.transact(writes)

    def entries(self, order_id: OrderId) -> tuple[LedgerEntry, ...]:
        """Return what happened, in its order."""
        items = self._table.all_under(_partition(order_id), _ENTRY)
        return tuple(sorted((_entry_from(item) for item in items), key=lambda entry: entry.at))


def _partition(order_id: OrderId) -> str:
    return f"PAYMENT#{order_id}"


def _payment_write(order_id: OrderId, payment: Payment) -> Write:
    item: Item = {
        "pk": _partition(order_id),
        "sk": _PAYMENT,
        "customer": payment.customer,
        "amount": payment.amount,
        "answers": dict(payment.answers),
        "failures": dict(payment.failures),
        "polls": payment.polls,
        "revision": payment.revision + 1,
    }
    if payment.revision == 0:
        return put(item, ABSENT)
    return put(item, "#revision = :loaded", {":loaded": payment.revision})


def _payment_from(item: Item) -> Payment:
    answers: Mapping[str, str] = item["answers"]
    failures: Mapping[str, int] = item["failures"]
    return Payment(
        customer=item["customer"],
        amount=item["amount"],
        answers={Operation(name): PaymentState(state) for name, state in answers.items()},
        failures={Operation(name): count for name, count in failures.items()},
        polls=item["polls"],
        revision=item["revision"],
    )


def _entry_item(order_id: OrderId, entry: LedgerEntry) -> Item:
    return {
        "pk": _partition(order_id),
        "sk": f"{_ENTRY}{entry.operation}",
        "state": entry.state,
        "amount": entry.amount,
        "at": times.written(entry.at),
    }


def _entry_from(item: Item) -> LedgerEntry:
    operation = Operation(item["sk"].removeprefix(_ENTRY))
    return LedgerEntry(operation, PaymentState(item["state"]), item["amount"], times.read(item["at"]))
