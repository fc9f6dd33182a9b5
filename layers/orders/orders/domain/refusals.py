"""Refusals of commands that an order's state does not allow."""

from __future__ import annotations

from orders.domain.errors import CountersignError
from orders.domain.model import Decision, LevelOutcome, Order, Status
from orders.domain.usernames import same_person


class TransitionRefusedError(CountersignError):
    """A command that the order's state does not allow.

    Attributes:
        order: The row that the command was judged on.
        decision: The decision that settled the level, if one did.

    """

    def __init__(self, code: str, detail: str, order: Order, decision: Decision | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.order = order
        self.decision = decision


_REFUSALS = {
    Status.EXPIRED: ("order-expired", "This order was not decided in time and has expired. Submit it again."),
    Status.WITHDRAWN: ("order-withdrawn", "The requester has withdrawn this order."),
    Status.CHARGING: ("too-late", "This order is approved and being charged; it is too late for that."),
    Status.COMPLETED: ("too-late", "This order is complete; it is too late for that."),
    Status.COOLING_OFF: ("already-decided", "Every level of this order has been decided; it is cooling off."),
    Status.FULFILLING: ("too-late", "This order is paid and being picked; it is too late for that."),
    Status.NEEDS_ATTENTION: ("too-late", "This order is held until an operator has looked at it."),
    Status.FAILED: ("too-late", "This order has failed; it is too late for that."),
    Status.REFUSED: ("already-decided", "This order was refused before its approval began."),
    Status.REJECTED: ("already-decided", "This order has been rejected."),
    Status.SUBMITTED: ("not-open-yet", "This order is still being checked; look again in a moment."),
    Status.PENDING_APPROVAL: ("already-decided", "This level has been decided."),
}


def refused_by_state(order: Order) -> TransitionRefusedError:
    """Return the refusal that names the order's state."""
    return TransitionRefusedError(*_REFUSALS[order.status], order)


def refused_at_level(order: Order, number: int, actor: str) -> TransitionRefusedError:
    """Return the refusal of a command about a level.

    A decided level is named whatever happened to the order later. The refusal then carries the actor's own decision on
    the level, or else the decision that settled it.
    """
    level = order.level(number)
    if level.outcome not in {LevelOutcome.APPROVED, LevelOutcome.REJECTED}:
        return refused_by_state(order)
    own = (decision for decision in level.decisions if same_person(decision.by, actor))
    decision = next(own, level.decisions[-1])
    verdict = "approved" if level.outcome is LevelOutcome.APPROVED else "rejected"
    return TransitionRefusedError("already-decided", f"This level has been {verdict}.", order, decision)
