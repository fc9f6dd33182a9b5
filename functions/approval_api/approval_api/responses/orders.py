"""Responses that show orders, documents and audits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from approval_api.responses.picking import JobView, job_view
from approval_api.responses.view import Moment, View, optional
from orders.domain.model import AuditEntry, Decision, Level, LevelOutcome, Order, OrderDocument, Role, Status, Verdict


class DecisionView(View):
    """One decision on a level."""

    by: str
    verdict: Verdict
    reason: str | None
    at: Moment


class LevelView(View):
    """One level of approval."""

    level: int
    role: Role
    escalated_to: Role | None = optional()
    quorum: int
    outcome: LevelOutcome
    deadline: Moment | None
    decisions: tuple[DecisionView, ...]


class OrderView(View):
    """An order; `actions` lists what the caller may do with it now."""

    order_id: str
    status: Status
    level: int | None
    total: int
    currency: str
    customer: str
    requester: str
    note: str | None
    line_count: int
    submitted_at: Moment
    updated_at: Moment
    deadline: Moment | None
    levels: tuple[LevelView, ...]
    actions: tuple[str, ...]
    possible_duplicate_of: str | None = optional()
    outcome_reason: str | None = optional()
    cooling_off_until: Moment | None = optional()
    jobs: tuple[JobView, ...] | None = optional()


class OrdersView(View):
    """A page of orders."""

    items: tuple[OrderView, ...]
    next_cursor: str | None


class LineView(View):
    """A line with its price at submission."""

    sku: str
    quantity: int
    unit_price: int
    amount: int


class LevelTermsView(View):
    """The terms of a level, fixed at submission."""

    role: Role
    quorum: int
    window_seconds: int
    reminder_seconds: int
    escalation_seconds: int


class PickingTermsView(View):
    """The claim time and the heartbeat interval of picking jobs."""

    claim_seconds: int
    beat_seconds: int


class DocumentView(View):
    """The full order as submitted."""

    order_id: str
    fingerprint: str
    requester: str
    customer: str
    currency: str
    note: str | None
    total: int
    lines: tuple[LineView, ...]
    submitted_at: Moment
    catalogue_version: str
    policy_version: str
    levels: tuple[LevelTermsView, ...]
    cooling_off_seconds: int
    picking: PickingTermsView | None


class AuditEntryView(View):
    """One audit entry."""

    seq: int
    at: Moment
    actor: str
    event: str
    from_status: Annotated[Status | None, Field(serialization_alias="from")]
    to_status: Annotated[Status, Field(serialization_alias="to")]
    data: dict[str, Any]


class AuditView(View):
    """The audit, oldest first, numbered without gaps from 1."""

    items: tuple[AuditEntryView, ...]


def order_view(order: Order, actions: Sequence[str]) -> OrderView:
    """Return the order with the actions that the caller may take."""
    current = order.current_level
    return OrderView(
        order_id=order.order_id,
        status=order.status,
        level=None if current is None else current.number,
        total=order.total,
        currency=order.currency,
        customer=order.customer,
        requester=order.requester,
        note=order.note,
        line_count=order.line_count,
        submitted_at=order.submitted_at,
        updated_at=order.updated_at,
        deadline=current.deadline if current is not None and current.outcome is LevelOutcome.OPEN else None,
        levels=tuple(_level_view(level) for level in order.levels),
        actions=tuple(actions),
        possible_duplicate_of=order.possible_duplicate_of,
        outcome_reason=order.outcome_reason,
        cooling_off_until=order.cooling_off_until,
        jobs=tuple(job_view(job) for job in order.jobs) or None,
    )


def _level_view(level: Level) -> LevelView:
    return LevelView(
        level=level.number,
        role=level.terms.role,
        escalated_to=level.escalated_to,
        quorum=level.terms.quorum,
        outcome=level.outcome,
        deadline=level.deadline,
        decisions=tuple(_decision_view(decision) for decision in level.decisions),
    )


def _decision_view(decision: Decision) -> DecisionView:
    return DecisionView.model_validate(decision)


def document_view(document: OrderDocument) -> DocumentView:
    """Return the document."""
    return DocumentView.model_validate(document)


def audit_view(entries: Sequence[AuditEntry]) -> AuditView:
    """Return the audit."""
    return AuditView(items=tuple(AuditEntryView.model_validate(entry) for entry in entries))
