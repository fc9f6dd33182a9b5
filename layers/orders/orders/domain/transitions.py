"""Every legal move of an order, in one table. Pure: an order and a command go in, a change or a refusal comes out.

The API, the workflow, the tests and the documentation are all driven by `TABLE`. Whoever wants to move an order builds
a command, calls `judge` on the row just read, and writes the change under the condition that the row is still the one
that was judged: that single conditional write decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from orders.domain.errors import (
    FieldError,
    InvalidRequestError,
    NotAnApproverError,
    NotTheRequesterError,
    SegregationOfDutiesError,
    TransitionRefusedError,
)
from orders.domain.model import (
    AuditEntry,
    Decision,
    DocumentRef,
    Level,
    LevelOutcome,
    Order,
    OrderDocument,
    OrderId,
    Person,
    Status,
    Verdict,
)
from orders.domain.policy import escalation_target

WORKFLOW = "workflow"
NOTIFIER = "notifier"
FIRST_REMINDER_AFTER_A_LOST_REQUEST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write: `after` replaces `before` and the audit gains `entry`, or nothing happens at all."""

    before: Order | None
    after: Order
    entry: AuditEntry | None


# --- commands: what somebody wants to do -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLevel:
    """Ask the level's people. Publishes the id of the callback that wakes the workflow."""

    level: int
    callback_id: str
    possible_duplicate_of: OrderId | None = None
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Decide:
    """An approver's word on a level."""

    person: Person
    level: int
    verdict: Verdict
    reason: str | None

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The requester takes the order back."""

    person: Person
    reason: str | None

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class Remind:
    """Mark a reminder as due; the workflow sends it."""

    level: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Escalate:
    """Let the next role up the ladder decide too."""

    level: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Expire:
    """Close a level that nobody decided in time, by whoever touches the row first after the deadline."""

    level: int
    actor: str


@dataclass(frozen=True, slots=True)
class NoteUndelivered:
    """A message about a level could not be handed to the notifier. It never fails the order; the audit says so."""

    level: int
    message: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Refuse:
    """Screening, stock or authorisation said no."""

    reason: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class BeginCharge:
    """The point of no return."""

    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Complete:
    """Paid and delivered."""

    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Fail:
    """The charge did not succeed and everything is undone."""

    reason: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class NeedAttention:
    """Nobody can tell any more what happened; fence the order until an operator has looked."""

    reason: str
    actor: str


Command = (
    OpenLevel
    | Decide
    | Withdraw
    | Remind
    | Escalate
    | Expire
    | NoteUndelivered
    | Refuse
    | BeginCharge
    | Complete
    | Fail
    | NeedAttention
)


# --- guards: each one refuses, or says nothing -----------------------------------------------------------------------


def level_of(order: Order, number: int) -> Level:
    """Return level `number` (from 1); raise InvalidRequestError for one the order does not have."""
    if not 1 <= number <= len(order.levels):
        detail = f"This order has {len(order.levels)} level(s) of approval; name one of them."
        raise InvalidRequestError((FieldError("/level", detail),))
    return order.levels[number - 1]


def _may_decide(order: Order, command: Decide, _now: datetime) -> None:
    level = level_of(order, command.level)
    if not command.person.roles & level.deciding_roles:
        roles = " or ".join(sorted(level.deciding_roles))
        message = f"Level {level.number} of this order is decided by {roles}."
        raise NotAnApproverError(message)


def _separate_duties(order: Order, command: Decide, _now: datetime) -> None:
    if command.person.username == order.requester:
        message = "Nobody decides an order of their own; ask a colleague."
        raise SegregationOfDutiesError(message)
    others = (level for level in order.levels if level.number != command.level)
    if any(decision.by == command.person.username for level in others for decision in level.decisions):
        message = "You have decided another level of this order; somebody else must decide this one."
        raise SegregationOfDutiesError(message)


def _level_is_open(order: Order, command: Decide | Remind | Escalate | Expire, _now: datetime) -> None:
    level = level_of(order, command.level)
    if level.opened_at is None:
        message = f"Level {level.number} is not open yet; look again when it is."
        raise TransitionRefusedError("not-open-yet", message, order)
    if level.outcome is not LevelOutcome.OPEN:
        raise refusal_by_state(order, command.level, command.actor)


def _has_not_voted(order: Order, command: Decide, _now: datetime) -> None:
    earlier = earlier_decision(order, command)
    if earlier is not None:
        message = "You have decided this level already, and a decision stands."
        raise TransitionRefusedError("already-decided", message, order, earlier)


def _before_deadline(order: Order, command: Decide, now: datetime) -> None:
    deadline = level_of(order, command.level).deadline
    if deadline is None or now >= deadline:
        message = "The time to decide this order is over."
        raise TransitionRefusedError("order-expired", message, order)


def _past_deadline(order: Order, command: Expire, now: datetime) -> None:
    deadline = level_of(order, command.level).deadline
    if deadline is None or now < deadline:
        message = "The time to decide this order is not over."
        raise TransitionRefusedError("not-due", message, order)


def _reminder_is_due(order: Order, command: Remind, now: datetime) -> None:
    _refuse_unless_due(order, level_of(order, command.level).remind_at, now)


def _escalation_is_due(order: Order, command: Escalate, now: datetime) -> None:
    _refuse_unless_due(order, level_of(order, command.level).escalate_at, now)


def _refuse_unless_due(order: Order, due: datetime | None, now: datetime) -> None:
    if due is None or now < due:
        message = "That is not due yet."
        raise TransitionRefusedError("not-due", message, order)


def _is_requester(order: Order, command: Withdraw, _now: datetime) -> None:
    if command.person.username != order.requester:
        message = "Only the person who asked for an order can withdraw it."
        raise NotTheRequesterError(message)


def _is_next_level(order: Order, command: OpenLevel, _now: datetime) -> None:
    upcoming = order.next_level
    if upcoming is None or upcoming.number != command.level or not _all_approved(order.levels[: command.level - 1]):
        message = f"Level {command.level} cannot be opened now."
        raise TransitionRefusedError("not-open-yet", message, order)


def _every_level_approved(order: Order, _command: BeginCharge, _now: datetime) -> None:
    if not _all_approved(order.levels):
        message = "This order has not been approved."
        raise TransitionRefusedError("not-approved", message, order)


def _all_approved(levels: tuple[Level, ...]) -> bool:
    return all(level.outcome is LevelOutcome.APPROVED for level in levels)


# --- effects: the order afterwards (version, audit and time are added by `judge`) -------------------------------------


def _with_level(order: Order, level: Level) -> tuple[Level, ...]:
    return tuple(level if each.number == level.number else each for each in order.levels)


def _opened(order: Order, command: OpenLevel, now: datetime) -> Order:
    level = level_of(order, command.level)
    deadline = now + timedelta(seconds=level.terms.window_seconds)
    escalate_at = now + timedelta(seconds=level.terms.escalation_seconds)
    level = replace(
        level,
        outcome=LevelOutcome.OPEN,
        opened_at=now,
        deadline=deadline,
        remind_at=_before(deadline, now + timedelta(seconds=level.terms.reminder_seconds)),
        escalate_at=_before(deadline, escalate_at) if escalation_target(level.terms.role) else None,
        callback_id=command.callback_id,
    )
    return replace(
        order,
        status=Status.PENDING_APPROVAL,
        levels=_with_level(order, level),
        possible_duplicate_of=command.possible_duplicate_of or order.possible_duplicate_of,
    )


def _before(deadline: datetime, moment: datetime) -> datetime | None:
    return moment if moment < deadline else None


def _decided(order: Order, command: Decide, now: datetime) -> Order:
    level = level_of(order, command.level)
    decisions = (*level.decisions, Decision(command.person.username, command.verdict, command.reason, now))
    if command.verdict is Verdict.REJECT:
        level = replace(level, outcome=LevelOutcome.REJECTED, decisions=decisions)
        reason = f"{command.person.username} rejected it: {command.reason}"
        return replace(order, status=Status.REJECTED, levels=_with_level(order, level), outcome_reason=reason)
    enough = len(decisions) >= level.terms.quorum
    level = replace(level, outcome=LevelOutcome.APPROVED if enough else LevelOutcome.OPEN, decisions=decisions)
    return replace(order, levels=_with_level(order, level))


def _withdrawn(order: Order, command: Withdraw, _now: datetime) -> Order:
    level = order.current_level
    levels = order.levels
    if level is not None and level.outcome is LevelOutcome.OPEN:
        levels = _with_level(order, replace(level, outcome=LevelOutcome.WITHDRAWN))
    reason = f"Withdrawn: {command.reason}" if command.reason else "Withdrawn by the requester"
    return replace(order, status=Status.WITHDRAWN, levels=levels, outcome_reason=reason)


def _expired(order: Order, command: Expire, _now: datetime) -> Order:
    level = replace(level_of(order, command.level), outcome=LevelOutcome.EXPIRED)
    reason = f"Nobody decided level {level.number} in time"
    return replace(order, status=Status.EXPIRED, levels=_with_level(order, level), outcome_reason=reason)


def _reminded(order: Order, command: Remind, now: datetime) -> Order:
    level = level_of(order, command.level)
    following = now + timedelta(seconds=level.terms.reminder_seconds)
    remind_at = _before(level.deadline, following) if level.deadline else None
    return replace(order, levels=_with_level(order, replace(level, reminders=level.reminders + 1, remind_at=remind_at)))


def _escalated(order: Order, command: Escalate, _now: datetime) -> Order:
    level = level_of(order, command.level)
    target = escalation_target(level.terms.role)
    return replace(order, levels=_with_level(order, replace(level, escalated_to=target, escalate_at=None)))


def _noted(order: Order, command: NoteUndelivered, now: datetime) -> Order:
    level = level_of(order, command.level)
    soon = now + FIRST_REMINDER_AFTER_A_LOST_REQUEST
    first = level.reminders == 0 and level.deadline is not None and soon < level.deadline
    remind_at = min(level.remind_at or soon, soon) if first else level.remind_at
    level = replace(level, remind_at=remind_at, undelivered=(*level.undelivered, command.message))
    return replace(order, levels=_with_level(order, level))


def _to(status: Status) -> Callable[[Order, Command, datetime], Order]:
    def effect(order: Order, command: Command, _now: datetime) -> Order:
        return replace(order, status=status, outcome_reason=getattr(command, "reason", order.outcome_reason))

    return effect


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: which command, by whom, from where, under which guards, to where."""

    by: str
    sources: frozenset[Status]
    targets: frozenset[Status]
    guards: tuple[Callable[..., None], ...]
    effect: Callable[..., Order]


