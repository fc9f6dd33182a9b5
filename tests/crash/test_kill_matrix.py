"""Every part dies by `kill -9` in every phase of an order's life: no order is lost, no effect happens twice.

A cell of the matrix is a phase, a target and a seed. Once an order is seen to enter the phase, the seed draws an
instant from the time that an undisturbed order spends there; whether the kill fell into it is read afterwards from the
order's own audit and history, and a kill that missed is drawn again. Lanes, each a stack of its own, share the cells.
"""

from __future__ import annotations

import http.client
import os
import random
import secrets
import signal
import sqlite3
import statistics
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.orders import ATLAS, Orders
from tests.stack import Answer, Part, Stack, eventually

TARGETS: tuple[Part, ...] = ("workers", "executions", "data", "everything")
SEEDS = int(os.environ.get("KILL_SEEDS", "5"))
LANES = 2
TRIES = 12
PATIENCE_SECONDS = 40
# An order continues within 2 s of the restart. This holds for a quiet machine, on which an undisturbed order
# takes QUIET_ORDER_SECONDS; on a busy one, everything may take as many times longer as such an order does in this test.
RESUME_SECONDS = 2.0
QUIET_ORDER_SECONDS = 0.7
# A submission that died half-way holds its key for a lease of five seconds, and is then asked again.
SLOWEST_SUBMISSION_SECONDS = 40.0
# An order of this size needs three people, and then rests.
RESTING = [{"sku": "MERIDIAN-GIS", "quantity": 60}]
COOLING_OFF_SECONDS = 12
TIMER_GRACE_SECONDS = 20.0
MOVES = {
    "COMPLETED": ["submitted", "level-opened", "approved", "charge-begun", "completed"],
    "REJECTED": ["submitted", "level-opened", "rejected"],
}
LEDGER = {"COMPLETED": ["authorise", "capture"], "REJECTED": ["authorise", "void"]}


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, in seconds since 1970."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of an ended order; `asked` is the request that brought it into the phase, `accepted` its answer."""

    asked: Span
    decided: Span
    audit: Mapping[str, float]
    operations: Mapping[str, Span]
    moments: Sequence[float]


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of an order's life: when it was in it, and how the order is made to end."""

    name: str
    span: Callable[[Life], Span]
    verdict: str = "approve"
    begins_with_submission: bool = False
    follows: str | None = None


def between(first: str, last: str) -> Callable[[Life], Span]:
    """Return how to find the time from one operation's end to another's."""
    return lambda life: Span(life.operations[first].end, life.operations[last].end)


