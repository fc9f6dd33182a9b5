"""An order as its rules say it should be: small, pure, and written without the domain's table.

Every question takes the state as it is and returns the answer, with the state after it. Times are seconds since the
order was submitted. The race suite asks it in the order in which writes were made; the state machine asks it alongside
the API.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LADDER = {"managers": "directors", "directors": "finance"}
FINAL = {"COMPLETED", "REFUSED", "REJECTED", "EXPIRED", "WITHDRAWN", "FAILED"}
STATES = {"SUBMITTED", "PENDING_APPROVAL", "COOLING_OFF", "CHARGING", "FULFILLING", "NEEDS_ATTENTION"} | FINAL
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


OK, NOT_FOUND = Answer(200), Answer(404, "not-found")
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
    escalates_at: float | None = None
    outcome: str = "waiting"
    callback: str | None = None
    escalated: bool = False
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
    escalation: float = 300
    rest: float = 30
    claim: float = 600
    beat: float = 30


@dataclass(frozen=True)
class Model:
    """An order."""

    levels: tuple[Level, ...] = ()
    rests: bool = False
    physical: bool = False
    requester: str = "requester-1"
    waits: Waits = Waits()
    status: str = "SUBMITTED"
    rested_at: float = 0
    jobs: tuple[Job, ...] = ()
    recoveries: int = 0

    # --- what people ask for ------------------------------------------------------------------------------------

    def sees(self, who: Who) -> bool:
        """Whether the order exists for this person."""
        everything = who.roles & {"operators", "auditors"}
        return bool(everything) or who.name == self.requester or any(who.roles & each.roles for each in self.levels)

    def decide(self, who: Who, number: int, verdict: str, now: float) -> tuple[Answer, Model]:
        """Somebody's word on a level."""
        level = self.levels[number - 1]
        mine = dict(level.votes).get(who.name)
        refusal = self._may_not_decide(who, number)
        if not self.sees(who) or mine == verdict:
            return (OK if self.sees(who) else NOT_FOUND), self
        if refusal is not None:
            return refusal, self
        if self.status != "PENDING_APPROVAL" or level.outcome != "open":
            return self._too_late(number), self
        if mine is not None:
            return Answer(409, "already-decided"), self
        if level.deadline is None or now >= level.deadline:
            return Answer(409, "order-expired"), self.expired(number)
        return OK, self._voted(number, who.name, verdict)

    def withdraw(self, who: Who) -> tuple[Answer, Model]:
        """Somebody wants the order back."""
        if not self.sees(who):
            return NOT_FOUND, self
        if who.name != self.requester:
            return Answer(403, "not-the-requester"), self
        if self.status in {"SUBMITTED", "PENDING_APPROVAL", "COOLING_OFF"}:
            levels = (replace(each, outcome="withdrawn") if each.outcome == "open" else each for each in self.levels)
            return OK, replace(self, status="WITHDRAWN", levels=tuple(levels))
        return (OK if self.status == "WITHDRAWN" else self._too_late()), self

    def beat(self, who: Who, number: int, now: float) -> tuple[Answer, Model]:
        """A station's sign of life."""
        refusal = self._may_not_pick(who, number)
        if refusal is not None:
            return refusal, self
        job = self.jobs[number - 1]
        if self.status != "FULFILLING":
            return self._too_late(), self
        if job.state == "claimed" and job.claimed_by != who.name:
            return Answer(409, "job-claimed"), self
        if job.state not in {"open", "claimed"} or now >= (job.lost_at if job.claimed_by else job.claim_deadline):
            return Answer(409, "job-superseded"), self
        return OK, self._with_job(number, state="claimed", claimed_by=who.name, lost_at=now + self.waits.beat)

    def report(self, who: Who, number: int, outcome: str) -> tuple[Answer, Model]:
        """What a station says became of its job."""
        refusal = self._may_not_pick(who, number)
        if refusal is not None:
            return refusal, self
        job = self.jobs[number - 1]
        if (job.state, job.claimed_by) == (outcome, who.name):
            return OK, self
        if self.status != "FULFILLING":
            return self._too_late(), self
        if job.state != "claimed":
            return Answer(409, "job-superseded"), self
        if job.claimed_by != who.name:
            return Answer(409, "job-claimed"), self
        return OK, self._with_job(number, state=outcome)

    def stop(self, who: Who) -> tuple[Answer, Model]:
        """An operator stops the execution; what that leads to comes as an event."""
        if not self.sees(who):
            return NOT_FOUND, self
        if "operators" not in who.roles:
            return NOT_PERMITTED, self
        return (self._too_late() if self.status in FINAL | {"NEEDS_ATTENTION"} else OK), self

    def recover(self, who: Who) -> tuple[Answer, Model]:
        """An operator has the order undone."""
        if not self.sees(who):
            return NOT_FOUND, self
        if "operators" not in who.roles:
            return NOT_PERMITTED, self
        if self.status != "NEEDS_ATTENTION":
            return Answer(409, "not-held"), self
        return Answer(202), replace(self, recoveries=max(1, self.recoveries))

    def actions(self, who: Who, now: float) -> list[str]:
        """What the page should offer: whatever would be accepted and change something."""
        number = max((at for at, level in enumerate(self.levels, 1) if level.deadline is not None), default=0)
        accepted = {
            "approve": number > 0 and self._changes(self.decide(who, number, "approve", now)),
            "reject": number > 0 and self._changes(self.decide(who, number, "reject", now)),
            "withdraw": self._changes(self.withdraw(who)),
            "stop": self.stop(who)[0] == OK,
            "recover": self.recover(who)[0] == Answer(202),
        }
        return [action for action, offered in accepted.items() if offered]

    # --- what the workflow and the clock do ---------------------------------------------------------------------

    def opened(self, number: int, now: float) -> Model:
        """A level's people are asked."""
        level = self.levels[number - 1]
        escalates_at = now + self.waits.escalation if level.role in LADDER else None
        pending = replace(self, status="PENDING_APPROVAL")
        deadline = now + self.waits.window
        opened = {"outcome": "open", "deadline": deadline, "escalates_at": escalates_at}
        return pending._with_level(number, callback=f"callback-{number}", **opened)

    def settled(self, number: int, now: float) -> Model:
        """The workflow has looked at a level and written what was due."""
        level = self.levels[number - 1]
        if self.status != "PENDING_APPROVAL" or level.outcome != "open" or level.deadline is None:
            return self
        if now >= level.deadline:
            return self.expired(number)
        due = level.escalates_at is not None and now >= level.escalates_at
        return self._with_level(number, escalated=level.escalated or due)

    def expired(self, number: int) -> Model:
        """Nobody decided in time."""
        return replace(self._with_level(number, outcome="expired"), status="EXPIRED")

    def resting(self, now: float) -> Model:
        """The order cools off, unless it was withdrawn first."""
        return self if self.status == "WITHDRAWN" else replace(self, status="COOLING_OFF", rested_at=now)

    def charge(self) -> tuple[Answer, Model]:
        """The workflow wants to pass the point of no return."""
        if self.status == "WITHDRAWN":
            return Answer(409, "order-withdrawn"), self
        approved = all(level.outcome == "approved" for level in self.levels)
        if approved and self.status in {"SUBMITTED", "PENDING_APPROVAL", "COOLING_OFF"}:
            return OK, replace(self, status="CHARGING")
        return (OK if self.status == "CHARGING" else Answer(409, "order-fenced")), self

    def job_opened(self, now: float) -> Model:
        """The warehouse has one job more."""
        return replace(self, status="FULFILLING", jobs=(*self.jobs, Job(now + self.waits.claim)))

    def job_settled(self, now: float) -> Model:
        """The workflow has looked at the last job and written what was due."""
        job, number = self.jobs[-1], len(self.jobs)
        if job.state == "open" and now >= job.claim_deadline:
            return self._with_job(number, state="unclaimed")
        if job.state == "claimed" and now >= job.lost_at:
            return self._with_job(number, state="lost")
        return self

    def lost(self) -> Model:
        """The execution is gone."""
        return self if self.status in FINAL else self.to("NEEDS_ATTENTION")

    def to(self, status: str) -> Model:
        """The order stands there now."""
        return replace(self, status=status)

    # --- the small print ----------------------------------------------------------------------------------------

    def _may_not_decide(self, who: Who, number: int) -> Answer | None:
        if not who.roles & self.levels[number - 1].roles:
            return Answer(403, "not-an-approver")
        voted_elsewhere = any(who.name in dict(level.votes) for at, level in enumerate(self.levels, 1) if at != number)
        if who.name == self.requester or voted_elsewhere:
            return Answer(403, "segregation-of-duties")
        return None

    def _may_not_pick(self, who: Who, number: int) -> Answer | None:
        if not ("warehouse" in who.roles and self.jobs) and not self.sees(who):
            return NOT_FOUND
        if "warehouse" not in who.roles:
            return NOT_PERMITTED
        return None if number <= len(self.jobs) else Answer(422, "validation")

    def _too_late(self, number: int | None = None) -> Answer:
        level = None if number is None else self.levels[number - 1]
        if level is not None and level.outcome in {"approved", "rejected"}:
            return Answer(409, "already-decided")
        if level is not None and level.deadline is None and self.status == "PENDING_APPROVAL":
            return Answer(409, "not-open-yet")
        return Answer(409, CODES.get(self.status, "too-late"))

    def _voted(self, number: int, name: str, verdict: str) -> Model:
        level = self.levels[number - 1]
        votes = (*level.votes, (name, verdict))
        if verdict == "reject":
            return replace(self._with_level(number, votes=votes, outcome="rejected"), status="REJECTED")
        return self._with_level(number, votes=votes, outcome="approved" if len(votes) == level.quorum else "open")

    def _changes(self, result: tuple[Answer, Model]) -> bool:
        answer, after = result
        return answer == OK and after != self

    def _with_level(self, number: int, **changes: object) -> Model:
        level = replace(self.levels[number - 1], **changes)  # type: ignore[arg-type]  # the fields of a level
        return replace(self, levels=(*self.levels[: number - 1], level, *self.levels[number:]))

    def _with_job(self, number: int, **changes: object) -> Model:
        job = replace(self.jobs[number - 1], **changes)  # type: ignore[arg-type]  # the fields of a job
        return replace(self, jobs=(*self.jobs[: number - 1], job, *self.jobs[number:]))