_OPEN_FOR_WITHDRAWAL = frozenset({Status.SUBMITTED, Status.PENDING_APPROVAL})
_PENDING = frozenset({Status.PENDING_APPROVAL})
_UNDER_WAY = frozenset({Status.SUBMITTED, Status.PENDING_APPROVAL, Status.CHARGING})

TABLE: dict[type[Command], Rule] = {
    OpenLevel: Rule(
        "workflow",
        frozenset({Status.SUBMITTED, Status.PENDING_APPROVAL}),
        _PENDING,
        (_is_next_level,),
        _opened,
    ),
    Decide: Rule(
        "approver",
        _PENDING,
        frozenset({Status.PENDING_APPROVAL, Status.REJECTED}),
        (_level_is_open, _has_not_voted, _before_deadline),
        _decided,
    ),
    Withdraw: Rule("requester", _OPEN_FOR_WITHDRAWAL, frozenset({Status.WITHDRAWN}), (), _withdrawn),
    Remind: Rule("workflow", _PENDING, _PENDING, (_level_is_open, _reminder_is_due), _reminded),
    Escalate: Rule("workflow", _PENDING, _PENDING, (_level_is_open, _escalation_is_due), _escalated),
    Expire: Rule(
        "whoever comes first",
        _PENDING,
        frozenset({Status.EXPIRED}),
        (_level_is_open, _past_deadline),
        _expired,
    ),
    NoteUndelivered: Rule("workflow", _PENDING, _PENDING, (), _noted),
    Refuse: Rule("workflow", frozenset({Status.SUBMITTED}), frozenset({Status.REFUSED}), (), _to(Status.REFUSED)),
    BeginCharge: Rule(
        "workflow",
        frozenset({Status.SUBMITTED, Status.PENDING_APPROVAL}),
        frozenset({Status.CHARGING}),
        (_every_level_approved,),
        _to(Status.CHARGING),
    ),
    Complete: Rule("workflow", frozenset({Status.CHARGING}), frozenset({Status.COMPLETED}), (), _to(Status.COMPLETED)),
    Fail: Rule("workflow", frozenset({Status.CHARGING}), frozenset({Status.FAILED}), (), _to(Status.FAILED)),
    NeedAttention: Rule(
        "workflow or notifier",
        _UNDER_WAY,
        frozenset({Status.NEEDS_ATTENTION}),
        (),
        _to(Status.NEEDS_ATTENTION),
    ),
}

