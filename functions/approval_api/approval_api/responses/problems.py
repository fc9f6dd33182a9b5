"""Bodies of errors: RFC 9457 problems, and API Gateway's own shape."""

from __future__ import annotations

from approval_api.responses.view import Moment, View, optional
from orders.domain.model import Status, Verdict


class FindingView(View):
    """One required change: its place in the request, and the remedy."""

    pointer: str
    detail: str


class WinningDecisionView(View):
    """The decision that was recorded first."""

    by: str
    verdict: Verdict
    at: Moment


class WinnerView(View):
    """The state that refused the request."""

    state: Status
    decision: WinningDecisionView | None = optional()


class ProblemView(View):
    """A problem as defined by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: list[FindingView] | None = optional()
    order: WinnerView | None = optional()


class GatewayView(View):
    """An error of API Gateway itself."""

    message: str
