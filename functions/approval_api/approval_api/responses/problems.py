"""Bodies of errors: RFC 9457 problems, and API Gateway's own shape."""

from __future__ import annotations

from approval_api.responses.view import Moment, View, optional
from orders.domain.model import Status, Verdict


class FindingView(View):
    """One thing to change: where it is in the request, and what to do."""

    pointer: str
    detail: str


class WinningDecisionView(View):
    """The decision that came first."""

    by: str
    verdict: Verdict
    at: Moment


class WinnerView(View):
    """What an order has come to instead."""

    state: Status
    decision: WinningDecisionView | None = optional()


class ProblemView(View):
    """RFC 9457: what went wrong and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: list[FindingView] | None = optional()
    order: WinnerView | None = optional()


class GatewayView(View):
    """What API Gateway says by itself."""

    message: str
