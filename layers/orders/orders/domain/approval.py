"""Approval of an order, level by level, and its withdrawal: commands, guards, effects and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from orders.domain.errors import NotAnApproverError, NotTheRequesterError, SegregationOfDutiesError
from orders.domain.model import Decision, LevelOutcome, Order, OrderId, Status, Verdict
from orders.domain.policy import escalation_target
from orders.domain.refusals import TransitionRefusedError, refused_at_level
from orders.domain.rules import BEFORE_CHARGE, PENDING, Audited, Command, PersonCommand, Rule, among
from orders.domain.usernames import WORKFLOW, same_person

FIRST_REMINDER_AFTER_A_FAILED_REQUEST = timedelta(seconds=60)

# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLevel(Audited):
    """Open a level for decisions and publish the id of the callback that wakes the workflow."""

    event: ClassVar[str] = "level-opened"
    audited: ClassVar[tuple[str, ...]] = ("level",)
    level: int
    callback_id: str
    possible_duplicate_of: OrderId | None = None
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Decide(PersonCommand):
    """Approve or reject a level."""

    audited: ClassVar[tuple[str, ...]] = ("level", "reason")
    level: int
    verdict: Verdict
    reason: str | None

    @property
    def event(self) -> str:
        return "approved" if self.verdict is Verdict.APPROVE else "rejected"


@dataclass(frozen=True, slots=True)
class Withdraw(PersonCommand):
    """Take the order back; only its requester can."""

    event: ClassVar[str] = "withdrawn"
    audited: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str | None


@dataclass(frozen=True, slots=True)
class Remind(Audited):
    """Record a reminder as due; the workflow sends it."""

    event: ClassVar[str] = "reminded"
    audited: ClassVar[tuple[str, ...]] = ("level",)
    level: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Escalate(Audited):
    """Let the next role up the ladder decide too."""

    event: ClassVar[str] = "escalated"
    audited: ClassVar[tuple[str, ...]] = ("level",)
    level: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Expire(Audited):
    """Close a level whose window ended without a decision; the first actor to touch the row after that writes it."""

    event: ClassVar[str] = "expired"
    audited: ClassVar[tuple[str, ...]] = ("level",)
    level: int
    actor: str


@dataclass(frozen=True, slots=True)
class NoteUndelivered(Audited):
    """Record that a message about a level could not be handed to the notifier. It never fails the order."""

    event: ClassVar[str] = "notification-failed"
    audited: ClassVar[tuple[str, ...]] = ("level", "message")
    level: int
    message: str
    actor: ClassVar[str] = WORKFLOW


class LevelCommand(Command, Protocol):
    """A command about one level."""

    @property
    def level(self) -> int:
        """The level's number, counted from 1."""
        ...


# --- guards -----------------------------------------------------------------------------------------------------------


def may_decide(order: Order, command: Decide, _now: datetime) -> None:
    """Require a role that this level asks for."""
    level = order.level(command.level)
    if not command.person.roles & level.deciding_roles:
        roles = " or ".join(sorted(level.deciding_roles))
        raise NotAnApproverError(f"Level {level.number} of this order is decided by {roles}.")


def separate_duties(order: Order, command: Decide, _now: datetime) -> None:
    """Refuse a person who requested the order or has decided another level of it."""
    if same_person(command.person.username, order.requester):
        raise SegregationOfDutiesError("You cannot decide your own order; ask a colleague.")
    others = (level for level in order.levels if level.number != command.level)
    if any(same_person(decision.by, command.person.username) for level in others for decision in level.decisions):
        message = "You have decided another level of this order; another person must decide this one."
        raise SegregationOfDutiesError(message)


def level_is_open(order: Order, command: LevelCommand, _now: datetime) -> None:
    """Require a level that is open and undecided."""
    level = order.level(command.level)
    if level.opened_at is None:
        message = f"Level {level.number} is not open yet; look again when it is."
        raise TransitionRefusedError("not-open-yet", message, order)
    if level.outcome is not LevelOutcome.OPEN:
        raise level_refusal(order, command)


