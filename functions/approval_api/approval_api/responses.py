"""What goes out: one view for each thing the API shows. A view is made from the domain and knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from orders.domain.catalogue import Catalogue, Good
from orders.domain.history import Timeline
from orders.domain.model import (
    AuditEntry,
    Decision,
    Job,
    JobState,
    Level,
    LevelOutcome,
    Line,
    Order,
    OrderDocument,
    Person,
    Role,
    Status,
    Verdict,
)
from orders.domain.policy import Policy
from orders.services.approval import DecisionTaken


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_absent(value: object) -> bool:
    return value is None


Moment = Annotated[
    datetime,
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class _View(BaseModel):
    """Names in camel case on the wire; built from the attributes of what it shows."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, from_attributes=True, frozen=True, serialize_by_alias=True
    )


def _optional() -> Any:
    """A field that is left out rather than null."""
    return Field(default=None, exclude_if=_is_absent)


class DecisionView(_View):
    """One accepted word on a level."""

    by: str
    verdict: Verdict
    reason: str | None
    at: Moment


class LevelView(_View):
    """One level of approval."""

    level: int
    role: Role
    escalated_to: Role | None = _optional()
    quorum: int
    outcome: LevelOutcome
    deadline: Moment | None
    decisions: tuple[DecisionView, ...]


class JobView(_View):
    """One picking job of an order: whose it is, and until when."""

    job: int
    state: JobState
    claimed_by: str | None
    opened_at: Moment
    claim_deadline: Moment
    lost_at: Moment | None
    beats: int


class PickedLineView(_View):
    """What to pick. No amounts: they are not the warehouse's."""

    sku: str
    name: str
    quantity: int


class PickingView(JobView):
    """A job as a station sees it."""

    order_id: str
    lines: tuple[PickedLineView, ...]


class PickingListView(_View):
    """A page of picking jobs, the oldest first."""

    items: tuple[PickingView, ...]
    next_cursor: str | None


class OrderView(_View):
    """An order as its reader sees it: `actions` is what this person may do with it now."""

    order_id: str
    status: Status
    level: int | None
    total: int
    currency: str
    customer: str
    requester: str
    note: str | None
    line_count: int
    submitted_at: Moment
    updated_at: Moment
    deadline: Moment | None
    levels: tuple[LevelView, ...]
    actions: tuple[str, ...]
    possible_duplicate_of: str | None = _optional()
    outcome_reason: str | None = _optional()
    cooling_off_until: Moment | None = _optional()
    jobs: tuple[JobView, ...] | None = _optional()


class OrdersView(_View):
    """A page of orders."""

    items: tuple[OrderView, ...]
    next_cursor: str | None


class DecisionTakenView(_View):
    """A decision, and how its level stands after it."""

    order_id: str
    level: int
    verdict: Verdict
    by: str
    at: Moment
    reason: str | None
    outcome: LevelOutcome


class LineView(_View):
    """A line with the price of the day it was ordered."""

    sku: str
    quantity: int
    unit_price: int
    amount: int


class LevelTermsView(_View):
    """What a level asks for, fixed when the order was taken."""

    role: Role
    quorum: int
    window_seconds: int
    reminder_seconds: int
    escalation_seconds: int


class PickingTermsView(_View):
    """How long a picking job waits for its claim, and how long its station may stay silent."""

    claim_seconds: int
    beat_seconds: int


class DocumentView(_View):
    """The whole order as it was taken."""

    order_id: str
    fingerprint: str
    requester: str
    customer: str
    currency: str
    note: str | None
    total: int
    lines: tuple[LineView, ...]
    submitted_at: Moment
    catalogue_version: str
    policy_version: str
    levels: tuple[LevelTermsView, ...]
    cooling_off_seconds: int
    picking: PickingTermsView | None


class AuditEntryView(_View):
    """One line of the audit."""

    seq: int
    at: Moment
    actor: str
    event: str
    from_status: Annotated[Status | None, Field(serialization_alias="from")]
    to_status: Annotated[Status, Field(serialization_alias="to")]
    data: dict[str, Any]


class AuditView(_View):
    """The audit, oldest first, numbered without gaps."""

    items: tuple[AuditEntryView, ...]


class AttemptView(_View):
    """One try of a step."""

    started_at: Moment
    ended_at: Moment | None
    error: str | None = _optional()
    next_attempt_at: Moment | None = _optional()


class OperationView(_View):
    """One durable operation. `input` and `result` are for auditors only."""

    id: str
    parent_id: str | None
    type: str
    sub_type: str | None
    name: str | None
    status: str
    started_at: Moment
    ended_at: Moment | None
    deadline: Moment | None = _optional()
    error: str | None = _optional()
    attempts: list[AttemptView]
    input: str | None = _optional()
    result: str | None = _optional()


class InvocationView(_View):
    """One run of the workflow's handler."""

    started_at: Moment
    ended_at: Moment
    request_id: str | None
    replayed: int
    ran: int
    error: str | None = _optional()


class ExecutionView(_View):
    """What happened in the order's durable execution since the caller's cursor."""

    status: str
    started_at: Moment
    ended_at: Moment | None
    operations: tuple[OperationView, ...]
    invocations: tuple[InvocationView, ...]
    cursor: int
    next_poll_ms: int | None
    input: str | None = _optional()
    result: str | None = _optional()
    error: str | None = _optional()


class GoodView(_View):
    """One thing for sale. `available`: the reference stock is above zero; what is left is only known when reserved."""

    sku: str
    name: str
    unit_price: int
    digital: bool
    available: bool


