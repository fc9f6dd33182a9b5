"""Responses of the decision route."""

from __future__ import annotations

from approval_api.responses.view import Moment, View
from orders.domain.model import LevelOutcome, Verdict
from orders.services.approval import DecisionTaken


class DecisionTakenView(View):
    """A decision, and how its level stands after it."""

    order_id: str
    level: int
    verdict: Verdict
    by: str
    at: Moment
    reason: str | None
    outcome: LevelOutcome


def decision_view(taken: DecisionTaken) -> DecisionTakenView:
    """Return a decision that was taken, by this request or by an earlier one."""
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
