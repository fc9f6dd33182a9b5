"""Responses of the decision route."""

from __future__ import annotations

from approval_api.responses.view import Moment, View
from orders.domain.model import LevelOutcome, Verdict
from orders.services.approval import DecisionTaken


class DecisionTakenView(View):
    """A decision, with the outcome of its level."""

    order_id: str
    level: int
    verdict: Verdict
    by: str
    at: Moment
    reason: str | None
    outcome: LevelOutcome


def decision_view(taken: DecisionTaken) -> DecisionTakenView:
    """Return a recorded decision."""
    decision = taken.decision
    return DecisionTakenView(
        order_id=taken.order.order_id,
        level=taken.level.number,
        verdict=decision.verdict,
        by=decision.by,
        at=decision.at,
        reason=decision.reason,
        outcome=taken.level.outcome,
    )
