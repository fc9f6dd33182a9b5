"""How a move is refused: by the name of the rule, with the state that won."""

from __future__ import annotations

from orders.domain.errors import CountersignError, FieldError, InvalidRequestError
from orders.domain.model import Decision, Job, Level, LevelOutcome, Order, Status
from orders.domain.usernames import same_person


class TransitionRefusedError(CountersignError):
    """A move that the order's state does not allow: `order` is the state that won, `decision` what settled it."""

    def __init__(self, code: str, detail: str, order: Order, decision: Decision | None = None) -> None:
        """Name the rule and keep the row it was judged on."""
        super().__init__(detail)
        self.code = code
        self.order = order
        self.decision = decision


_REFUSALS = {
    Status.EXPIRED: ("order-expired", "Nobody decided this order in time; it has expired. Submit it again."),
    Status.WITHDRAWN: ("order-withdrawn", "The requester has withdrawn this order."),
    Status.CHARGING: ("too-late", "This order is approved and being charged; it is too late for that."),
    Status.COMPLETED: ("too-late", "This order is complete; it is too late for that."),
    Status.COOLING_OFF: ("already-decided", "Every level of this order has been decided; it is cooling off."),
    Status.FULFILLING: ("too-late", "This order is paid and being picked; it is too late for that."),
    Status.NEEDS_ATTENTION: ("too-late", "This order is held until an operator has looked at it."),
    Status.FAILED: ("too-late", "This order has failed; it is too late for that."),
    Status.REFUSED: ("already-decided", "This order was refused before anybody was asked."),
    Status.REJECTED: ("already-decided", "This order has been rejected."),
    Status.SUBMITTED: ("not-open-yet", "This order is still being checked; look again in a moment."),
    Status.PENDING_APPROVAL: ("already-decided", "This level has been decided."),
}


def refusal_by_state(order: Order, level: int | None = None, actor: str | None = None) -> TransitionRefusedError:
    """Return the refusal that names the state which won; a decided level says so whatever came after.

    It carries the level's decision: the actor's own if there is one, else the one that settled the level.
    """
    decided = None if level is None else order.levels[level - 1]
    if decided is None or decided.outcome not in {LevelOutcome.APPROVED, LevelOutcome.REJECTED}:
        return TransitionRefusedError(*_REFUSALS[order.status], order)
    own = (decision for decision in decided.decisions if same_person(decision.by, actor))
    decision = next(own, decided.decisions[-1])
    verdict = "approved" if decided.outcome is LevelOutcome.APPROVED else "rejected"
    return TransitionRefusedError("already-decided", f"This level has been {verdict}.", order, decision)


def not_held(order: Order, _level: int | None = None, _actor: str | None = None) -> TransitionRefusedError:
    """Return the refusal of a recovery for an order that nobody needs to recover."""
    message = f"Only an order that is held can be recovered; this one is {order.status}."
    return TransitionRefusedError("not-held", message, order)


def level_of(order: Order, number: int) -> Level:
    """Return level `number` (from 1); raise InvalidRequestError for one the order does not have."""
    if not 1 <= number <= len(order.levels):
        detail = f"Levels of approval on this order: {len(order.levels)}; name one by its number."
        raise InvalidRequestError((FieldError("/level", detail),))
    return order.levels[number - 1]


def job_of(order: Order, number: int) -> Job:
    """Return picking job `number` (from 1); raise InvalidRequestError for one the order does not have."""
    if not 1 <= number <= len(order.jobs):
        detail = f"Picking jobs of this order: {len(order.jobs)}; name one by its number."
        raise InvalidRequestError((FieldError("/job", detail),))
    return order.jobs[number - 1]