def has_not_voted(order: Order, command: Decide, _now: datetime) -> None:
    """Refuse a second decision of one person on one level."""
    earlier = earlier_decision(order, command)
    if earlier is not None:
        message = "You have decided this level already; a decision cannot be changed."
        raise TransitionRefusedError("already-decided", message, order, earlier)


def before_deadline(order: Order, command: Decide, now: datetime) -> None:
    """Refuse a decision at or after the level's deadline."""
    deadline = order.level(command.level).deadline
    if deadline is None or now >= deadline:
        raise TransitionRefusedError("order-expired", "The time to decide this order is over.", order)


def past_deadline(order: Order, command: Expire, now: datetime) -> None:
    """Refuse an expiry before the level's deadline."""
    deadline = order.level(command.level).deadline
    if deadline is None or now < deadline:
        raise TransitionRefusedError("not-due", "The time to decide this order is not over.", order)


def reminder_is_due(order: Order, command: Remind, now: datetime) -> None:
    """Refuse a reminder before it is due."""
    _refuse_unless_due(order, order.level(command.level).remind_at, now)


def escalation_is_due(order: Order, command: Escalate, now: datetime) -> None:
    """Refuse an escalation before it is due."""
    _refuse_unless_due(order, order.level(command.level).escalate_at, now)


def _refuse_unless_due(order: Order, due: datetime | None, now: datetime) -> None:
    if due is None or now < due:
        raise TransitionRefusedError("not-due", "That is not due yet.", order)


def is_requester(order: Order, command: Withdraw, _now: datetime) -> None:
    """Require the person who requested the order."""
    if not same_person(command.person.username, order.requester):
        raise NotTheRequesterError("Only the person who asked for an order can withdraw it.")


def is_next_level(order: Order, command: OpenLevel, _now: datetime) -> None:
    """Require the next level, with every level before it approved."""
    upcoming = order.next_level
    before = order.levels[: command.level - 1]
    approved = all(level.outcome is LevelOutcome.APPROVED for level in before)
    if upcoming is None or upcoming.number != command.level or not approved:
        raise TransitionRefusedError("not-open-yet", f"Level {command.level} cannot be opened now.", order)


def level_refusal(order: Order, command: LevelCommand) -> TransitionRefusedError:
    """Refuse a command about a level by that level's outcome, or else by the order's state."""
    return refused_at_level(order, command.level, command.actor)


def earlier_decision(order: Order, command: Decide) -> Decision | None:
    """Return the same person's earlier decision on the level, if there is one."""
    decisions = order.level(command.level).decisions
    return next((decision for decision in decisions if same_person(decision.by, command.person.username)), None)


# --- effects ----------------------------------------------------------------------------------------------------------


def opened(order: Order, command: OpenLevel, now: datetime) -> Order:
    """Open the level and plan its deadline, reminder and escalation."""
    level = order.level(command.level)
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
    duplicate = command.possible_duplicate_of or order.possible_duplicate_of
    return replace(order.with_level(level), status=Status.PENDING_APPROVAL, possible_duplicate_of=duplicate)


def _before(deadline: datetime, moment: datetime) -> datetime | None:
    return moment if moment < deadline else None


def decided(order: Order, command: Decide, now: datetime) -> Order:
    """Add the decision; one rejection rejects the order, and the quorum approves the level."""
    level = order.level(command.level)
    decisions = (*level.decisions, Decision(command.person.username, command.verdict, command.reason, now))
    if command.verdict is Verdict.REJECT:
        rejected = order.with_level(replace(level, outcome=LevelOutcome.REJECTED, decisions=decisions))
        reason = f"{command.person.username} rejected it: {command.reason}"
        return replace(rejected, status=Status.REJECTED, outcome_reason=reason)
    enough = len(decisions) >= level.terms.quorum
    outcome = LevelOutcome.APPROVED if enough else LevelOutcome.OPEN
    return order.with_level(replace(level, outcome=outcome, decisions=decisions))


