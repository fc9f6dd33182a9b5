"""The order and its parts. Times are aware UTC datetimes; amounts are integers in minor units (cents)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from orders.domain.errors import FieldError, InvalidRequestError
from orders.domain.usernames import Username, username_of

OrderId = NewType("OrderId", str)
Sku = NewType("Sku", str)


class Role(StrEnum):
    """A role; its value is the group in the access token."""

    REQUESTERS = "requesters"
    MANAGERS = "managers"
    DIRECTORS = "directors"
    FINANCE = "finance"
    WAREHOUSE = "warehouse"
    OPERATORS = "operators"
    AUDITORS = "auditors"


class Status(StrEnum):
    """The state of an order. `orders.domain.table` has the transitions between states."""

    SUBMITTED = "SUBMITTED"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    COOLING_OFF = "COOLING_OFF"
    CHARGING = "CHARGING"
    FULFILLING = "FULFILLING"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
    COMPLETED = "COMPLETED"
    REFUSED = "REFUSED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    FAILED = "FAILED"


FINAL = frozenset({Status.COMPLETED, Status.REFUSED, Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN, Status.FAILED})


class Verdict(StrEnum):
    """An approver's verdict."""

    APPROVE = "approve"
    REJECT = "reject"


class LevelOutcome(StrEnum):
    """The state of one level of approval."""

    WAITING = "waiting"
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class JobState(StrEnum):
    """The state of one picking job."""

    OPEN = "open"
    CLAIMED = "claimed"
    PICKED = "picked"
    FAILED = "failed"
    LOST = "lost"
    UNCLAIMED = "unclaimed"


@dataclass(frozen=True, slots=True)
class Person:
    """The caller, always from a verified token and never from a request.

    `spelling` is the name as the token or message spells it, if that is not canonical. Rows, lists and order ids from
    before names were canonical contain it.
    """

    username: Username
    roles: frozenset[Role]
    spelling: str | None = None

    @classmethod
    def named(cls, name: str, roles: frozenset[Role]) -> Person:
        """Return the person of this name, however it is spelled; raise InvalidUsernameError when it is no username."""
        username = username_of(name)
        return cls(username, roles, None if name == username else name)

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical name, and after it the spelling if that differs."""
        return (self.username,) if self.spelling is None else (self.username, self.spelling)


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """What one level requires, fixed at submission so that no later change affects it. Times in seconds."""

    role: Role
    quorum: int
    window_seconds: int
    reminder_seconds: int
    escalation_seconds: int


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's accepted decision on one level."""

    by: str
    verdict: Verdict
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Level:
    """One level of approval. `callback_id` wakes the workflow; it is a secret that never leaves the server."""

    number: int
    terms: LevelTerms
    outcome: LevelOutcome = LevelOutcome.WAITING
    opened_at: datetime | None = None
    deadline: datetime | None = None
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    escalated_to: Role | None = None
    reminders: int = 0
    decisions: tuple[Decision, ...] = ()
    undelivered: tuple[str, ...] = ()
    callback_id: str | None = None

    @property
    def deciding_roles(self) -> frozenset[Role]:
        """The roles that may decide now: the level's role and, after an escalation, the next one."""
        return frozenset({self.terms.role} if self.escalated_to is None else {self.terms.role, self.escalated_to})


@dataclass(frozen=True, slots=True)
class PickingTerms:
    """How long a picking job waits for its claim and for each heartbeat, in seconds."""

    claim_seconds: int
    beat_seconds: int


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt to pick the goods. Both callback ids are secrets, as a level's is."""

    number: int
    beat_seconds: int
    opened_at: datetime
    claim_deadline: datetime
    state: JobState = JobState.OPEN
    claimed_by: str | None = None
    last_beat_at: datetime | None = None
    beats: int = 0
    reason: str | None = None
    claim_callback_id: str | None = None
    picking_callback_id: str | None = None

    @property
    def lost_at(self) -> datetime | None:
        """When a claimed job is taken from its station unless another heartbeat arrives."""
        return self.last_beat_at + timedelta(seconds=self.beat_seconds) if self.last_beat_at else None


