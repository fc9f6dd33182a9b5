"""An order as its rules say it should be: small, pure, and written without the domain's table.

Every question takes the state as it is and returns the answer, with the state after it. Times are seconds since the
order was submitted. Here is what people ask for; what the workflow does is in `tests.races.model_of_workflow`. The race
suite asks in the order in which writes were made; the state machine asks alongside the API.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

LADDER = {"managers": "directors", "directors": "finance"}
FINAL = {"COMPLETED", "REFUSED", "REJECTED", "EXPIRED", "WITHDRAWN", "FAILED"}
STATES = {"SUBMITTED", "PENDING_APPROVAL", "COOLING_OFF", "CHARGING", "FULFILLING", "NEEDS_ATTENTION"} | FINAL
BEFORE_CHARGE = {"SUBMITTED", "PENDING_APPROVAL", "COOLING_OFF"}
# Why a state lets nobody decide or withdraw any more; every other one is `too-late`.
CODES = {
    "SUBMITTED": "not-open-yet",
    "PENDING_APPROVAL": "already-decided",
    "COOLING_OFF": "already-decided",
    "REFUSED": "already-decided",
    "REJECTED": "already-decided",
    "EXPIRED": "order-expired",
    "WITHDRAWN": "order-withdrawn",
}


@dataclass(frozen=True)
class Answer:
    """What somebody is told: an HTTP status, and the code of the problem if it is one."""

    status: int
    code: str = ""


OK, NOT_FOUND, INVALID = Answer(200), Answer(404, "not-found"), Answer(422, "validation")
NOT_PERMITTED = Answer(403, "not-permitted")


@dataclass(frozen=True)
class Who:
    """A person and their roles."""

    name: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Level:
    """One level; without a deadline nobody has opened it."""

    role: str
    quorum: int = 1
    deadline: float | None = None
    reminds_at: float | None = None
    escalates_at: float | None = None
    outcome: str = "waiting"
    callback: str | None = None
    reminders: int = 0
    escalated: bool = False
    undelivered: tuple[str, ...] = ()
    votes: tuple[tuple[str, str], ...] = ()

    @property
    def roles(self) -> set[str]:
        """Who may decide now."""
        return {self.role} | ({LADDER[self.role]} if self.escalated else set())


@dataclass(frozen=True)
class Job:
    """One picking job."""

    claim_deadline: float
    state: str = "open"
    claimed_by: str | None = None
    lost_at: float = 0


@dataclass(frozen=True)
class Waits:
    """How long everything waits."""

    window: float = 600
    reminder: float = 120
    escalation: float = 300
    rest: float = 30
    claim: float = 600
    beat: float = 30


@dataclass(frozen=True)
class Model:
    """An order. `story` is what its audit says; `recovering` whether a recovery execution runs."""

    levels: tuple[Level, ...] = ()
    rests: bool = False
    physical: bool = False
    requester: str = "requester-1"
    waits: Waits = Waits()
    status: str = "SUBMITTED"
    rested_at: float | None = None
    jobs: tuple[Job, ...] = ()
    recoveries: int = 0
    recovering: bool = False
    story: tuple[str, ...] = ("submitted",)

    @property
    def current(self) -> int:
        """The last level that was opened, from 1; 0 when none was."""
        return max((at for at, level in enumerate(self.levels, 1) if level.deadline is not None), default=0)

    @property
    def is_approved(self) -> bool:
        """Whether every level has been approved."""
        return all(level.outcome == "approved" for level in self.levels)

    # --- what people ask for ------------------------------------------------------------------------------------

    def sees(self, who: Who) -> bool:
        """Whether the order exists for this person."""
        everything = who.roles & {"operators", "auditors"}
        return bool(everything) or who.name == self.requester or any(who.roles & each.roles for each in self.levels)

    def decide(self, who: Who, number: int, verdict: str, now: float) -> tuple[Answer, Model]:
        """Somebody's word on a level."""
        if not self.sees(who) or number > len(self.levels):
            return (INVALID if self.sees(who) else NOT_FOUND), self
        mine = dict(self.levels[number - 1].votes).get(who.name)
        refusal = self._may_not_decide(who, number) or self._cannot_be_decided(number)
        if mine == verdict:
            return OK, self
        if refusal is not None:
            return refusal, self
        if mine is not None:
            return Answer(409, "already-decided"), self
        if now >= (self.levels[number - 1].deadline or 0):
            return Answer(409, "order-expired"), self.expired(number)
        return OK, self._voted(number, who.name, verdict)

    def withdraw(self, who: Who) -> tuple[Answer, Model]:
        """Somebody wants the order back."""
        if not self.sees(who):
            return NOT_FOUND, self
        if who.name != self.requester:
            return Answer(403, "not-the-requester"), self
        if self.status in BEFORE_CHARGE:
            levels = (replace(each, outcome="withdrawn") if each.outcome == "open" else each for each in self.levels)
            return OK, self.after("withdrawn", status="WITHDRAWN", levels=tuple(levels))
        return (OK if self.status == "WITHDRAWN" else self.too_late()), self

    def beat(self, who: Who, number: int, now: float) -> tuple[Answer, Model]:
        """A station's sign of life; the first one claims the job, the others are no news to the audit."""
        refusal = self._may_not_pick(who, number)
        if refusal is not None:
            return refusal, self
        job = self.jobs[number - 1]
        if self.status != "FULFILLING":
            return self.too_late(), self
        if job.state == "claimed" and job.claimed_by != who.name:
            return Answer(409, "job-claimed"), self
        if job.state not in {"open", "claimed"} or now >= (job.lost_at if job.claimed_by else job.claim_deadline):
            return Answer(409, "job-superseded"), self
        claimed = self.with_job(number, state="claimed", claimed_by=who.name, lost_at=now + self.waits.beat)
        return OK, (claimed if job.claimed_by else claimed.after("job-claimed"))

    def report(self, who: Who, number: int, outcome: str) -> tuple[Answer, Model]:
        """What a station says became of its job."""
        refusal = self._may_not_pick(who, number)
        if refusal is not None:
            return refusal, self
        job = self.jobs[number - 1]
        if (job.state, job.claimed_by) == (outcome, who.name):
            return OK, self
        if self.status != "FULFILLING":
            return self.too_late(), self
        if job.state != "claimed":
            return Answer(409, "job-superseded"), self
        if job.claimed_by != who.name:
            return Answer(409, "job-claimed"), self
        event = {"picked": "picked", "failed": "picking-failed"}[outcome]
        return OK, self.with_job(number, state=outcome).after(event)

    def stop(self, who: Who) -> tuple[Answer, Model]:
        """An operator stops the execution; what that leads to comes as an event."""
        if not self.sees(who):
            return NOT_FOUND, self
        if "operators" not in who.roles:
            return NOT_PERMITTED, self
        if self.status in FINAL | {"NEEDS_ATTENTION"}:
            return self.too_late(), self
        return OK, self.after("stop-requested")

    def recover(self, who: Who) -> tuple[Answer, Model]:
        """An operator has the order undone; while a recovery runs, asking again starts no other."""
        if not self.sees(who):
            return NOT_FOUND, self
        if "operators" not in who.roles:
            return NOT_PERMITTED, self
        if self.status != "NEEDS_ATTENTION":
            return Answer(409, "not-held"), self
        begun = self.after("recovery-begun", recoveries=self.recoveries + 1, recovering=True)
        return Answer(202), (self if self.recovering else begun)

    def actions(self, who: Who, now: float) -> list[str]:
        """What the page should offer: whatever would be accepted and change something."""
        accepted = {
            "approve": self.current > 0 and self._changes(self.decide(who, self.current, "approve", now)),
            "reject": self.current > 0 and self._changes(self.decide(who, self.current, "reject", now)),
            "withdraw": self._changes(self.withdraw(who)),
            "stop": self._changes(self.stop(who)),
            "recover": self.recover(who)[0] == Answer(202),
        }
        return [action for action, offered in accepted.items() if offered]

    def expired(self, number: int) -> Model:
        """Nobody decided in time."""
        return self.with_level(number, outcome="expired").after("expired", status="EXPIRED")

    # --- the small print ----------------------------------------------------------------------------------------

    def after(self, event: str, **changes: Any) -> Model:
        """Return the order after an event that the audit names."""
        return replace(self, story=(*self.story, event), **changes)

    def with_level(self, number: int, **changes: Any) -> Model:
        """Return the order with a level changed."""
        level = replace(self.levels[number - 1], **changes)
        return replace(self, levels=(*self.levels[: number - 1], level, *self.levels[number:]))

    def with_job(self, number: int, **changes: Any) -> Model:
        """Return the order with a job changed."""
        job = replace(self.jobs[number - 1], **changes)
        return replace(self, jobs=(*self.jobs[: number - 1], job, *self.jobs[number:]))

    def too_late(self, number: int | None = None) -> Answer:
        """Why nobody can do that any more, or not yet."""
        level = None if number is None else self.levels[number - 1]
        if level is not None and level.outcome in {"approved", "rejected"}:
            return Answer(409, "already-decided")
        if level is not None and level.deadline is None and self.status == "PENDING_APPROVAL":
            return Answer(409, "not-open-yet")
        return Answer(409, CODES.get(self.status, "too-late"))

    def _may_not_decide(self, who: Who, number: int) -> Answer | None:
        if not who.roles & self.levels[number - 1].roles:
            return Answer(403, "not-an-approver")
        voted_elsewhere = any(who.name in dict(level.votes) for at, level in enumerate(self.levels, 1) if at != number)
        if who.name == self.requester or voted_elsewhere:
            return Answer(403, "segregation-of-duties")
        return None

    def _cannot_be_decided(self, number: int) -> Answer | None:
        is_open = self.status == "PENDING_APPROVAL" and self.levels[number - 1].outcome == "open"
        return None if is_open else self.too_late(number)

    def _may_not_pick(self, who: Who, number: int) -> Answer | None:
        if not ("warehouse" in who.roles and self.jobs) and not self.sees(who):
            return NOT_FOUND
        if "warehouse" not in who.roles:
            return NOT_PERMITTED
        return None if number <= len(self.jobs) else INVALID

    def _voted(self, number: int, name: str, verdict: str) -> Model:
        level = self.levels[number - 1]
        votes = (*level.votes, (name, verdict))
        if verdict == "reject":
            return self.with_level(number, votes=votes, outcome="rejected").after("rejected", status="REJECTED")
        outcome = "approved" if len(votes) == level.quorum else "open"
        return self.with_level(number, votes=votes, outcome=outcome).after("approved")

    def _changes(self, result: tuple[Answer, Model]) -> bool:
        answer, after = result
        return answer == OK and after != self