def withdrawn(order: Order, command: Withdraw, _now: datetime) -> Order:
    """Withdraw the order, and the level that was open."""
    level = order.current_level
    if level is not None and level.outcome is LevelOutcome.OPEN:
        order = order.with_level(replace(level, outcome=LevelOutcome.WITHDRAWN))
    reason = f"Withdrawn: {command.reason}" if command.reason else "Withdrawn by the requester"
    return replace(order, status=Status.WITHDRAWN, outcome_reason=reason)


def expired(order: Order, command: Expire, _now: datetime) -> Order:
    """Expire the level and the order."""
    level = replace(order.level(command.level), outcome=LevelOutcome.EXPIRED)
    reason = f"Level {level.number} was not decided in time"
    return replace(order.with_level(level), status=Status.EXPIRED, outcome_reason=reason)


def reminded(order: Order, command: Remind, now: datetime) -> Order:
    """Count the reminder and plan the next one."""
    level = order.level(command.level)
    following = now + timedelta(seconds=level.terms.reminder_seconds)
    remind_at = _before(level.deadline, following) if level.deadline else None
    return order.with_level(replace(level, reminders=level.reminders + 1, remind_at=remind_at))


def escalated(order: Order, command: Escalate, _now: datetime) -> Order:
    """Let the next role up the ladder decide too."""
    level = order.level(command.level)
    target = escalation_target(level.terms.role)
    return order.with_level(replace(level, escalated_to=target, escalate_at=None))


def delivery_failed(order: Order, command: NoteUndelivered, now: datetime) -> Order:
    """Record the message; if it was the level's first request, bring the first reminder forward."""
    level = order.level(command.level)
    soon = now + FIRST_REMINDER_AFTER_A_FAILED_REQUEST
    first = level.reminders == 0 and level.deadline is not None and soon < level.deadline
    remind_at = min(level.remind_at or soon, soon) if first else level.remind_at
    return order.with_level(replace(level, remind_at=remind_at, undelivered=(*level.undelivered, command.message)))


# --- rows -------------------------------------------------------------------------------------------------------------

ROWS = (
    Rule(
        OpenLevel,
        by="workflow",
        sources=among(Status.SUBMITTED, Status.PENDING_APPROVAL),
        targets=PENDING,
        effect=opened,
        guards=(is_next_level,),
        refusal=level_refusal,
    ),
    Rule(
        Decide,
        by="approver",
        sources=PENDING,
        targets=among(Status.PENDING_APPROVAL, Status.REJECTED),
        effect=decided,
        guards=(level_is_open, has_not_voted, before_deadline),
        permissions=(may_decide, separate_duties),
        refusal=level_refusal,
    ),
    Rule(
        Remind,
        by="workflow",
        sources=PENDING,
        targets=PENDING,
        effect=reminded,
        guards=(level_is_open, reminder_is_due),
        refusal=level_refusal,
    ),
    Rule(
        Escalate,
        by="workflow",
        sources=PENDING,
        targets=PENDING,
        effect=escalated,
        guards=(level_is_open, escalation_is_due),
        refusal=level_refusal,
    ),
    Rule(
        NoteUndelivered,
        by="workflow",
        sources=PENDING,
        targets=PENDING,
        effect=delivery_failed,
        refusal=level_refusal,
    ),
    Rule(
        Expire,
        by="first actor after the deadline",
        sources=PENDING,
        targets=among(Status.EXPIRED),
        effect=expired,
        guards=(level_is_open, past_deadline),
        refusal=level_refusal,
    ),
    Rule(
        Withdraw,
        by="requester",
        sources=BEFORE_CHARGE,
        targets=among(Status.WITHDRAWN),
        effect=withdrawn,
        permissions=(is_requester,),
    ),
)
