"""What somebody wants to do with an order. A command says who and what; `orders.domain.transitions` says whether."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from orders.domain.model import OrderId, Person, Verdict
from orders.domain.usernames import WORKFLOW


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


@dataclass(frozen=True, slots=True)
class Refuse:
    """Screening, stock or authorisation said no."""

    event: ClassVar[str] = "refused"
    reason: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class BeginCharge:
    """The point of no return."""

    event: ClassVar[str] = "charge-begun"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Complete:
    """Paid and delivered."""

    event: ClassVar[str] = "completed"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class Fail:
    """The charge did not succeed and everything is undone."""

    event: ClassVar[str] = "failed"
    reason: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class NeedAttention:
    """Nobody can tell any more what happened; fence the order until an operator has looked."""

    event: ClassVar[str] = "needs-attention"
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class BeginCoolingOff:
    """Every level of a very large order is approved; let everybody sleep over it."""

    event: ClassVar[str] = "cooling-off-begun"
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class OpenJob:
    """Ask the warehouse to pick the goods. Publishes the id of the callback that a claim completes."""

    event: ClassVar[str] = "job-opened"
    job: int
    callback_id: str
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class ClaimJob:
    """A station's first beat: the job is theirs."""

    event: ClassVar[str] = "job-claimed"
    person: Person
    job: int

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class ReportPicking:
    """What became of a job, by the station that claimed it."""

    person: Person
    job: int
    picked: bool
    reason: str | None

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username

    @property
    def event(self) -> str:
        """What the audit calls it."""
        return "picked" if self.picked else "picking-failed"


@dataclass(frozen=True, slots=True)
class LoseJob:
    """A station stopped beating; whatever it says later comes too late."""

    event: ClassVar[str] = "job-lost"
    job: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class LeaveJob:
    """Nobody claimed a job in time."""

    event: ClassVar[str] = "job-unclaimed"
    job: int
    actor: ClassVar[str] = WORKFLOW


@dataclass(frozen=True, slots=True)
class RequestStop:
    """An operator stops the execution; the service's event about it then holds the order."""

    event: ClassVar[str] = "stop-requested"
    person: Person
    reason: str

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class BeginRecovery:
    """An operator starts the execution that only undoes; `number` is the one that follows those before."""

    event: ClassVar[str] = "recovery-begun"
    person: Person
    number: int
    reason: str

    @property
    def actor(self) -> str:
        """Who the audit names."""
        return self.person.username


@dataclass(frozen=True, slots=True)
class Recover:
    """Every undo is confirmed."""

    event: ClassVar[str] = "recovered"
    reason: str
    actor: ClassVar[str] = WORKFLOW


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
    | BeginCoolingOff
    | OpenJob
    | ClaimJob
    | ReportPicking
    | LoseJob
    | LeaveJob
    | RequestStop
    | BeginRecovery
    | Recover
)
