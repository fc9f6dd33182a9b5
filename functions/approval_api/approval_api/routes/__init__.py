"""The routes, one module for each resource. `ROUTERS` is the one list of them, in the order of the description."""

from __future__ import annotations

from approval_api.routes import decisions, operators, orders, picking, reference

ROUTERS = (orders.router, decisions.router, picking.router, operators.router, reference.router)
