"""The order after a command. Version, audit and time are added by `orders.domain.transitions.judge`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from orders.domain.commands import (
    BeginCoolingOff,
    BeginRecovery,
    ClaimJob,
    Command,
    Decide,
    Escalate,
    Expire,
    LeaveJob,
    LoseJob,
    NoteUndelivered,
    OpenJob,
    OpenLevel,
    Remind,
    ReportPicking,
    Withdraw,
)
from orders.domain.model import Decision, Job, JobState, Level, LevelOutcome, Order, Status, Verdict
from orders.domain.policy import escalation_target
from orders.domain.refusals import job_of, level_of

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


def to(status: Status) -> Callable[[Order, Command, datetime], Order]:
    """Return the effect that only moves the order, with the command's reason if it has one."""

    def effect(order: Order, command: Command, _now: datetime) -> Order:
        return replace(order, status=status, outcome_reason=getattr(command, "reason", order.outcome_reason))

    return effect


def rested(order: Order, _command: BeginCoolingOff, now: datetime) -> Order:
    """The order rests."""
    until = now + timedelta(seconds=order.cooling_off_seconds)
    return replace(order, status=Status.COOLING_OFF, cooling_off_until=until)


def job_opened(order: Order, command: OpenJob, now: datetime) -> Order:
    """The warehouse has one job more."""
    terms = order.picking
    claim_seconds, beat_seconds = (terms.claim_seconds, terms.beat_seconds) if terms else (0, 0)
    job = Job(
        number=command.job,
        beat_seconds=beat_seconds,
        opened_at=now,
        claim_deadline=now + timedelta(seconds=claim_seconds),
        claim_callback_id=command.callback_id,
    )
    return replace(order, status=Status.FULFILLING, jobs=(*order.jobs, job))


def job_claimed(order: Order, command: ClaimJob, now: datetime) -> Order:
    """The job has its station."""
    job = job_of(order, command.job)
    claimed = replace(job, state=JobState.CLAIMED, claimed_by=command.person.username, last_beat_at=now, beats=1)
    return with_job(order, claimed)


def picking_reported(order: Order, command: ReportPicking, _now: datetime) -> Order:
    """The job has its result."""
    state = JobState.PICKED if command.picked else JobState.FAILED
    return with_job(order, replace(job_of(order, command.job), state=state, reason=command.reason))


def job_lost(order: Order, command: LoseJob, _now: datetime) -> Order:
    """The job is nobody's any more."""
    return with_job(order, replace(job_of(order, command.job), state=JobState.LOST))


def job_left(order: Order, command: LeaveJob, _now: datetime) -> Order:
    """The job was never anybody's."""
    return with_job(order, replace(job_of(order, command.job), state=JobState.UNCLAIMED))


def recovery_begun(order: Order, _command: BeginRecovery, _now: datetime) -> Order:
    """One recovery more; its number is part of the execution's name."""
    return replace(order, recoveries=order.recoveries + 1)


def unchanged(order: Order, _command: Command, _now: datetime) -> Order:
    """Only the audit says something."""
    return order


def with_job(order: Order, job: Job) -> Order:
    """Return the order with this job in its place."""
    return replace(order, jobs=tuple(job if each.number == job.number else each for each in order.jobs))
