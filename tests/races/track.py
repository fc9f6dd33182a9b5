"""A track for races: every runner is a machine with a clock of its own, and all meet just before their first write.

A runner has read the row and judged it when it arrives at the meeting; only when all the others have arrived too, or
are done without a write, do they go on. What happened is then held against `tests.races.model` in the order in which
the writes were made.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Condition, local

from approval_api.problems import problem_of
from orders.adapters.memory import MovableClock
from orders.adapters.reference import load_catalogue, load_policy
from orders.domain.errors import CountersignError, OrderFencedError
from orders.domain.model import AuditEntry, Order, OrderId, Page, Role, Status
from orders.domain.rules import Change
from orders.services.approval import Look
from orders.services.picking import JobLook
from orders.settings import Settings
from orders.wiring import Repository, Services, assemble
from tests.api.world import World
from tests.builders import at
from tests.races.model import OK, Answer, Model

PATIENCE_SECONDS = 20
LONGEST_STUMBLE_SECONDS = 0.0005
UNCONFIRMED = 503


@dataclass(frozen=True)
class Runner:
    """Somebody in a race: what they do to the system, and the same question to the model.

    `seconds` is what the clock of their machine says, from the order's submission on.
    """

    name: str
    act: Callable[[Machine], Answer]
    ask: Callable[[Model], tuple[Answer, Model]]
    seconds: float = 10


@dataclass(frozen=True)
class Machine:
    """One worker with its own clock, and the order that the race is about."""

    order_id: OrderId
    services: Services


class Meeting:
    """Where runners wait for each other, once each."""

    def __init__(self, runners: int) -> None:
        self._missing = runners
        self._condition = Condition()
        self._here = local()

    def arrive(self) -> bool:
        """Wait until nobody is missing; return whether this was the runner's first time here."""
        if getattr(self._here, "met", False):
            return False
        self._here.met = True
        with self._condition:
            self._count_one()
            assert self._condition.wait_for(lambda: self._missing == 0, PATIENCE_SECONDS), "somebody never came"
        return True

    def leave(self) -> None:
        """Be done; whoever waits need not wait for this runner."""
        if not getattr(self._here, "met", False):
            with self._condition:
                self._count_one()
        self._here.met = False

    def _count_one(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            self._condition.notify_all()


@dataclass(frozen=True)
class Write:
    """A write that was made, between two moments, and the row after it."""

    by: int
    began: int
    ended: int
    row: Order


@dataclass(frozen=True)
class Run:
    """What one runner was told, between two moments."""

    runner: Runner
    began: int
    ended: int
    answer: Answer


@dataclass
class RacedBook:
    """An order book with a meeting before the first write of each runner; keeps every write that was made."""

    book: Repository
    meeting: Meeting
    moments: count[int]
    luck: random.Random
    writes: list[Write] = field(default_factory=list)
    at_the_write: set[int] = field(default_factory=set)
    _running: local = field(default_factory=local)

    def run_as(self, number: int) -> None:
        """Say whose writes this thread's writes are."""
        self._running.number = number

    def commit(self, change: Change) -> None:
        """Wait for the others, stumble a little so that not always the same one is first, and write."""
        if self.meeting.arrive():
            self.at_the_write.add(self._running.number)
        time.sleep(self.luck.random() * LONGEST_STUMBLE_SECONDS)
        began = next(self.moments)
        self.book.commit(change)
        self.writes.append(Write(self._running.number, began, next(self.moments), change.after))

    def create(self, change: Change) -> Order:
        """Write a new row."""
        return self.book.create(change)

    def get(self, order_id: OrderId) -> Order | None:
        """Return the row."""
        return self.book.get(order_id)

    def audit(self, order_id: OrderId) -> tuple[AuditEntry, ...]:
        """Return the audit."""
        return self.book.audit(order_id)

    def newest(self, audiences: Sequence[str], status: Status | None, limit: int, cursor: str | None) -> Page:
        """Return a list."""
        return self.book.newest(audiences, status, limit, cursor)

    def inbox(self, roles: frozenset[Role], limit: int, cursor: str | None) -> Page:
        """Return an inbox."""
        return self.book.inbox(roles, limit, cursor)

    def picking(self, limit: int, cursor: str | None) -> Page:
        """Return the jobs."""
        return self.book.picking(limit, cursor)


@dataclass(frozen=True)
class Race:
    """What happened: every run, and the writes in the order of the row's versions."""

    start: Model
    runs: tuple[Run, ...]
    writes: tuple[Write, ...]
    at_the_write: frozenset[int]
    row: Order
    audit: tuple[AuditEntry, ...]
    woken: tuple[str, ...]
    signals: tuple[str, ...]

    @property
    def first(self) -> str:
        """Who wrote first."""
        return self.runs[self.writes[0].by].runner.name

    @property
    def answers(self) -> list[Answer]:
        """What each runner was told."""
        return [run.answer for run in self.runs]

    @property
    def may_have_signalled(self) -> int:
        """How many people may have signalled: those whose request was granted, and those who came too late."""
        return sum(answer == OK or answer.code == "order-expired" for answer in self.answers)

    @property
    def end(self) -> Model:
        """The model after everything that was written."""
        state = self.start
        for write in self.writes:
            state = self.runs[write.by].runner.ask(state)[1]
        return state

    def contradictions(self) -> list[str]:
        """Return what no order of the runs could explain; empty when the race was linearisable."""
        state, states, found = self.start, [(self.start, 0, 0)], []
        for write in self.writes:
            run = self.runs[write.by]
            answer, after = run.runner.ask(state)
            if (answer, shape(after)) != (run.answer, shape_of(write.row)) or shape(after) == shape(state):
                found.append(f"{run.runner.name} wrote and was told {run.answer}; the model says {answer} on {state}")
            state = after
            states.append((state, write.began, write.ended))
        writers = {write.by for write in self.writes}
        found += [self._unexplained(run, states) for at, run in enumerate(self.runs) if at not in writers]
        return [each for each in found if each]

    def _unexplained(self, run: Run, states: list[tuple[Model, int, int]]) -> str:
        """A runner that wrote nothing must have been told what was true at some moment of its run."""
        if run.answer.status == UNCONFIRMED:
            return ""
        ends = [ended for _, _, ended in states[1:]] + [run.ended + 1]
        could_be_seen = [
            state
            for (state, began, _), gone in zip(states, ends, strict=True)
            if began <= run.ended and gone >= run.began
        ]
        if any(self._says(run, state) for state in could_be_seen):
            return ""
        return f"{run.runner.name} was told {run.answer}, which was true in none of {could_be_seen}"

    @staticmethod
    def _says(run: Run, state: Model) -> bool:
        answer, after = run.runner.ask(state)
        return answer == run.answer and shape(after) == shape(state)


Shape = tuple[object, ...]


def shape(model: Model) -> Shape:
    """Return what must be the same in the model and in the row."""
    levels = tuple(
        (level.outcome, level.votes, level.reminders, level.escalated, level.undelivered, level.callback)
        for level in model.levels
    )
    jobs = tuple((job.state, job.claimed_by, job.lost_at if job.claimed_by else 0) for job in model.jobs)
    return model.status, levels, jobs, model.recoveries


def shape_of(row: Order) -> Shape:
    """Return the same of a row."""
    levels = tuple(
        (
            str(level.outcome),
            tuple((decision.by, str(decision.verdict)) for decision in level.decisions),
            level.reminders,
            level.escalated_to is not None,
            level.undelivered,
            level.callback_id,
        )
        for level in row.levels
    )
    jobs = tuple(
        (str(job.state), job.claimed_by, (job.lost_at - at(0)).total_seconds() if job.lost_at else 0)
        for job in row.jobs
    )
    return str(row.status), levels, jobs, row.recoveries


def told(call: Callable[[], object]) -> Answer:
    """Make a call as the API's routes and the workflow's steps do, and return what its caller is told."""
    try:
        call()
    except OrderFencedError as fence:  # the workflow's own 409: it must not go on
        return Answer(409, fence.code)
    except CountersignError as error:
        problem = problem_of(error)
        return Answer(problem.status, "" if problem.status == UNCONFIRMED else problem.code)
    return OK


def heard(step: Callable[[], object]) -> Answer:
    """Make a call of the workflow, and return what its next step depends on."""
    found: list[object] = []
    answer = told(lambda: found.append(step()))
    if answer != OK:
        return answer
    if isinstance(found[0], (Look, JobLook)):
        return Answer(200, str(found[0].outcome))
    if found[0] is None:
        return Answer(200, "late")
    return Answer(409, "order-withdrawn") if found[0] is False else OK


@dataclass
class Track:
    """Where races are run: enough threads, one of the order books, and the luck that decides who stumbles."""

    book: Repository
    pool: ThreadPoolExecutor
    luck: random.Random
    settings: Settings = field(default_factory=lambda: Settings.from_env({}))

    def race(self, order: Order, start: Model, runners: Sequence[Runner]) -> Race:
        """Let the runners race for an order that stands as `start` says."""
        assert shape(start) == shape_of(order), "the model and the row must start alike"
        world, moments = World(), count(1)
        raced = RacedBook(self.book, Meeting(len(runners)), moments, self.luck)
        ports = replace(world.ports(), orders=raced)

        def run(number: int) -> Run:
            runner = runners[number]
            raced.run_as(number)
            own = replace(ports, clock=MovableClock(at(runner.seconds)))
            machine = Machine(order.order_id, assemble(self.settings, load_catalogue(), load_policy(), own))
            began = next(moments)
            try:
                return Run(runner, began, answer=runner.act(machine), ended=next(moments))
            finally:
                raced.meeting.leave()

        starters = self.luck.sample(range(len(runners)), len(runners))
        runs = dict(zip(starters, self.pool.map(run, starters), strict=True))
        row = self.book.get(order.order_id)
        assert row is not None
        return Race(
            start=start,
            runs=tuple(runs[number] for number in range(len(runners))),
            writes=tuple(sorted(raced.writes, key=lambda write: write.row.version)),
            at_the_write=frozenset(raced.at_the_write),
            row=row,
            audit=self.book.audit(order.order_id),
            woken=world.signaller.woken,
            signals=world.signaller.signals,
        )
