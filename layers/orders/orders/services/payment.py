"""Authorising, capturing and undoing a payment. Key: `orderId`, for each operation once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orders.domain.model import DocumentRef, OrderId
from orders.domain.payments import PaymentState
from orders.services.ports import DocumentStore, PaymentGateway


class CaptureOutcome(StrEnum):
    """The closed set of what capturing can come to."""

    CAPTURED = "captured"
    NOT_CAPTURED = "not-captured"


@dataclass(frozen=True, slots=True)
class PaymentService:
    """One authorisation, one capture, and their undoing, each at most once for an order."""

    documents: DocumentStore
    gateway: PaymentGateway

    def authorize(self, ref: DocumentRef) -> bool:
        """Return whether the customer's money is set aside; a decline is an answer."""
        document = self.documents.read(ref)
        return self.gateway.authorize(document.order_id, document.customer, document.total) is PaymentState.AUTHORIZED

    def capture(self, ref: DocumentRef) -> CaptureOutcome:
        """Take the money. A repeat returns what the gateway did the first time."""
        document = self.documents.read(ref)
        state = self.gateway.capture(document.order_id, document.customer, document.total)
        return CaptureOutcome.CAPTURED if state is PaymentState.CAPTURED else CaptureOutcome.NOT_CAPTURED

    def find_capture(self, order_id: OrderId) -> CaptureOutcome:
        """Ask by key what became of a capture nobody heard back from."""
        state = self.gateway.state(order_id)
        return CaptureOutcome.CAPTURED if state is PaymentState.CAPTURED else CaptureOutcome.NOT_CAPTURED

    def has_settled(self, ref: DocumentRef) -> bool:
        """Return whether the captured money has arrived; one poll."""
        document = self.documents.read(ref)
        return self.gateway.settled(document.order_id, document.customer)

    def refund(self, order_id: OrderId) -> None:
        """Pay back what was captured."""
        self.gateway.refund(order_id)

    def void(self, order_id: OrderId) -> None:
        """Give up the authorisation, if there is one; afterwards a capture is impossible.

        A capture that nobody heard back from may have won after all; then the money goes back.
        """
        if self.gateway.void(order_id) is PaymentState.CAPTURED:
            self.gateway.refund(order_id)
