"""Every event that ends a wait wakes the workflow within a second, also while the wait is being opened.

Each wait is opened once undisturbed, and every moment of that is written down; then each event is injected at each of
these moments, by the API. An order that goes on at its timer instead goes on far too late: every timer is much longer.

Two waits are not here. Cooling off is a plain wait, which nothing can wake: a withdrawal is followed at its end
(`tests/workflow/test_tiers.py`). Settlement is polled: the payment gateway signals nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count

import pytest

from orders.domain.model import JobState, LevelOutcome, Order, OrderId, Status
from tests.races.moments import STOPPED, Act, Fault, Moment, Stage, a_stage
from tests.workflow.harness import ONE_LEVEL
from tests.workflow.scenarios import COOLING_OFF, DESK, Lines, order_id_of

AT_ONCE = 8
AT_MOST_SECONDS = 1.0
FEWEST_MOMENTS = 4  # either side of a write, of its step's checkpoint, and of the end of the invocation, in part
SPARE_MOMENTS = 2  # how checkpoints are batched varies from run to run
PATIENCE_SECONDS = 5.0
AHEAD_SECONDS = 300
# No timer may end a wait while a test looks.
WAITS = {"window": 240, "reminder": 120, "escalation": 180, "claim": 240, "beat": 120, "cooling_off": 60}
Record = Callable[[str, object], None]
Deed = Callable[[Stage, OrderId], None]
_keys = count(1)


@dataclass(frozen=True, slots=True)
class Event:
    """What people do to end a wait, and the checkpoint that the workflow comes to then."""

    name: str
    does: Deed
    leads_to: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait of the workflow: how an order comes to it, and while the row is how it can be ended.

    `lead` takes the order from its submission to the wait; `stray` then wakes the workflow for nothing, so that the
    wait is opened once more. `fault` breaks something while it is opened.
    """

    name: str
    lines: Lines
    possible: Callable[[Order], bool]
    lead: Deed
    events: Sequence[Event]
    stray: Deed | None = None
    fault: Fault | None = None


# --- what people do ---------------------------------------------------------------------------------------------------


def decides(verdict: str, level: int = 1, *people: str) -> Deed:
    """Return the deed of people who say the same, one after the other."""

    def deed(stage: Stage, order_id: OrderId) -> None:
        for person in people or ("manager-1",):
            body = {"level": level, "verdict": verdict, "reason": "So it is"}
            stage.post(order_id, person, "decisions", body)

    return deed


def withdraws(stage: Stage, order_id: OrderId) -> None:
    stage.post(order_id, "requester-1", "withdrawal", {})


def comes_too_late(stage: Stage, order_id: OrderId) -> None:
    """Decide by a clock that says the time is over: the API expires the order."""
    with stage.clock_ahead(AHEAD_SECONDS), pytest.raises(AssertionError, match="order-expired"):
        decides("approve")(stage, order_id)
    assert stage.world.row(order_id).status is Status.EXPIRED


def beats(number: int) -> Deed:
    return lambda stage, order_id: stage.post(order_id, "warehouse-1", "picking/heartbeat", {"job": number})


def reports(number: int, outcome: str = "picked") -> Deed:
    body = {"job": number, "outcome": outcome, "reason": "Not there"}
    return lambda stage, order_id: stage.post(order_id, "warehouse-1", "picking/result", body)


def one_after_the_other(*deeds: Deed) -> Deed:
    def deed(stage: Stage, order_id: OrderId) -> None:
        for each in deeds:
            each(stage, order_id)

    return deed


def unheard(deed: Deed) -> Deed:
    """Do it in a process that dies before it can signal."""

    def lost(stage: Stage, order_id: OrderId) -> None:
        with stage.signals_lost():
            deed(stage, order_id)

    return lost


def a_stray_at_the_level(stage: Stage, order_id: OrderId) -> None:
    _signal(stage, stage.world.row(order_id).levels[0].callback_id)


def a_stray_at_the_claim(stage: Stage, order_id: OrderId) -> None:
    _signal(stage, stage.world.row(order_id).jobs[-1].claim_callback_id)


def a_stray_at_the_result(stage: Stage, order_id: OrderId) -> None:
    _signal(stage, stage.world.row(order_id).jobs[-1].picking_callback_id)


def _signal(stage: Stage, callback_id: str | None) -> None:
    assert callback_id is not None
    stage.world.runner.send_callback_success(callback_id)


# --- how an order comes to a wait -------------------------------------------------------------------------------------


def at_once(_stage: Stage, _order_id: OrderId) -> None:
    """The wait is the first of all."""


def asleep(stage: Stage, order_id: OrderId) -> None:
    """Wait until the workflow waits."""
    assert stage.falls_asleep(order_id), f"{order_id} works on"


