"""Authorization, capture and undoing of a payment. The order's id is the key; the provider does each operation once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orders.domain.model import DocumentRef, OrderId
from orders.domain.payments import PaymentState, payment_for
from orders.services.ports import DocumentStore, PaymentGateway


class CaptureOutcome(StrEnum):
    """The closed set of results of a capture."""

    CAPTURED = "captured"
    NOT_CAPTURED = "not-captured"


@dataclass(frozen=True, slots=True)
class PaymentService:
    """The operations on the payment of an order, each effective at most once."""

    documents: DocumentStore
    gateway: PaymentGateway

    def authorize(self, ref: DocumentRef) -> bool:
        """Return whether the provider authorized the payment; a decline is returned, not raised."""
        payment = payment_for(self.documents.read(ref))
        return self.gateway.authorize(payment) is PaymentState.AUTHORIZED

    def capture(self, ref: DocumentRef) -> CaptureOutcome:
        """Capture the payment; a repeated call returns the result of the first."""
        return _outcome(self.gateway.capture(payment_for(self.documents.read(ref))))

    def find_capture(self, order_id: OrderId) -> CaptureOutcome:
        """Look up the result of a capture whose response was lost."""
        return _outcome(self.gateway.state(order_id))

    def has_settled(self, ref: DocumentRef) -> bool:
        """Return whether the captured payment has settled; one poll."""
        return self.gateway.settled(payment_for(self.documents.read(ref)))

    def refund(self, order_id: OrderId) -> None:
        """Refund what was captured."""
        self.gateway.refund(order_id)

    def void(self, order_id: OrderId) -> None:
        """Void the authorization, so that no later capture can succeed.

        A capture whose response was lost may have succeeded; then refund it.
        """
        if self.gateway.void(order_id) is PaymentState.CAPTURED:
            self.gateway.refund(order_id)


def _outcome(state: PaymentState) -> CaptureOutcome:
    return CaptureOutcome.CAPTURED if state is PaymentState.CAPTURED else CaptureOutcome.NOT_CAPTURED