PHASES = (
    Phase("submit", lambda life: life.asked, begins_with_submission=True),
    Phase(
        "screening",
        between("register-order", "open-level"),
        begins_with_submission=True,
        follows="register-order",
    ),
    Phase("waiting", lambda life: Span(life.operations["open-level"].end, life.decided.begin)),
    Phase("signal", lambda life: Span(life.audit["approved"], life.operations["settle-level"].end)),
    Phase("charge", between("begin-charge", "complete-order"), follows="begin-charge"),
    Phase("compensation", between("settle-level", "release-stock"), verdict="reject", follows="settle-level"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the matrix."""

    phase: Phase
    target: Part
    seed: int

    @property
    def name(self) -> str:
        """How it is called in the figures."""
        return f"{self.phase.name} x {self.target}"

    @property
    def kills_its_own_request(self) -> bool:
        """Whether a submission may die half-way: its key is then good again once the function's timeout has passed."""
        return self.phase.name == "submit" and self.target in {"workers", "everything"}


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill: its order, whether it fell into the phase, after how long, and how long the order took to move on."""

    cell: Cell
    order_id: str
    hit: bool
    seconds: float
    recovery: float


@dataclass(slots=True)
class Errand:
    """A request that somebody repeats until it is answered well."""

    call: Callable[[], Answer]
    good: HTTPStatus
    begun: threading.Event = field(default_factory=threading.Event)
    asked: float = 0.0
    answered: float = 0.0
    answer: Answer | None = None

    def run(self) -> None:
        """Ask, and ask again."""
        end = time.monotonic() + PATIENCE_SECONDS
        self.asked = time.time()
        self.begun.set()
        while self.answer is None:
            answer = self._try()
            if answer is not None and answer.status == self.good:
                self.answered, self.answer = time.time(), answer
            elif time.monotonic() > end:
                raise AssertionError(f"not answered: {answer}")
            else:
                time.sleep(0.1)

    def _try(self) -> Answer | None:
        with suppress(OSError, http.client.HTTPException):
            return self.call()
        return None


@dataclass(frozen=True, slots=True)
class Kill:
    """When it was done, and when everything that does not start again by itself had been started."""

    before: float
    after: float
    back: float


@dataclass(frozen=True, slots=True)
class Struck:
    """An order during whose phase a kill was aimed, not yet followed to its end."""

    cell: Cell
    seconds: float
    kill: Kill
    submission: Errand
    decision: Errand | None
    errand: Future[None] | None

    @property
    def is_answered(self) -> bool:
        """Whether the request that the kill may have met was answered since."""
        return self.errand is None or self.errand.done()


class Watch:
    """Sees what the durable service has written, in its own file: quick enough to catch an order in a phase.

    The file is closed between two looks, so that a service that starts again finds it as its predecessor left it.
    """

    def __init__(self, data: Path) -> None:
        self._file = f"file:{data}/executions.sqlite3?mode=ro"

    def next_number(self) -> int:
        """Return the number that the next execution will have."""
        return int(self._until(lambda: self._look("SELECT coalesce(max(row), 0) + 1 FROM executions")))

    def number(self, order_id: str) -> int:
        """Return the number of the order's execution."""
        return int(self._until(lambda: self._look("SELECT row FROM executions WHERE name = ?", order_id)))

    def until_ended(self, row: int, operation: str) -> None:
        """Wait until an execution has come past an operation."""
        sql = "SELECT count(*) FROM operations WHERE row = ? AND ended AND json_extract(body, '$.Name') = ?"
        self._until(lambda: self._look(sql, row, operation))

    def until_over(self, row: int) -> None:
        """Wait until an execution has ended."""
        self._until(lambda: self._look("SELECT status <> 'RUNNING' FROM executions WHERE row = ?", row))

    def _look(self, sql: str, *parameters: object) -> Any:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self._file, uri=True)) as connection:
            found = connection.execute(sql, parameters).fetchone()
            return found and found[0]
        return None

    @staticmethod
    def _until(look: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            assert time.monotonic() < end, "the execution does not go on"
            time.sleep(0.001)
        return found


class Lane:
    """A stack, its orders, and the cells it was given."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self.stack = stack
        self.orders = Orders(stack)
        self.watch = Watch(stack.data)
        self.random = random.Random(seed)  # noqa: S311  # instants, not secrets
        self.pool = ThreadPoolExecutor()
        self.completed = 0
        self.windows: dict[str, Span] = {"waiting": Span(0.0, 0.3)}
        self.restings: list[tuple[str, float]] = []
        self.downs: list[Span] = []
        self.paces: list[float] = []

    def work(self, cells: Sequence[Cell]) -> Iterator[Blow]:
        """Strike until every cell was hit, or was missed too often.

        Whose submission died in the middle is told to wait until the first try cannot be at work any more (twenty
        seconds, the function's timeout): meanwhile other cells are struck, and such orders live through those kills.
        """
        left, misses, struck = deque(cells), Counter[Cell](), list[Struck]()
        self.measure()
        while left or struck:
            if left:
                struck.append(self.strike(left.popleft()))
            for each in [each for each in struck if each.is_answered or not left]:
                struck.remove(each)
                yield (blow := self.follow(each))
                if not blow.hit:
                    misses[blow.cell] += 1
                    left.extend([blow.cell] * (misses[blow.cell] < TRIES))
                    self.measure()
            self._keep_one_at_rest()

    def measure(self) -> None:
        """Learn how long the phases take now, from two orders that nobody disturbs."""
        for verdict in ("approve", "reject"):
            submission = self._submission()
            submission.run()
            decision = self._decided(order_of(submission), verdict)
            life = self._ended(verdict, submission, decision)
            self.paces.append(life.moments[-1] - submission.asked)
            for phase in PHASES:
                if phase.verdict == verdict and phase.name != "waiting":
                    span = phase.span(life)
                    asked = submission.asked if phase.begins_with_submission else decision.asked
                    since = span.begin if phase.follows else asked
                    self._learn(phase.name, Span(span.begin - since, span.end - since))

    def _learn(self, phase: str, window: Span) -> None:
        """Keep the shortest: an instant from it lies inside a longer one, too."""
        known = self.windows.get(phase, window)
        self.windows[phase] = min(known, window, key=lambda each: each.end)

    def strike(self, cell: Cell) -> Struck:
        """Bring an order into a phase, kill, and start again what must be."""
        phase, submission, decision = cell.phase, self._submission(), None
        row, instant = self.watch.next_number(), self.random.uniform(*astuple(self.windows[phase.name]))
        if not phase.begins_with_submission:
            submission.run()
            row = self._pending(order_of(submission))
            decision = self._decision(order_of(submission), phase.verdict) if phase.name != "waiting" else None
        pids = self._aim(cell.target)
        request = submission if phase.begins_with_submission else decision
        errand = self.pool.submit(request.run) if request else None
        if request is not None:
            request.begun.wait()
        if phase.follows is not None:
            self.watch.until_ended(row, phase.follows)
        kill = self._kill(cell.target, pids, instant)
        return Struck(cell, instant, kill, submission, decision, errand)

    def follow(self, struck: Struck) -> Blow:
        """Follow an order to its right end, look at its effects, and learn what it was doing when the kill came."""
        cell, kill, submission = struck.cell, struck.kill, struck.submission
        if struck.errand is not None:
            struck.errand.result()
        decision = struck.decision or self._decided(order_of(submission), cell.phase.verdict)
        life = self._ended(cell.phase.verdict, submission, decision)
        self._check_effects(order_of(submission), cell.phase.verdict)
        span = cell.phase.span(life)
        hit = span.begin <= kill.before and kill.after < span.end
        begin = decision.asked if cell.phase.name == "waiting" else kill.after
        since = max(kill.back, begin)
        moments = [submission.answered] if cell.kills_its_own_request else life.moments
        moved = next((moment for moment in moments if moment > begin), since)
        return Blow(cell, order_of(submission), hit, struck.seconds, max(0.0, moved - since))

    # --- killing --------------------------------------------------------------------------------------------------

    def _aim(self, target: Part) -> list[int]:
        pids = self.stack.pids()
        return [pid for part in pids.values() for pid in part] if target == "everything" else pids[target]

    def _kill(self, target: Part, pids: list[int], instant: float) -> Kill:
        """Kill in so many seconds; start the stack again if nobody is left who would."""
        time.sleep(instant)
        before = time.time()
        for pid in pids:
            with suppress(ProcessLookupError):  # a worker whose supervisor died a moment ago
                os.kill(pid, signal.SIGKILL)
        after = time.time()
        if target == "everything":
            self.stack.restart()
            self.orders = Orders(self.stack)
            self.downs.append(Span(after, time.time()))
        return Kill(before, after, self.downs[-1].end if target == "everything" else after)

    # --- orders ---------------------------------------------------------------------------------------------------

    def _submission(self, lines: list[dict[str, Any]] = ATLAS) -> Errand:
        key = uuid.uuid4().hex
        self.stack.token("requester-1")
        return Errand(lambda: self.orders.post(lines, key=key), HTTPStatus.ACCEPTED)

    def _decision(self, order_id: str, verdict: str, *, by: str = "manager-1", level: int = 1) -> Errand:
        reason = "Too dear" if verdict == "reject" else None
        self.stack.token(by)
        return Errand(lambda: self.orders.decide(order_id, verdict, by=by, reason=reason, level=level), HTTPStatus.OK)

    def _decided(self, order_id: str, verdict: str) -> Errand:
        self._pending(order_id)
        decision = self._decision(order_id, verdict)
        decision.run()
        return decision

    def _pending(self, order_id: str) -> int:
        """Wait until the order waits and its people were told; its execution's number."""
        row = self.watch.number(order_id)
        self.watch.until_ended(row, "request-decision")
        return row

    def _ended(self, verdict: str, submission: Errand, decision: Errand) -> Life:
        """Wait for the right end, and return what is known of the order's life."""
        order_id = order_of(submission)
        right = "COMPLETED" if verdict == "approve" else "REJECTED"
        self.completed += right == "COMPLETED"
        self.watch.until_over(self.watch.number(order_id))
        execution = self._eventually(order_id, "/execution", lambda found: found["status"] != "RUNNING")
        assert execution["status"] == "SUCCEEDED", (order_id, execution)
        assert self._eventually(order_id)["status"] == right, order_id
        asked, decided = Span(submission.asked, submission.answered), Span(decision.asked, decision.answered)
        return life_of(asked, decided, self._eventually(order_id, "/audit")["items"], execution)

    def _eventually(self, order_id: str, part: str = "", wanted: Callable[[Any], bool] = bool) -> Any:
        """Ask as somebody does whose page reloads: an error is not an answer."""

        def look() -> Any:
            with suppress(OSError, http.client.HTTPException):
                answer = self.stack.request("GET", f"/orders/{order_id}{part}", identity="auditor-1")
                return answer.json() if answer.status == HTTPStatus.OK and wanted(answer.json()) else None
            return None

        return eventually(look, PATIENCE_SECONDS)

    def _check_effects(self, order_id: str, verdict: str) -> None:
        """Every effect once: the money, the messages, the moves."""
        right = "COMPLETED" if verdict == "approve" else "REJECTED"
        assert self.orders.ledger(order_id) == LEDGER[right], order_id
        events = self.orders.events(order_id)
        assert [event for event in events if event != "notification-failed"] == MOVES[right], order_id
        outbox = eventually(lambda: told(self.orders, order_id), PATIENCE_SECONDS)
        assert max(outbox.values()) == 1, (order_id, outbox)

    # --- timers ---------------------------------------------------------------------------------------------------

    def _keep_one_at_rest(self) -> None:
        """Bring a very large order to its rest, whose end is a timer that all kills pass over."""
        if self.restings and time.time() < self.restings[-1][1]:
            return
        submission = self._submission(RESTING)
        submission.run()  # the last kill may meet it, too
        order_id = order_of(submission)
        for level, by in ((1, "manager-1"), (2, "finance-1"), (2, "finance-2")):
            self._eventually(order_id, "", partial(is_open, level))
            self._decision(order_id, "approve", by=by, level=level).run()
        self._eventually(order_id, "", lambda order: order["status"] == "COOLING_OFF")
        self.restings.append((order_id, time.time() + COOLING_OFF_SECONDS))

    def check_timers(self) -> list[float]:
        """Return by how many seconds each rest was longer than it had to be, not counting while everything was dead."""
        late = []
        for order_id, _ in self.restings:
            self._eventually(order_id, "", lambda order: order["status"] == "COMPLETED")
            execution = self._eventually(order_id, "/execution", lambda found: found["status"] == "SUCCEEDED")
            rest = next(each for each in execution["operations"] if each["name"] == "cooling-off")
            due = seconds_of(rest["startedAt"]) + COOLING_OFF_SECONDS
            possible = next((down.end for down in self.downs if down.begin <= due <= down.end), due)
            ended = seconds_of(rest["endedAt"])
            assert ended >= due - 0.001, order_id  # the API tells moments to the millisecond
            late.append(max(0.0, ended - possible))
            assert self.orders.ledger(order_id) == ["authorise", "capture"], order_id
        return late


def is_open(level: int, order: dict[str, Any]) -> bool:
    """Whether this level of an order can be decided."""
    return bool(order["level"] == level and order["deadline"])


def order_of(submission: Errand) -> str:
    """Return the id in the answer to a submission."""
    assert submission.answer is not None
    order_id: str = submission.answer.json()["orderId"]
    return order_id


def told(orders: Orders, order_id: str) -> Counter[str] | None:
    """Return the order's messages once the outcome is among them."""
    outbox = orders.outbox(order_id)
    return outbox if outbox["outcome"] else None


def seconds_of(moment: str) -> float:
    """Return an RFC 3339 moment as seconds since 1970."""
    return datetime.fromisoformat(moment).timestamp()


def life_of(asked: Span, decided: Span, audit: list[dict[str, Any]], execution: dict[str, Any]) -> Life:
    """Read an ended order's life from what the API says."""
    operations: dict[str, Span] = {}
    for each in execution["operations"]:
        if each["endedAt"] is not None:  # nobody closes the callback of a level whose people could not be told
            operations.setdefault(each["name"], Span(seconds_of(each["startedAt"]), seconds_of(each["endedAt"])))
    moments = [moment for span in operations.values() for moment in (span.begin, span.end)]
    return Life(asked, decided, {each["event"]: seconds_of(each["at"]) for each in audit}, operations, sorted(moments))


def run_lane(folder: Path, seed: int, cells: Sequence[Cell]) -> tuple[list[Blow], list[float], list[float]]:
    """Return a lane's blows, by how much each timer was late, and how long undisturbed orders took.

    The goods that are gone must add up.
    """
    with Stack(folder, environment={"COOLING_OFF_SECONDS": str(COOLING_OFF_SECONDS)}) as stack:
        lane = Lane(stack, seed)
        blows = []
        for blow in lane.work(cells):
            place = "hit" if blow.hit else "missed"
            instant = f"{blow.seconds * 1000:.0f} ms"
            print(f"{blow.cell.name}, seed {blow.cell.seed}: {place} at {instant}, on after {blow.recovery:.2f} s")
            blows.append(blow)
        late = lane.check_timers()
        assert lane.orders.taken("ATLAS-ED") == 3 * lane.completed
        assert lane.orders.taken("MERIDIAN-GIS") == 60 * len(lane.restings)
        return blows, late, lane.paces


@pytest.mark.timeout(1800)
def test_no_kill_in_any_phase_loses_an_order_or_doubles_an_effect(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    cells = [Cell(*square) for square in product(PHASES, TARGETS, range(SEEDS))]
    random.Random(seed).shuffle(cells)  # noqa: S311  # an order of work, not a secret

    with ThreadPoolExecutor(LANES) as pool:
        lanes = [
            pool.submit(run_lane, tmp_path / f"lane-{number}", seed + number, cells[number::LANES])
            for number in range(LANES)
        ]
        results = [lane.result() for lane in lanes]

    blows = [blow for found, _, _ in results for blow in found]
    report(blows, seed, record_testsuite_property)
    hit = {blow.cell for blow in blows if blow.hit}
    assert [cell.name for cell in cells if cell not in hit] == []
    check_recoveries(blows, [pace for _, _, paces in results for pace in paces], record_testsuite_property)
    late = [seconds for _, found, _ in results for seconds in found]
    record_testsuite_property("timers that slept through kills", f"{len(late)}, at most {max(late):.2f} s late")
    assert max(late) <= TIMER_GRACE_SECONDS


def check_recoveries(blows: Sequence[Blow], paces: Sequence[float], record: Callable[[str, object], None]) -> None:
    """Check that every order continues within RESUME_SECONDS, scaled to the speed of this machine."""
    slowness = max(1.0, max(paces) / QUIET_ORDER_SECONDS)
    limit = RESUME_SECONDS * slowness
    record("an order must go on within", f"{limit:.2f} s; this machine is {slowness:.1f} times slower than a quiet one")
    submissions = [blow.recovery for blow in blows if blow.cell.phase.name == "submit"]
    assert max(submissions) <= SLOWEST_SUBMISSION_SECONDS
    others = [blow for blow in blows if blow.cell.phase.name != "submit"]
    assert [(blow.cell.name, blow.recovery) for blow in others if blow.recovery > limit] == []


def report(blows: Sequence[Blow], seed: int, record: Callable[[str, object], None]) -> None:
    """Print how many kills fell into each cell, and how long their orders took to move on."""
    hits = [blow for blow in blows if blow.hit]
    record("kill matrix", f"seed {seed}, {len(blows)} kills, {len(hits)} of them in the phase they were meant for")
    for target in TARGETS:
        row = [blow for blow in hits if blow.cell.target == target]
        cells = ", ".join(f"{phase.name} {sum(blow.cell.phase is phase for blow in row)}" for phase in PHASES)
        times = sorted(blow.recovery for blow in row if not blow.cell.kills_its_own_request)
        recovery = f"on after {statistics.median(times):.2f} s, at most {times[-1]:.2f} s" if times else "none hit"
        record(f"kills of {target}", f"{cells}; {recovery}")
    asked = sorted(blow.recovery for blow in hits if blow.cell.kills_its_own_request)
    record("submissions whose API was killed", f"{len(asked)}, accepted after at most {asked[-1]:.1f} s")
