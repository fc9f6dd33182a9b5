"""Every legal move of an order, in one table. Pure: an order and a command go in, a change or a refusal comes out.

The API, the workflow, the tests and the documentation are all driven by `TABLE`. Whoever wants to move an order builds
a command, calls `judge` on the row just read, and writes the change under the condition that the row is still the one
that was judged: that single conditional write decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from orders.domain import effects, guards
from orders.domain.commands import (
    BeginCharge,
    BeginCoolingOff,
    BeginRecovery,
    ClaimJob,
    Command,
    Complete,
    Decide,
    Escalate,
    Expire,
    Fail,
    LeaveJob,
    LoseJob,
    NeedAttention,
    NoteUndelivered,
    OpenJob,
    OpenLevel,
    Recover,
    Refuse,
    Remind,
    ReportPicking,
    RequestStop,
    Withdraw,
)
from orders.domain.errors import TransitionRefusedError
from orders.domain.model import (
    AuditEntry,
    DocumentRef,
    Job,
    JobState,
    Level,
    LevelOutcome,
    Order,
    OrderDocument,
    Status,
)
from orders.domain.refusals import job_of, level_of, not_held, refusal_by_state


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write: `after` replaces `before` and the audit gains `entry`, or nothing happens at all."""

    before: Order | None
    after: Order
    entry: AuditEntry | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: a command by whom, from where, to where, who may ask at all, what must hold.

    `permissions` are judged before the state is: a stranger learns nothing from the order in which we refuse. `refusal`
    tells why a move is refused from anywhere but its sources.
    """

    by: str
    sources: frozenset[Status]
    targets: frozenset[Status]
    effect: Callable[..., Order]
    guards: tuple[Callable[..., None], ...] = ()
    permissions: tuple[Callable[..., None], ...] = ()
    refusal: Callable[..., TransitionRefusedError] = refusal_by_state


def _in(*statuses: Status) -> frozenset[Status]:
    return frozenset(statuses)


_BEFORE_CHARGE = _in(Status.SUBMITTED, Status.PENDING_APPROVAL, Status.COOLING_OFF)
_PENDING = _in(Status.PENDING_APPROVAL)
_COOLING = _in(Status.COOLING_OFF)
_CHARGING = _in(Status.CHARGING)
_PAID = _in(Status.CHARGING, Status.FULFILLING)
_FULFILLING = _in(Status.FULFILLING)
_HELD = _in(Status.NEEDS_ATTENTION)
_UNDER_WAY = _BEFORE_CHARGE | _PAID

TABLE: dict[type[Command], Rule] = {
    Refuse: Rule("workflow", _in(Status.SUBMITTED), _in(Status.REFUSED), effects.to(Status.REFUSED)),
    OpenLevel: Rule(
        "workflow",
        _in(Status.SUBMITTED, Status.PENDING_APPROVAL),
        _PENDING,
        effects.opened,
        guards=(guards.is_next_level,),
    ),
    Decide: Rule(
        "approver",
        _PENDING,
        _in(Status.PENDING_APPROVAL, Status.REJECTED),
        effects.decided,
        guards=(guards.level_is_open, guards.has_not_voted, guards.before_deadline),
        permissions=(guards.may_decide, guards.separate_duties),
    ),
    Remind: Rule(
        "workflow", _PENDING, _PENDING, effects.reminded, guards=(guards.level_is_open, guards.reminder_is_due)
    ),
    Escalate: Rule(
        "workflow", _PENDING, _PENDING, effects.escalated, guards=(guards.level_is_open, guards.escalation_is_due)
    ),
    NoteUndelivered: Rule("workflow", _PENDING, _PENDING, effects.noted),
    Expire: Rule(
        "whoever comes first",
        _PENDING,
        _in(Status.EXPIRED),
        effects.expired,
        guards=(guards.level_is_open, guards.past_deadline),
    ),
    BeginCoolingOff: Rule("workflow", _PENDING, _COOLING, effects.rested, guards=(guards.cooling_off_is_due,)),
    Withdraw: Rule(
        "requester", _BEFORE_CHARGE, _in(Status.WITHDRAWN), effects.withdrawn, permissions=(guards.is_requester,)
    ),
    BeginCharge: Rule(
        "workflow",
        _BEFORE_CHARGE,
        _CHARGING,
        effects.to(Status.CHARGING),
        guards=(guards.every_level_approved, guards.cooling_off_is_over),
    ),
    OpenJob: Rule("workflow", _PAID, _FULFILLING, effects.job_opened, guards=(guards.is_next_job,)),
    ClaimJob: Rule(
        "warehouse",
        _FULFILLING,
        _FULFILLING,
        effects.job_claimed,
        guards=(guards.job_is_free,),
        permissions=(guards.picks_goods,),
    ),
    ReportPicking: Rule(
        "warehouse",
        _FULFILLING,
        _FULFILLING,
        effects.picking_reported,
        guards=(guards.job_is_mine,),
        permissions=(guards.picks_goods,),
    ),
    LoseJob: Rule("workflow", _FULFILLING, _FULFILLING, effects.job_lost, guards=(guards.beats_are_missing,)),
    LeaveJob: Rule("workflow", _FULFILLING, _FULFILLING, effects.job_left, guards=(guards.nobody_came,)),
    Complete: Rule(
        "workflow", _PAID, _in(Status.COMPLETED), effects.to(Status.COMPLETED), guards=(guards.is_delivered,)
    ),
    Fail: Rule("workflow", _PAID, _in(Status.FAILED), effects.to(Status.FAILED)),
    RequestStop: Rule("operator", _UNDER_WAY, _UNDER_WAY, effects.unchanged, permissions=(guards.is_operator,)),
    NeedAttention: Rule("workflow or notifier", _UNDER_WAY, _HELD, effects.to(Status.NEEDS_ATTENTION)),
    BeginRecovery: Rule(
        "operator",
        _HELD,
        _HELD,
        effects.recovery_begun,
        guards=(guards.is_next_recovery,),
        permissions=(guards.is_operator,),
        refusal=not_held,
    ),
    Recover: Rule("recovery execution", _HELD, _in(Status.FAILED), effects.to(Status.FAILED)),
}


def judge(order: Order, command: Command, now: datetime) -> Change:
    """Return the change that `command` makes to `order` at `now`.

    Raises NotAnApproverError, SegregationOfDutiesError or NotTheRequesterError when the person may not ask, and
    TransitionRefusedError, with the state that won, when the order does not allow it.
    """
    rule = TABLE[type(command)]
    for permission in rule.permissions:
        permission(order, command, now)
    if order.status not in rule.sources:
        raise rule.refusal(order, getattr(command, "level", None), command.actor)
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
        cooling_off_seconds=document.cooling_off_seconds,
        picking=document.picking,
        awaited=document.task_token is not None,
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
    return Change(order, replace(order, version=order.version + 1, levels=effects.with_level(order, level)), None)


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


def beat(order: Order, number: int, now: datetime) -> Change:
    """Return the write that keeps a claimed job alive. A beat is no event."""
    job = job_of(order, number)
    return _unaudited(order, replace(job, last_beat_at=now, beats=job.beats + 1))


def publish_claim_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that puts a later look's claim callback in the row."""
    return _unaudited(order, replace(job_of(order, number), claim_callback_id=callback_id))


def publish_picking_callback(order: Order, number: int, callback_id: str) -> Change:
    """Return the write that names the callback which a station's beats keep alive."""
    return _unaudited(order, replace(job_of(order, number), picking_callback_id=callback_id))


def _unaudited(order: Order, job: Job) -> Change:
    return Change(order, replace(effects.with_job(order, job), version=order.version + 1), None)


def next_job_command(job: Job, now: datetime) -> Command | None:
    """Return what is due on a picking job at `now`: nobody claimed it, or its station went silent, or nothing."""
    if job.state is JobState.OPEN and now >= job.claim_deadline:
        return LeaveJob(job.number)
    if job.state is JobState.CLAIMED and job.lost_at is not None and now >= job.lost_at:
        return LoseJob(job.number)
    return None


def _entry(before: Order, after: Order, command: Command, now: datetime) -> AuditEntry:
    data = {name: getattr(command, name) for name in ("level", "job", "reason", "message") if hasattr(command, name)}
    return AuditEntry(
        order_id=after.order_id,
        seq=after.audit_seq,
        at=now,
        actor=command.actor,
        event=command.event,
        from_status=before.status,
        to_status=after.status,
        data=data,
    )