def after(*deeds: Deed) -> Deed:
    """Return the lead of what people do one after the other, each while the workflow waits."""

    def lead(stage: Stage, order_id: OrderId) -> None:
        for deed in deeds:
            asleep(stage, order_id)
            deed(stage, order_id)

    return lead


def level_is_open(number: int, order: Order) -> bool:
    level = order.levels[number - 1]
    opened = level.opened_at is not None and level.outcome is LevelOutcome.OPEN
    return opened and order.status is Status.PENDING_APPROVAL


def job_is(state: JobState, number: int, order: Order) -> bool:
    return len(order.jobs) == number and order.jobs[-1].state is state


# --- every wait, and everything that ends it --------------------------------------------------------------------------

STOP = Event(
    "an operator stops it",
    lambda stage, order_id: stage.post(order_id, "operator-1", "stop", {"reason": "So it is"}),
    STOPPED,
)
MANAGED, FINANCED = "CONTEXT approve-manager SUCCEED", "CONTEXT approve-finance SUCCEED"
LISTENS, COMPLETES, OPENS_ANOTHER, GIVES_BACK = (
    "STEP pick-order submitter SUCCEED",
    "STEP complete-order SUCCEED",
    "STEP open-job SUCCEED",
    "STEP refund-payment SUCCEED",
)
APPROVAL = Event("a manager approves", decides("approve"), MANAGED)
DECISIONS = (
    APPROVAL,
    Event("a manager rejects", decides("reject"), MANAGED),
    Event("the requester withdraws", withdraws, MANAGED),
    Event("a decision comes too late", comes_too_late, MANAGED),
)
VOTES = (
    Event("two of finance approve", decides("approve", 2, "finance-1", "finance-2"), FINANCED),
    Event("one of finance rejects", decides("reject", 2, "finance-1"), FINANCED),
)
LAST_VOTE = Event("the second of finance approves", decides("approve", 2, "finance-2"), FINANCED)
FIRST_CLAIM, FIRST_RESULT = beats(1), reports(1)


def claims(job: int) -> tuple[Event, ...]:
    """Return what ends the wait for the claim of a job: the reported case is the second."""
    return (
        Event("a station claims", beats(job), LISTENS),
        Event("a station claims and reports", one_after_the_other(beats(job), reports(job)), COMPLETES),
        Event("a claim is lost, then it beats", one_after_the_other(unheard(beats(job)), beats(job)), LISTENS),
        Event("a claim is lost, then it reports", one_after_the_other(unheard(beats(job)), reports(job)), COMPLETES),
    )


def results(job: int) -> tuple[Event, ...]:
    """Return what ends the wait for the result of a job."""
    failing = OPENS_ANOTHER if job == 1 else GIVES_BACK
    return (
        Event("a station has picked", reports(job), COMPLETES),
        Event("a station beats and has picked", one_after_the_other(beats(job), reports(job)), COMPLETES),
        Event("a station finds nothing", reports(job, "failed"), failing),
    )