@dataclass(frozen=True, slots=True)
class Line:
    """One priced line. The price is the catalogue's at submission."""

    sku: Sku
    quantity: int
    unit_price: int

    @property
    def amount(self) -> int:
        """What the line costs, in cents."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDocument:
    """The whole order as submitted: written once to the bucket, and the only source of every later figure.

    `picking` is set when some goods are physical. `task_token` is set when a state machine waits for the outcome. The
    token authorizes an answer to that task, so it is a secret and is stored nowhere else.
    """

    order_id: OrderId
    fingerprint: str
    requester: str
    customer: str
    currency: str
    note: str | None
    lines: tuple[Line, ...]
    submitted_at: datetime
    catalogue_version: str
    policy_version: str
    levels: tuple[LevelTerms, ...]
    cooling_off_seconds: int = 0
    picking: PickingTerms | None = None
    task_token: str | None = field(default=None, repr=False)

    @property
    def total(self) -> int:
        """What the order costs, in cents."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """The document's key and hash; the workflow passes this on instead of the document."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The order's row, which decides its state. `version` counts writes, `audit_seq` audit entries.

    `awaited` is true when a state machine waits for the outcome; its token is in the document.
    """

    order_id: OrderId
    version: int
    audit_seq: int
    status: Status
    requester: str
    customer: str
    currency: str
    total: int
    note: str | None
    line_count: int
    submitted_at: datetime
    updated_at: datetime
    document: DocumentRef
    policy_version: str
    levels: tuple[Level, ...] = ()
    cooling_off_seconds: int = 0
    cooling_off_until: datetime | None = None
    picking: PickingTerms | None = None
    jobs: tuple[Job, ...] = ()
    recoveries: int = 0
    awaited: bool = False
    execution_arn: str | None = None
    possible_duplicate_of: OrderId | None = None
    outcome_reason: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the status is final."""
        return self.status in FINAL

    def level(self, number: int) -> Level:
        """Return level `number`, counted from 1; raise InvalidRequestError when the order has no such level."""
        if not 1 <= number <= len(self.levels):
            detail = f"Levels of approval on this order: {len(self.levels)}; name one by its number."
            raise InvalidRequestError((FieldError("/level", detail),))
        return self.levels[number - 1]

    def job(self, number: int) -> Job:
        """Return picking job `number`, counted from 1; raise InvalidRequestError when the order has no such job."""
        if not 1 <= number <= len(self.jobs):
            detail = f"Picking jobs of this order: {len(self.jobs)}; name one by its number."
            raise InvalidRequestError((FieldError("/job", detail),))
        return self.jobs[number - 1]

    def with_level(self, level: Level) -> Order:
        """Return the order with `level` in place of its level of the same number."""
        levels = tuple(level if each.number == level.number else each for each in self.levels)
        return replace(self, levels=levels)

    def with_job(self, job: Job) -> Order:
        """Return the order with `job` in place of its job of the same number."""
        return replace(self, jobs=tuple(job if each.number == job.number else each for each in self.jobs))

    @property
    def is_approved(self) -> bool:
        """Whether every level is approved; true for an order without levels."""
        return all(level.outcome is LevelOutcome.APPROVED for level in self.levels)

    @property
    def current_level(self) -> Level | None:
        """The last level that was opened, if any."""
        opened = [level for level in self.levels if level.opened_at is not None]
        return opened[-1] if opened else None

    @property
    def next_level(self) -> Level | None:
        """The first level that is not open yet."""
        return next((level for level in self.levels if level.opened_at is None), None)


AuditData = dict[str, str | int | None]
"""What an audit entry says beside actor, event and states. A wire format: add keys, never rename or retype one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the audit: append-only, numbered without gaps."""

    order_id: OrderId
    seq: int
    at: datetime
    actor: str
    event: str
    from_status: Status | None
    to_status: Status
    data: AuditData


@dataclass(frozen=True, slots=True)
class Page:
    """A page of orders; `cursor` is opaque, and None on the last page."""

    orders: tuple[Order, ...]
    cursor: str | None