class CatalogueView(_View):
    """Everything for sale; prices in cents."""

    currency: str
    items: tuple[GoodView, ...]


class LevelRuleView(_View):
    """So many different people of one role."""

    role: Role
    quorum: int


class TierView(_View):
    """Orders below `upTo` cents (null: up to the cap) and not in an earlier tier need these levels."""

    up_to: int | None
    levels: tuple[LevelRuleView, ...]
    cooling_off: bool


class PolicyView(_View):
    """Who must approve what."""

    version: str
    currency: str
    cap: int
    tiers: tuple[TierView, ...]


class MeView(_View):
    """Who calls."""

    username: str
    groups: tuple[Role, ...]


class HealthView(_View):
    """The function's code can be loaded and its services can be built."""

    status: str


class FindingView(_View):
    """One thing to change: where it is in the request, and what to do."""

    pointer: str
    detail: str


class WinningDecisionView(_View):
    """The decision that came first."""

    by: str
    verdict: Verdict
    at: Moment


class WinnerView(_View):
    """What an order has come to instead."""

    state: Status
    decision: WinningDecisionView | None = _optional()


class ProblemView(_View):
    """RFC 9457: what went wrong and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: list[FindingView] | None = _optional()
    order: WinnerView | None = _optional()


class GatewayView(_View):
    """What API Gateway says by itself."""

    message: str


def order_view(order: Order, actions: Sequence[str]) -> OrderView:
    """Return the order with what this caller may do."""
    current = order.current_level
    return OrderView(
        order_id=order.order_id,
        status=order.status,
        level=None if current is None else current.number,
        total=order.total,
        currency=order.currency,
        customer=order.customer,
        requester=order.requester,
        note=order.note,
        line_count=order.line_count,
        submitted_at=order.submitted_at,
        updated_at=order.updated_at,
        deadline=current.deadline if current is not None and current.outcome is LevelOutcome.OPEN else None,
        levels=tuple(_level_view(level) for level in order.levels),
        actions=tuple(actions),
        possible_duplicate_of=order.possible_duplicate_of,
        outcome_reason=order.outcome_reason,
        cooling_off_until=order.cooling_off_until,
        jobs=tuple(job_view(job) for job in order.jobs) or None,
    )


def job_view(job: Job) -> JobView:
    """Return a picking job without its callbacks."""
    return JobView(**_job_fields(job))


def picking_view(order: Order, job: Job, lines: Sequence[Line], catalogue: Catalogue) -> PickingView:
    """Return a picking job with what is to be picked: the physical goods."""
    goods = catalogue.goods
    picked = tuple(
        PickedLineView(sku=line.sku, name=goods[line.sku].name, quantity=line.quantity)
        for line in lines
        if line.sku in goods and not goods[line.sku].digital
    )
    return PickingView(order_id=order.order_id, lines=picked, **_job_fields(job))


def _job_fields(job: Job) -> dict[str, Any]:
    return {
        "job": job.number,
        "state": job.state,
        "claimed_by": job.claimed_by,
        "opened_at": job.opened_at,
        "claim_deadline": job.claim_deadline,
        "lost_at": job.lost_at,
        "beats": job.beats,
    }


def _level_view(level: Level) -> LevelView:
    return LevelView(
        level=level.number,
        role=level.terms.role,
        escalated_to=level.escalated_to,
        quorum=level.terms.quorum,
        outcome=level.outcome,
        deadline=level.deadline,
        decisions=tuple(_decision_view(decision) for decision in level.decisions),
    )


def _decision_view(decision: Decision) -> DecisionView:
    return DecisionView.model_validate(decision)


def decision_view(taken: DecisionTaken) -> DecisionTakenView:
    """Return a decision that was taken, by this request or by an earlier one."""
    decision = taken.decision
    return DecisionTakenView(
        order_id=taken.order.order_id,
        level=taken.level.number,
        verdict=decision.verdict,
        by=decision.by,
        at=decision.at,
        reason=decision.reason,
        outcome=taken.level.outcome,
    )


def document_view(document: OrderDocument) -> DocumentView:
    """Return the whole order."""
    return DocumentView.model_validate(document)


def audit_view(entries: Sequence[AuditEntry]) -> AuditView:
    """Return the audit."""
    return AuditView(items=tuple(AuditEntryView.model_validate(entry) for entry in entries))


def execution_view(timeline: Timeline) -> ExecutionView:
    """Return what is new in the execution."""
    return ExecutionView.model_validate(timeline)


def catalogue_view(catalogue: Catalogue) -> CatalogueView:
    """Return everything for sale."""
    return CatalogueView(
        currency=catalogue.currency, items=tuple(_good_view(good) for good in catalogue.goods.values())
    )


def _good_view(good: Good) -> GoodView:
    return GoodView(
        sku=good.sku, name=good.name, unit_price=good.unit_price, digital=good.digital, available=good.stock > 0
    )


def policy_view(policy: Policy) -> PolicyView:
    """Return the tiers. The domain's bounds are inclusive and the API's exclusive, so that cents are never rounded."""
    tiers = tuple(
        TierView(
            up_to=None if tier is policy.tiers[-1] else tier.up_to + 1,
            levels=tuple(LevelRuleView.model_validate(rule) for rule in tier.levels),
            cooling_off=tier.cooling_off,
        )
        for tier in policy.tiers
    )
    return PolicyView(version=policy.version, currency=policy.currency, cap=policy.cap, tiers=tiers)


def me_view(person: Person) -> MeView:
    """Return who calls."""
    return MeView(username=person.username, groups=tuple(sorted(person.roles)))
