"""Approving an order, level by level, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from orders.domain.errors import NotAnApproverError, NotTheRequesterError, SegregationOfDutiesError
from orders.domain.model import Decision, Level, LevelOutcome, Order, OrderId, Person, Status, Verdict
from orders.domain.policy import escalation_target
from orders.domain.refusals import TransitionRefusedError, level_of, refusal_by_state
from orders.domain.rules import BEFORE_CHARGE, PENDING, Command, Rule, among
from orders.domain.usernames import WORKFLOW, same_person

# --- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLevel:
    """Ask the level's people. Publishes the id of the callback that wakes the workflow."""

    event: ClassVar[str] = "level-opened"
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

    @property
    def event(self) -> str:
        """What the audit calls it."""
        return "approved" if self.verdict is Verdict.APPROVE else "rejected"


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The requester takes the order back."""

    event: ClassVar[str] = "withdrawn"
    person: Person
    reason: str | None

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class Remind:
    """Mark a reminder as due; the workflow sends it."""

    event: ClassVar[str] = "reminded"
    level: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Escalate:
    """Let the next role up the ladder decide too."""

    event: ClassVar[str] = "escalated"
    level: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Expire:
    """Close a level that nobody decided in time, by whoever touches the row first after the deadline."""

    event: ClassVar[str] = "expired"
    level: int
    actor: str


@dataclass(frozen=True, slots=True)
class NoteUndelivered:
    """A message about a level could not be handed to the notifier. It never fails the order; the audit says so."""

    event: ClassVar[str] = "notification-failed"
    level: int
    message: str
    actor: ClassVar[str] = WORKFLOW


# --- guards ----------------------------------------------------------------------------------------------------------


def may_decide(order: Order, command: Decide, _now: datetime) -> None:
    """The person has a role that this level asks for."""
    level = level_of(order, command.level)
    if not command.person.roles & level.deciding_roles:
        roles = " or ".join(sorted(level.deciding_roles))
        message = f"Level {level.number} of this order is decided by {roles}."
        raise NotAnApproverError(message)


def separate_duties(order: Order, command: Decide, _now: datetime) -> None:
    """Nobody decides an order of their own, nor two levels of one order."""
    if same_person(command.person.username, order.requester):
        message = "Nobody decides an order of their own; ask a colleague."
        raise SegregationOfDutiesError(message)
    others = (level for level in order.levels if level.number != command.level)
    if any(same_person(decision.by, command.person.username) for level in others for decision in level.decisions):
        message = "You have decided another level of this order; somebody else must decide this one."
        raise SegregationOfDutiesError(message)


def level_is_open(order: Order, command: Decide | Remind | Escalate | Expire, _now: datetime) -> None:
    """The level is open and undecided."""
    level = level_of(order, command.level)
    if level.opened_at is None:
        message = f"Level {level.number} is not open yet; look again when it is."
        raise TransitionRefusedError("not-open-yet", message, order)
    if level.outcome is not LevelOutcome.OPEN:
        raise refusal_by_state(order, command.level, command.actor)


def has_not_voted(order: Order, command: Decide, _now: datetime) -> None:
    """The person has not decided this level yet."""
    earlier = earlier_decision(order, command)
    if earlier is not None:
        message = "You have decided this level already, and a decision stands."
        raise TransitionRefusedError("already-decided", message, order, earlier)


def before_deadline(order: Order, command: Decide, now: datetime) -> None:
    """There is still time."""
    deadline = level_of(order, command.level).deadline
    if deadline is None or now >= deadline:
        message = "The time to decide this order is over."
        raise TransitionRefusedError("order-expired", message, order)


def past_deadline(order: Order, command: Expire, now: datetime) -> None:
    """The time is over."""
    deadline = level_of(order, command.level).deadline
    if deadline is None or now < deadline:
        message = "The time to decide this order is not over."
        raise TransitionRefusedError("not-due", message, order)


def reminder_is_due(order: Order, command: Remind, now: datetime) -> None:
    """A reminder is due."""
    _refuse_unless_due(order, level_of(order, command.level).remind_at, now)


def escalation_is_due(order: Order, command: Escalate, now: datetime) -> None:
    """The escalation is due."""
    _refuse_unless_due(order, level_of(order, command.level).escalate_at, now)


def _refuse_unless_due(order: Order, due: datetime | None, now: datetime) -> None:
    if due is None or now < due:
        message = "That is not due yet."
        raise TransitionRefusedError("not-due", message, order)


def is_requester(order: Order, command: Withdraw, _now: datetime) -> None:
    """The person asked for this order."""
    if not same_person(command.person.username, order.requester):
        message = "Only the person who asked for an order can withdraw it."
        raise NotTheRequesterError(message)


def is_next_level(order: Order, command: OpenLevel, _now: datetime) -> None:
    """The level is the next one, and every one before it is approved."""
    upcoming = order.next_level
    if upcoming is None or upcoming.number != command.level or not all_approved(order.levels[: command.level - 1]):
        message = f"Level {command.level} cannot be opened now."
        raise TransitionRefusedError("not-open-yet", message, order)


def all_approved(levels: tuple[Level, ...]) -> bool:
    """Return whether each of these levels is approved."""
    return all(level.outcome is LevelOutcome.APPROVED for level in levels)


def earlier_decision(order: Order, command: Decide) -> Decision | None:
    """Return the same person's earlier decision on the level, if there is one."""
    decisions = level_of(order, command.level).decisions
    return next((decision for decision in decisions if same_person(decision.by, command.person.username)), None)


