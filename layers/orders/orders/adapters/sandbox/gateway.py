"""The sandbox's payment provider: pure rules over a ledger that keeps what happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from orders.adapters.sandbox.payments import (
    Operation,
    Payment,
    answer,
    answered,
    dropped,
    fails_to_answer,
    has_settled,
    polled,
)
from orders.domain.errors import GatewayUnavailableError
from orders.domain.model import OrderId
from orders.domain.payments import PaymentState
from orders.services.ports import Clock


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One operation that happened, with its answer. A payment never has two entries of one operation."""

    operation: Operation
    state: PaymentState
    amount: int
    at: datetime


class Ledger(Protocol):
    """Keeps payments, and one entry for each operation that happened."""

    def load(self, order_id: OrderId) -> Payment:
        """Return the order's payment, an empty one when nothing has happened."""
        ...

    def save(self, order_id: OrderId, payment: Payment, entry: LedgerEntry | None) -> None:
        """Write the payment over the revision it was loaded at, with its entry; WriteConflictError if it is gone."""
        ...

    def entries(self, order_id: OrderId) -> tuple[LedgerEntry, ...]:
        """Return what happened, in its order."""
        ...


class SandboxGateway:
    """Every call is keyed by the order: a repeat answers what happened the first time."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def authorize(self, order_id: OrderId, customer: str, amount: int) -> PaymentState:
        """Return AUTHORIZED or DECLINED; VOIDED when the payment was given up before."""
        payment = replace(self._ledger.load(order_id), customer=customer, amount=amount)
        return self._operate(order_id, payment, Operation.AUTHORIZE)

    def capture(self, order_id: OrderId, customer: str, amount: int) -> PaymentState:
        """Return CAPTURED or DECLINED; VOIDED when the payment was given up, NONE when it never was authorised."""
        payment = replace(self._ledger.load(order_id), customer=customer, amount=amount)
        return self._operate(order_id, payment, Operation.CAPTURE)

    def settled(self, order_id: OrderId, customer: str) -> bool:
        """Return whether the captured money has arrived; one poll."""
        payment = replace(self._ledger.load(order_id), customer=customer)
        if has_settled(payment):
            return True
        self._ledger.save(order_id, polled(payment), None)
        return False

    def void(self, order_id: OrderId) -> PaymentState:
        """Give up the authorisation, had or still to come; CAPTURED or REFUNDED when it is too late."""
        return self._operate(order_id, self._ledger.load(order_id), Operation.VOID)

    def refund(self, order_id: OrderId) -> PaymentState:
        """Pay back what was captured; what never was captured stays as it is."""
        return self._operate(order_id, self._ledger.load(order_id), Operation.REFUND)

    def state(self, order_id: OrderId) -> PaymentState:
        """Return what the gateway knows."""
        return self._ledger.load(order_id).state

    def _operate(self, order_id: OrderId, payment: Payment, operation: Operation) -> PaymentState:
        if operation in payment.answers:
            return payment.answers[operation]
        if fails_to_answer(payment, operation):
            self._ledger.save(order_id, dropped(payment, operation), None)
            raise GatewayUnavailableError(f"The payment gateway did not answer ({operation}); try again.")
        state = answer(payment, operation)
        if state is None:
            return payment.state
        entry = LedgerEntry(operation, state, payment.amount, self._clock.now())
        self._ledger.save(order_id, answered(payment, operation, state), entry)
        return state
