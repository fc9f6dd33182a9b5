"""Simulated credit bureau, warehouse and payment provider, with values that trigger each result.

Customers: `credit-refused`, `card-declined`, `capture-declined`, `gateway-flaky` (the first two calls of each
operation fail), `settlement-slow` (three polls before the payment settles); every other customer succeeds.
Goods: the catalogue says how much of each there is (`SOLD-OUT` has none, `LAST-ONE` one).
"""

from orders.adapters.sandbox.bureau import SandboxBureau
from orders.adapters.sandbox.gateway import Ledger, LedgerEntry, SandboxGateway
from orders.adapters.sandbox.ledger import DynamoLedger
from orders.adapters.sandbox.warehouse import SandboxWarehouse

__all__ = ["DynamoLedger", "Ledger", "LedgerEntry", "SandboxBureau", "SandboxGateway", "SandboxWarehouse"]
