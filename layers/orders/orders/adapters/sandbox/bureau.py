"""The sandbox's credit bureau."""

from __future__ import annotations


class SandboxBureau:
    """Trusts everybody but the customer `credit-refused`."""

    def check(self, customer: str, total: int) -> str | None:
        """Return None for yes, or the reason for no."""
        if customer != "credit-refused" or total <= 0:
            return None
        return f"The credit bureau gives {customer} no credit. Ask the customer to pay in advance."