# --- effects ---------------------------------------------------------------------------------------------------------


FIRST_REMINDER_AFTER_A_LOST_REQUEST = timedelta(seconds=60)


def with_level(order: Order, level: Level) -> tuple[Level, ...]:
    """Return the order's levels with this one in its place."""
    return tuple(level if each.number == level.number else each for each in order.levels)


def opened(order: Order, command: OpenLevel, now: datetime) -> Order:
    """The level is open, with everything that will be due."""
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
        levels=with_level(order, level),
        possible_duplicate_of=command.possible_duplicate_of or order.possible_duplicate_of,
    )


def _before(deadline: datetime, moment: datetime) -> datetime | None:
    return moment if moment < deadline else None


def decided(order: Order, command: Decide, now: datetime) -> Order:
    """The level has one decision more, and perhaps its outcome."""
    level = level_of(order, command.level)
    decisions = (*level.decisions, Decision(command.person.username, command.verdict, command.reason, now))
    if command.verdict is Verdict.REJECT:
        level = replace(level, outcome=LevelOutcome.REJECTED, decisions=decisions)
        reason = f"{command.person.username} rejected it: {command.reason}"
        return replace(order, status=Status.REJECTED, levels=with_level(order, level), outcome_reason=reason)
    enough = len(decisions) >= level.terms.quorum
    level = replace(level, outcome=LevelOutcome.APPROVED if enough else LevelOutcome.OPEN, decisions=decisions)
    return replace(order, levels=with_level(order, level))


def withdrawn(order: Order, command: Withdraw, _now: datetime) -> Order:
    """The order is withdrawn, and so is a level that was open."""
    level = order.current_level
    levels = order.levels
    if level is not None and level.outcome is LevelOutcome.OPEN:
        levels = with_level(order, replace(level, outcome=LevelOutcome.WITHDRAWN))
    reason = f"Withdrawn: {command.reason}" if command.reason else "Withdrawn by the requester"
    return replace(order, status=Status.WITHDRAWN, levels=levels, outcome_reason=reason)


def expired(order: Order, command: Expire, _now: datetime) -> Order:
    """The level and the order have expired."""
    level = replace(level_of(order, command.level), outcome=LevelOutcome.EXPIRED)
    reason = f"Nobody decided level {level.number} in time"
    return replace(order, status=Status.EXPIRED, levels=with_level(order, level), outcome_reason=reason)


def reminded(order: Order, command: Remind, now: datetime) -> Order:
    """One reminder more, and the next one planned."""
    level = level_of(order, command.level)
    following = now + timedelta(seconds=level.terms.reminder_seconds)
    remind_at = _before(level.deadline, following) if level.deadline else None
    return replace(order, levels=with_level(order, replace(level, reminders=level.reminders + 1, remind_at=remind_at)))


def escalated(order: Order, command: Escalate, _now: datetime) -> Order:
    """The next role may decide too."""
    level = level_of(order, command.level)
    target = escalation_target(level.terms.role)
    return replace(order, levels=with_level(order, replace(level, escalated_to=target, escalate_at=None)))


def noted(order: Order, command: NoteUndelivered, now: datetime) -> Order:
    """The lost message is on record, and a lost request brings the first reminder forward."""
    level = level_of(order, command.level)
    soon = now + FIRST_REMINDER_AFTER_A_LOST_REQUEST
    first = level.reminders == 0 and level.deadline is not None and soon < level.deadline
    remind_at = min(level.remind_at or soon, soon) if first else level.remind_at
    level = replace(level, remind_at=remind_at, undelivered=(*level.undelivered, command.message))
    return replace(order, levels=with_level(order, level))


# --- rows ------------------------------------------------------------------------------------------------------------


ROWS: dict[type[Command], Rule] = {
    OpenLevel: Rule(
        "workflow",
        among(Status.SUBMITTED, Status.PENDING_APPROVAL),
        PENDING,
        opened,
        guards=(is_next_level,),
    ),
    Decide: Rule(
        "approver",
        PENDING,
        among(Status.PENDING_APPROVAL, Status.REJECTED),
        decided,
        guards=(level_is_open, has_not_voted, before_deadline),
        permissions=(may_decide, separate_duties),
    ),
    Remind: Rule("workflow", PENDING, PENDING, reminded, guards=(level_is_open, reminder_is_due)),
    Escalate: Rule("workflow", PENDING, PENDING, escalated, guards=(level_is_open, escalation_is_due)),
    NoteUndelivered: Rule("workflow", PENDING, PENDING, noted),
    Expire: Rule(
        "whoever comes first",
        PENDING,
        among(Status.EXPIRED),
        expired,
        guards=(level_is_open, past_deadline),
    ),
    Withdraw: Rule("requester", BEFORE_CHARGE, among(Status.WITHDRAWN), withdrawn, permissions=(is_requester,)),
}
