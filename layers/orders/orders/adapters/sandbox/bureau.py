"""The sandbox's credit bureau."""

from __future__ import annotations


class SandboxBureau:
    """Accepts every customer except `credit-refused`."""

    def check(self, customer: str, total: int) -> str | None:
        """Return None to accept the customer, or the reason for a refusal."""
        if customer != "credit-refused" or total <= 0:
            return None
        return f"The credit bureau gives {customer} no credit. Ask the customer to pay in advance."