# Who may ask at all is judged before the state is: a stranger learns nothing from the order in which we refuse.
_PERMISSIONS: dict[type[Command], tuple[Callable[..., None], ...]] = {
    Decide: (_may_decide, _separate_duties),
    Withdraw: (_is_requester,),
}


def judge(order: Order, command: Command, now: datetime) -> Change:
    """Return the change that `command` makes to `order` at `now`.

    Raises NotAnApproverError, SegregationOfDutiesError or NotTheRequesterError when the person may not ask, and
    TransitionRefusedError, with the state that won, when the order does not allow it.
    """
    rule = TABLE[type(command)]
    for permission in _PERMISSIONS.get(type(command), ()):
        permission(order, command, now)
    if order.status not in rule.sources:
        raise refusal_by_state(order, getattr(command, "level", None), command.actor)
    for guard in rule.guards:
        guard(order, command, now)
    after = rule.effect(order, command, now)
    after = replace(after, version=order.version + 1, audit_seq=order.audit_seq + 1, updated_at=now)
    return Change(order, after, _entry(order, after, command, now))


def register(document: OrderDocument, ref: DocumentRef, execution_arn: str | None) -> Change:
    """Return the row's creation: the same for API and workflow, whoever comes first."""
    order = Order(
        order_id=document.order_id,
        version=1,
        audit_seq=1,
        status=Status.SUBMITTED,
        requester=document.requester,
        customer=document.customer,
        currency=document.currency,
        total=document.total,
        note=document.note,
        line_count=len(document.lines),
        submitted_at=document.submitted_at,
        updated_at=document.submitted_at,
        document=ref,
        policy_version=document.policy_version,
        levels=tuple(Level(number, terms) for number, terms in enumerate(document.levels, start=1)),
        execution_arn=execution_arn,
    )
    entry = AuditEntry(
        order_id=order.order_id,
        seq=1,
        at=document.submitted_at,
        actor=document.requester,
        event="submitted",
        from_status=None,
        to_status=Status.SUBMITTED,
        data={"total": document.total, "policyVersion": document.policy_version},
    )
    return Change(None, order, entry)