LEVEL_1, LEVEL_2 = partial(level_is_open, 1), partial(level_is_open, 2)
OPEN_1, OPEN_2 = partial(job_is, JobState.OPEN, 1), partial(job_is, JobState.OPEN, 2)
CLAIMED_1, CLAIMED_2 = partial(job_is, JobState.CLAIMED, 1), partial(job_is, JobState.CLAIMED, 2)
APPROVED, FIRST_VOTE = decides("approve"), decides("approve", 2, "finance-1")
CLAIMED = after(beats(1))
FAILED = after(beats(1), reports(1, "failed"))
FAILED_AND_CLAIMED = after(beats(1), reports(1, "failed"), beats(2))
LOST_OPENING, LOST_JOB, LOST_LISTENING = (
    Fault(update=f"STEP {step} SUCCEED") for step in ("open-level", "open-job", "pick-order submitter")
)
# The workflow writes the charge, the job, and then the picking callback.
THROTTLED_LISTENING = Fault(write=3)
WAITS_OF_THE_WORKFLOW = (
    Wait("a level", ONE_LEVEL, LEVEL_1, at_once, (*DECISIONS, STOP)),
    Wait("a level, after a stray", ONE_LEVEL, LEVEL_1, at_once, DECISIONS, stray=a_stray_at_the_level),
    Wait("a level, after a crash", ONE_LEVEL, LEVEL_1, at_once, (APPROVAL,), fault=LOST_OPENING),
    Wait("a quorum", COOLING_OFF, LEVEL_2, after(APPROVED), VOTES),
    Wait("the rest of a quorum", COOLING_OFF, LEVEL_2, after(APPROVED, FIRST_VOTE), (LAST_VOTE,)),
    Wait("a claim", DESK, OPEN_1, at_once, (*claims(1), STOP)),
    Wait("a claim, after a stray", DESK, OPEN_1, at_once, claims(1), stray=a_stray_at_the_claim),
    Wait("a claim, after a crash", DESK, OPEN_1, at_once, claims(1)[:2], fault=LOST_JOB),
    Wait("a second claim", DESK, OPEN_2, FAILED, claims(2)),
    Wait("a result", DESK, CLAIMED_1, CLAIMED, (*results(1), STOP)),
    Wait("a result, after a stray", DESK, CLAIMED_1, CLAIMED, results(1), stray=a_stray_at_the_result),
    Wait("a result, after a crash", DESK, CLAIMED_1, CLAIMED, results(1)[:1], fault=LOST_LISTENING),
    Wait("a result, after a throttled write", DESK, CLAIMED_1, CLAIMED, results(1)[:1], fault=THROTTLED_LISTENING),
    Wait("a second result", DESK, CLAIMED_2, FAILED_AND_CLAIMED, results(2)),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """An event at a moment (None: while the workflow sleeps), and how long after it the order went on, if it did.

    `trouble` is why the event itself was refused.
    """

    event: Event
    moment: Moment | None
    seconds: float | None
    trouble: str | None

    @property
    def is_late(self) -> bool:
        """Whether the order did not go on in time."""
        return self.trouble is not None or self.seconds is None or self.seconds > AT_MOST_SECONDS

    def __str__(self) -> str:
        """Name it in a failure."""
        took = "in vain" if self.seconds is None else f"for {self.seconds:.2f} s"
        return f"{self.event.name}, {self.moment or 'while it sleeps'}: waited {took}, {self.trouble or 'not refused'}"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One world for every order of this suite."""
    with a_stage(**WAITS) as stage:
        yield stage


def opened(stage: Stage, wait: Wait, act: Act | None = None) -> tuple[OrderId, float]:
    """Take a new order to the wait, with an act planned on its way; return it, and since when the wait is opened."""
    key = f"wake-{next(_keys):012}"
    order_id, since = order_id_of(key), 0.0
    if wait.fault is not None:
        stage.moments.faults[order_id] = wait.fault
    if act is not None:
        stage.moments.plan[order_id] = act
    stage.world.submit(wait.lines, key=key)
    wait.lead(stage, order_id)
    if wait.stray is not None:
        asleep(stage, order_id)
        since = time.monotonic()
        wait.stray(stage, order_id)
    return order_id, since


def moments_of(stage: Stage, wait: Wait) -> list[Moment]:
    """Return every moment of opening the wait at which it can be ended, as one undisturbed order had them."""
    order_id, since = opened(stage, wait)
    asleep(stage, order_id)
    assert order_id not in stage.moments.faults, "the fault did not come"
    passed = stage.moments.passed[order_id]
    possible = [each for each in passed if each.at >= since and each.row is not None and wait.possible(each.row)]
    return [*{each.at: each.moment for each in possible}.values()]  # the updates of one call pass at one instant


def tried(stage: Stage, wait: Wait, event: Event, moment: Moment | None) -> Tried:
    """Let the event come at this moment, and see when the order goes on."""
    act = Act(moment, wait.possible, partial(event.does, stage)) if moment else None
    order_id, _ = opened(stage, wait, act)
    if not stage.acts_before_it_sleeps(order_id):
        moment = None
        stage.world.until(order_id, wait.possible)
        stage.moments.act(order_id, partial(event.does, stage))
    seconds = stage.goes_on(order_id, event.leads_to, PATIENCE_SECONDS)
    return Tried(event, moment, seconds, stage.moments.troubles.get(order_id))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("wait", WAITS_OF_THE_WORKFLOW, ids=lambda wait: wait.name)
def test_whatever_ends_a_wait_wakes_the_workflow_at_once(
    stage: Stage, wait: Wait, record_testsuite_property: Record
) -> None:
    moments = moments_of(stage, wait)
    tries = [(event, moment) for event in wait.events for moment in (*moments, None)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda each: tried(stage, wait, *each), tries))
        # A busy machine may be slow; alone, an order that sleeps through its event still does.
        late = [tried(stage, wait, each.event, each.moment) for each in found if each.is_late]

    assert [str(each) for each in late if each.is_late] == []
    reached = {each.moment for each in found}
    assert len(moments) >= FEWEST_MOMENTS
    assert len({*moments} - reached) <= SPARE_MOMENTS
    slowest = max(each.seconds or 0.0 for each in found)
    figure = f"{len(found)} events at {len(reached)} moments, on after {slowest:.2f} s at most"
    record_testsuite_property(f"woken from {wait.name}", figure)
