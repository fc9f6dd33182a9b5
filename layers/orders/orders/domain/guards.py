"""What must hold for a command. Each guard refuses by raising, or says nothing."""

from __future__ import annotations

from datetime import datetime

from orders.domain.commands import (
    BeginCharge,
    BeginCoolingOff,
    BeginRecovery,
    ClaimJob,
    Complete,
    Decide,
    Escalate,
    Expire,
    LeaveJob,
    LoseJob,
    OpenJob,
    OpenLevel,
    Remind,
    ReportPicking,
    RequestStop,
    Withdraw,
)
from orders.domain.errors import (
    NotAnApproverError,
    NotPermittedError,
    NotTheRequesterError,
    SegregationOfDutiesError,
    TransitionRefusedError,
)
from orders.domain.model import Decision, JobState, Level, LevelOutcome, Order, Role
from orders.domain.refusals import job_of, level_of, refusal_by_state
from orders.domain.usernames import same_person

MAX_JOBS = 2


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
    if upcoming is None or upcoming.number != command.level or not _all_approved(order.levels[: command.level - 1]):
        message = f"Level {command.level} cannot be opened now."
        raise TransitionRefusedError("not-open-yet", message, order)


def every_level_approved(order: Order, _command: BeginCharge | BeginCoolingOff, _now: datetime) -> None:
    """Every level is approved."""
    if not _all_approved(order.levels):
        message = "This order has not been approved."
        raise TransitionRefusedError("not-approved", message, order)


def _all_approved(levels: tuple[Level, ...]) -> bool:
    return all(level.outcome is LevelOutcome.APPROVED for level in levels)


def earlier_decision(order: Order, command: Decide) -> Decision | None:
    """Return the same person's earlier decision on the level, if there is one."""
    decisions = level_of(order, command.level).decisions
    return next((decision for decision in decisions if same_person(decision.by, command.person.username)), None)


def cooling_off_is_due(order: Order, command: BeginCoolingOff, now: datetime) -> None:
    """The policy asks for a rest and every level is approved."""
    every_level_approved(order, command, now)
    if order.cooling_off_seconds == 0:
        raise TransitionRefusedError("not-due", "This order needs no cooling-off.", order)


def cooling_off_is_over(order: Order, _command: BeginCharge, now: datetime) -> None:
    """What must rest has rested."""
    if order.cooling_off_seconds == 0:
        return
    if order.cooling_off_until is None or now < order.cooling_off_until:
        raise TransitionRefusedError("not-due", "This order is still cooling off.", order)


def is_delivered(order: Order, _command: Complete, _now: datetime) -> None:
    """Physical goods have been picked; digital ones need nobody."""
    picked = bool(order.jobs) and order.jobs[-1].state is JobState.PICKED
    if order.picking is not None and not picked:
        raise TransitionRefusedError("not-picked", "The goods of this order have not been picked.", order)


def is_next_job(order: Order, command: OpenJob, _now: datetime) -> None:
    """Only physical goods are picked, at most twice, and the second time after the first was lost or failed."""
    again = all(job.state in {JobState.LOST, JobState.FAILED} for job in order.jobs)
    fits = command.job == len(order.jobs) + 1 <= MAX_JOBS
    if order.picking is None or not fits or not again:
        raise TransitionRefusedError("job-superseded", "This picking job cannot be opened.", order)


def is_operator(_order: Order, command: RequestStop | BeginRecovery, _now: datetime) -> None:
    """The person runs this system."""
    if Role.OPERATORS not in command.person.roles:
        raise NotPermittedError("Only operators may do that.")


def picks_goods(_order: Order, command: ClaimJob | ReportPicking, _now: datetime) -> None:
    """The person works in the warehouse."""
    if Role.WAREHOUSE not in command.person.roles:
        raise NotPermittedError("Only the warehouse may do that.")


def is_next_recovery(order: Order, command: BeginRecovery, _now: datetime) -> None:
    """Recoveries are numbered without gaps, so that two operators at once start one."""
    if command.number != order.recoveries + 1:
        raise TransitionRefusedError("already-recovering", "Somebody else has begun this recovery.", order)


def job_is_free(order: Order, command: ClaimJob, now: datetime) -> None:
    """Nobody has claimed the job and its time is not over."""
    job = job_of(order, command.job)
    if job.state is JobState.CLAIMED and not same_person(job.claimed_by, command.person.username):
        raise TransitionRefusedError("job-claimed", f"{job.claimed_by} has claimed this job.", order)
    if job.state is not JobState.OPEN or now >= job.claim_deadline:
        raise job_superseded(order)


def job_is_mine(order: Order, command: ReportPicking, _now: datetime) -> None:
    """The person has claimed the job, and it is still theirs."""
    job = job_of(order, command.job)
    if job.state is not JobState.CLAIMED:
        raise job_superseded(order)
    if not same_person(job.claimed_by, command.person.username):
        raise TransitionRefusedError("job-claimed", f"{job.claimed_by} has claimed this job.", order)


def beats_are_missing(order: Order, command: LoseJob, now: datetime) -> None:
    """The station that claimed the job has been silent for too long."""
    job = job_of(order, command.job)
    if job.state is not JobState.CLAIMED or job.lost_at is None or now < job.lost_at:
        raise TransitionRefusedError("not-due", "This job's station is still beating.", order)


def nobody_came(order: Order, command: LeaveJob, now: datetime) -> None:
    """The time to claim the job is over."""
    job = job_of(order, command.job)
    if job.state is not JobState.OPEN or now < job.claim_deadline:
        raise TransitionRefusedError("not-due", "This job can still be claimed.", order)


def job_superseded(order: Order) -> TransitionRefusedError:
    """Return the refusal of a station whose job is no longer its own."""
    return TransitionRefusedError("job-superseded", "This picking job is over; look at the list for open ones.", order)