def publish_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that puts a later look's callback id in the row. Nothing happened, so the audit is silent."""
    level = replace(level_of(order, number), callback_id=callback_id)
    return Change(order, replace(order, version=order.version + 1, levels=_with_level(order, level)), None)


def next_command(order: Order, number: int, now: datetime, *, actor: str) -> Command | None:
    """Return what is due on an open level at `now`: expiry before escalation before reminder, or nothing."""
    level = level_of(order, number)
    if level.outcome is not LevelOutcome.OPEN:
        return None
    if level.deadline is not None and now >= level.deadline:
        return Expire(number, actor)
    if level.escalate_at is not None and now >= level.escalate_at:
        return Escalate(number)
    if level.remind_at is not None and now >= level.remind_at:
        return Remind(number)
    return None


def next_due(level: Level) -> datetime | None:
    """Return when an open level next needs somebody to look at it."""
    return min((at for at in (level.deadline, level.escalate_at, level.remind_at) if at is not None), default=None)


def earlier_decision(order: Order, command: Decide) -> Decision | None:
    """Return the same person's earlier decision on the level, if there is one."""
    decisions = level_of(order, command.level).decisions
    return next((decision for decision in decisions if decision.by == command.person.username), None)


_REFUSALS = {
    Status.EXPIRED: ("order-expired", "Nobody decided this order in time; it has expired. Submit it again."),
    Status.WITHDRAWN: ("order-withdrawn", "The requester has withdrawn this order."),
    Status.CHARGING: ("too-late", "This order is approved and being charged; it is too late for that."),
    Status.COMPLETED: ("too-late", "This order is complete; it is too late for that."),
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
    own = (decision for decision in decided.decisions if decision.by == actor)
    decision = next(own, decided.decisions[-1])
    verdict = "approved" if decided.outcome is LevelOutcome.APPROVED else "rejected"
    return TransitionRefusedError("already-decided", f"This level has been {verdict}.", order, decision)


_EVENTS: dict[type[Command], str] = {
    OpenLevel: "level-opened",
    Withdraw: "withdrawn",
    Remind: "reminded",
    Escalate: "escalated",
    Expire: "expired",
    NoteUndelivered: "notification-failed",
    Refuse: "refused",
    BeginCharge: "charge-begun",
    Complete: "completed",
    Fail: "failed",
    NeedAttention: "needs-attention",
}


def _entry(before: Order, after: Order, command: Command, now: datetime) -> AuditEntry:
    if isinstance(command, Decide):
        event = "approved" if command.verdict is Verdict.APPROVE else "rejected"
    else:
        event = _EVENTS[type(command)]
    data = {name: getattr(command, name) for name in ("level", "reason", "message") if hasattr(command, name)}
    return AuditEntry(
        order_id=after.order_id,
        seq=after.audit_seq,
        at=now,
        actor=command.actor,
        event=event,
        from_status=before.status,
        to_status=after.status,
        data=data,
    )
