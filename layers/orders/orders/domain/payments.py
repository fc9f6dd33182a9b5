"""What is known of a payment."""

from __future__ import annotations

from enum import StrEnum


class PaymentState(StrEnum):
    """What the gateway knows of one payment."""

    NONE = "none"
    AUTHORIZED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
