"""Every audited move of an order, in one table. Pure: an order and a command go in, a change or a refusal comes out.

The API, the workflow, the tests and the documentation are all driven by `TABLE`. To move an order, build a command,
call `judge` on the row just read, and write the change on the condition that the row is still the one that was judged:
that single conditional write decides. The writes that the audit does not record are in `orders.domain.callbacks`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from orders.domain import approval, charging, picking, recovery
from orders.domain.model import AuditEntry, Order
from orders.domain.rules import Change, Command, Rule

TABLE: dict[type[Command], Rule[Any]] = {
    rule.command: rule for rule in (*approval.ROWS, *charging.ROWS, *picking.ROWS, *recovery.ROWS)
}


def judge(order: Order, command: Command, now: datetime) -> Change:
    """Return the change that `command` makes to `order` at `now`.

    Raises:
        NotAnApproverError, NotPermittedError, NotTheRequesterError, SegregationOfDutiesError: The person may not give
            this command.
        TransitionRefusedError: The order's state does not allow it; the error carries the order.

    """
    rule = TABLE[type(command)]
    for permission in rule.permissions:
        permission(order, command, now)
    if order.status not in rule.sources:
        raise rule.refusal(order, command)
    for guard in rule.guards:
        guard(order, command, now)
    after = rule.effect(order, command, now)
    after = replace(after, version=order.version + 1, audit_seq=order.audit_seq + 1, updated_at=now)
    return Change(order, after, _entry(order, after, command, now))


def _entry(before: Order, after: Order, command: Command, now: datetime) -> AuditEntry:
    return AuditEntry(
        order_id=after.order_id,
        seq=after.audit_seq,
        at=now,
        actor=command.actor,
        event=command.event,
        from_status=before.status,
        to_status=after.status,
        data=command.audit_data,
    )
