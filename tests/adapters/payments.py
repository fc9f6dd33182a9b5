"""Payments for the contract of the payment port."""

from orders.domain.model import OrderId
from orders.domain.payments import Money, PaymentRequest


def payment(order_id: OrderId, customer: str = "acme") -> PaymentRequest:
    """Return a payment of five euros."""
    return PaymentRequest(order_id, customer, Money(500, "EUR"))
