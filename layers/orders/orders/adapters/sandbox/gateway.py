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
from orders.domain.payments import PaymentRequest, PaymentState
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

    def authorize(self, payment: PaymentRequest) -> PaymentState:
        """Return AUTHORIZED or DECLINED; VOIDED when the payment was voided before."""
        return self._operate(payment.order_id, self._asked(payment), Operation.AUTHORIZE)

    def capture(self, payment: PaymentRequest) -> PaymentState:
        """Return CAPTURED or DECLINED; VOIDED when the payment was voided, NONE when it was never authorized."""
        return self._operate(payment.order_id, self._asked(payment), Operation.CAPTURE)

    def settled(self, payment: PaymentRequest) -> bool:
        """Return whether the captured payment has settled; one poll."""
        known = replace(self._ledger.load(payment.order_id), customer=payment.customer)
        if has_settled(known):
            return True
        self._ledger.save(payment.order_id, polled(known), None)
        return False

    def void(self, order_id: OrderId) -> PaymentState:
        """Void the authorization, made or still to come; CAPTURED or REFUNDED when it is too late."""
        return self._operate(order_id, self._ledger.load(order_id), Operation.VOID)

    def refund(self, order_id: OrderId) -> PaymentState:
        """Refund what was captured; return the state unchanged when nothing was."""
        return self._operate(order_id, self._ledger.load(order_id), Operation.REFUND)

    def state(self, order_id: OrderId) -> PaymentState:
        """Return the payment's state."""
        return self._ledger.load(order_id).state

    def _asked(self, payment: PaymentRequest) -> Payment:
        known = self._ledger.load(payment.order_id)
        return replace(known, customer=payment.customer, amount=payment.money.amount)

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
