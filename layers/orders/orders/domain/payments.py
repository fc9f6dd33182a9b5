"""Payments, in the terms that a payment provider uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orders.domain.model import OrderDocument, OrderId

ON_FILE = "on-file"
"""The payment method that the provider has on file for the customer. Orders do not name another one."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency, shown as `1,234.50 EUR`."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return f"{self.amount // 100:,}.{self.amount % 100:02} {self.currency}"


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A payment to authorize or capture.

    Attributes:
        order_id: The order, and the idempotency key of each operation on its payment.
        customer: The customer who pays, as the provider knows them.
        money: What to charge.
        method: The provider's reference to the payment method.

    """

    order_id: OrderId
    customer: str
    money: Money
    method: str = ON_FILE


class PaymentState(StrEnum):
    """The state of a payment at the provider. The ledger stores these values: never change one."""

    NONE = "none"
    AUTHORIZED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"


def payment_for(document: OrderDocument) -> PaymentRequest:
    """Return the payment of an order."""
    return PaymentRequest(document.order_id, document.customer, Money(document.total, document.currency))
