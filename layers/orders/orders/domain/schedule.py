"""What is due on a level or a picking job, and when."""

from __future__ import annotations

from datetime import datetime

from orders.domain.approval import Escalate, Expire, Remind
from orders.domain.model import Job, JobState, Level, LevelOutcome, Order
from orders.domain.picking import LeaveJob, LoseJob
from orders.domain.rules import Command


def next_command(order: Order, number: int, now: datetime, *, actor: str) -> Command | None:
    """Return what is due on an open level at `now`: expiry before escalation before reminder, or None."""
    level = order.level(number)
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
    """Return the earliest moment at which something becomes due on an open level."""
    return min((at for at in (level.deadline, level.escalate_at, level.remind_at) if at is not None), default=None)


def next_job_command(job: Job, now: datetime) -> Command | None:
    """Return what is due on a picking job at `now`: no claim in time, no heartbeat in time, or None."""
    if job.state is JobState.OPEN and now >= job.claim_deadline:
        return LeaveJob(job.number)
    if job.state is JobState.CLAIMED and job.lost_at is not None and now >= job.lost_at:
        return LoseJob(job.number)
    return None
