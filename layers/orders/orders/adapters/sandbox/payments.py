"""The payment provider's rules: what each operation makes of what happened to a payment before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orders.domain.payments import PaymentState

FLAKY_CALLS = 2
SLOW_POLLS = 3


class Operation(StrEnum):
    """A movement of money, made at most once for each payment. The ledger stores these values: never change one."""

    AUTHORIZE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Payment:
    """One order's payment: what each operation answered when it happened, and what the triggers have counted."""

    customer: str = ""
    amount: int = 0
    answers: Mapping[Operation, PaymentState] = field(default_factory=dict)
    failures: Mapping[Operation, int] = field(default_factory=dict)
    polls: int = 0
    revision: int = 0

    @property
    def state(self) -> PaymentState:
        """Where the money is: what the last operation that changed it left behind."""
        for operation in (Operation.REFUND, Operation.VOID, Operation.CAPTURE, Operation.AUTHORIZE):
            if operation in self.answers:
                return self.answers[operation]
        return PaymentState.NONE


def fails_to_answer(payment: Payment, operation: Operation) -> bool:
    """Return whether the gateway drops this call: the first two of each operation, for `gateway-flaky`."""
    return payment.customer == "gateway-flaky" and payment.failures.get(operation, 0) < FLAKY_CALLS


def dropped(payment: Payment, operation: Operation) -> Payment:
    """Return the payment after a call that was dropped."""
    failures = {**payment.failures, operation: payment.failures.get(operation, 0) + 1}
    return replace(payment, failures=failures)


def answer(payment: Payment, operation: Operation) -> PaymentState | None:
    """Return what the operation does to the payment now; None when it does nothing and the state is the answer."""
    state = payment.state
    match operation:
        case Operation.AUTHORIZE if state is PaymentState.NONE:
            return _unless(payment.customer == "card-declined", PaymentState.AUTHORIZED)
        case Operation.CAPTURE if state is PaymentState.AUTHORIZED:
            return _unless(payment.customer == "capture-declined", PaymentState.CAPTURED)
        case Operation.VOID if state not in {PaymentState.CAPTURED, PaymentState.REFUNDED}:
            return PaymentState.VOIDED
        case Operation.REFUND if state is PaymentState.CAPTURED:
            return PaymentState.REFUNDED
    return None


def _unless(declined: bool, state: PaymentState) -> PaymentState:  # noqa: FBT001 - reads as a sentence
    return PaymentState.DECLINED if declined else state


def answered(payment: Payment, operation: Operation, state: PaymentState) -> Payment:
    """Return the payment after an operation happened."""
    return replace(payment, answers={**payment.answers, operation: state})


def has_settled(payment: Payment) -> bool:
    """Return whether captured money has arrived; for `settlement-slow` only after three polls have said no."""
    arrived = payment.customer != "settlement-slow" or payment.polls >= SLOW_POLLS
    return arrived and Operation.CAPTURE in payment.answers and payment.state is PaymentState.CAPTURED


def polled(payment: Payment) -> Payment:
    """Return the payment after a poll that found nothing yet."""
    return replace(payment, polls=payment.polls + 1)
