"""Everything that may happen to orders, as a Hypothesis state machine: it makes up what, when and to whom."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.races.agreement import agree
from tests.races.deeds import Deed, alive, anything, due, held, may, moments, possible, those, untimely_votes, votes
from tests.races.model import BEFORE_CHARGE, OK
from tests.races.stage import PEOPLE, Reached, Stage
from tests.races.steps import ON_ITS_WAY, STEPS, can_escalate, is_being_picked

MOST_UNDER_WAY = 3
TICK = 0.125  # seconds that a float holds exactly, so that the instant of a deadline is the same for both
STATION, OPERATOR = "warehouse-1", "operator-1"
STATIONS = [name for name, who in PEOPLE.items() if "warehouse" in who.roles]
# Orders that need people are the ones that most can happen to.
KINDS_WANTED = ["a quorum and a rest", "a lamp", "two levels", "one level", "a lamp", "a small one", "a lamp"]

anybody, kinds = st.sampled_from(sorted(PEOPLE)), st.sampled_from(KINDS_WANTED)
requesters = st.sampled_from([name for name, who in PEOPLE.items() if "requesters" in who.roles])
verdicts = st.sampled_from(["approve", "approve", "approve", "reject"])
outcomes = st.sampled_from([None, None, "picked", "failed", "failed"])
numbers = st.integers(1, 3)  # of levels and jobs; no order has three


class ApiAndModel(RuleBasedStateMachine):
    """Orders in the API, and the same orders in the model."""

    reached: ClassVar[Reached] = Reached()

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(self.reached)
        self.looks = 0

    def teardown(self) -> None:
        """Leave the process as it was."""
        self.stage.close()

    @invariant()
    def they_agree(self) -> None:
        """After every step; somebody else looks each time."""
        self.reached.steps += 1
        self.looks += 1
        agree(self.stage, sorted(PEOPLE)[self.looks % len(PEOPLE)])

    @initialize(kind=kinds, so_far=st.integers(0, 9), other=kinds)
    def two_orders_are_there(self, kind: str, so_far: int, other: str) -> None:
        """One has come as far as it may be, the other has just been placed."""
        self.stage.place(kind, "requester-1")
        for _ in range(so_far):
            self.all_goes_well(1)
        self.stage.place(other, "pat")

    def all_goes_well(self, number: int) -> None:
        """Let whoever's turn it is do what is hoped for."""
        stage, model = self.stage, self.stage.model(number)
        approver = next((name for name in PEOPLE if "approve" in model.actions(PEOPLE[name], stage.now)), None)
        step = next((name for name in ON_ITS_WAY if STEPS[name].is_due(model)), None)
        if approver is not None:
            stage.decide(number, approver, model.current, "approve")
        elif model.jobs and model.report(PEOPLE[STATION], len(model.jobs), "picked")[0] == OK:
            stage.report(number, STATION, len(model.jobs), "picked")
        elif model.jobs and model.beat(PEOPLE[STATION], len(model.jobs), stage.now)[0] == OK:
            stage.beat(number, STATION, len(model.jobs))
        elif step is not None:
            stage.step(number, step)
            if model.status == stage.model(number).status == "COOLING_OFF":  # too soon: it rests first
                stage.world.clock.move(seconds=model.waits.rest)
                stage.step(number, step)
        elif model.status == "NEEDS_ATTENTION":
            stage.recover(number, OPERATOR)

    # One rule for all deeds: of many, Hypothesis leaves most out in each run, and then few orders get anywhere.
    @rule(deed=st.runner().flatmap(lambda machine: possible(machine.stage)))
    def something_happens(self, deed: Deed) -> None:
        """Let somebody do something."""
        deed.method(self, **deed.said)

    # --- people -------------------------------------------------------------------------------------------------------

    @may(lambda stage: KINDS_WANTED if len(alive(stage)) < MOST_UNDER_WAY else [], name=requesters)
    def somebody_orders(self, which: str, name: str) -> None:
        self.stage.place(which, name)

    @may(alive)
    def the_next_thing_happens(self, which: int) -> None:
        self.all_goes_well(which)

    @may(votes, 8, verdict=verdicts, dies=st.booleans())
    def an_approver_decides(self, which: tuple[int, str, int], verdict: str, *, dies: bool) -> None:
        if dies:
            self.stage.decide_and_die(*which, verdict)
        else:
            self.stage.decide(*which, verdict)

    @may(untimely_votes, 3, verdict=verdicts)
    def an_approver_is_early_or_late(self, which: tuple[int, str, int], verdict: str) -> None:
        self.stage.decide(*which, verdict)

    @may(those(lambda model: model.status in BEFORE_CHARGE), 1)
    def the_requester_withdraws(self, which: int) -> None:
        self.stage.withdraw(which, self.stage.model(which).requester)

    @may(due("settle-picking"), 6, name=st.sampled_from(STATIONS), outcome=outcomes)
    def a_station_works(self, which: int, name: str, outcome: str | None) -> None:
        job = len(self.stage.model(which).jobs)
        self.stage.beat(which, name, job)
        if outcome is not None:
            self.stage.report(which, name, job, outcome)

    @may(due("settle-picking"), 4, names=st.permutations(STATIONS), outcome=outcomes)
    def two_stations_meet(self, which: int, names: list[str], outcome: str | None) -> None:
        """At one job: both want it, and perhaps both say what became of it."""
        for said in (None, outcome):
            for name in names:
                self.a_station_works(which, name, said)

    @may(held)
    def an_operator_recovers(self, which: int) -> None:
        self.stage.recover(which, OPERATOR)

    @may(anything, 1)
    def an_operator_stops(self, which: int) -> None:
        self.stage.stop(which, OPERATOR)

    @may(anything, 4, name=anybody, about=numbers, what=st.sampled_from(["decide", "withdraw", "pick", "stop"]))
    def anybody_tries(self, which: int, name: str, about: int, what: str) -> None:
        """Whoever it is, wherever the order stands."""
        if what == "decide":
            self.stage.decide(which, name, about, "approve")
        elif what == "withdraw":
            self.stage.withdraw(which, name)
        elif what == "pick":
            self.stage.beat(which, name, about)
            self.stage.report(which, name, about, "picked")
        else:
            self.stage.stop(which, name)
            self.stage.recover(which, name)

    @may(lambda stage: stage.kept, 1, with_another_body=st.booleans())
    def somebody_sends_it_again(self, which: tuple[dict[str, object], str], *, with_another_body: bool) -> None:
        self.stage.repeat(*which, with_another_body=with_another_body)

    # --- the workflow, and what becomes of it -------------------------------------------------------------------------

    @may(due("register-order"), 1)
    def the_order_is_registered_again(self, which: int) -> None:
        self.stage.step(which, "register-order")

    @may(due("refuse"), 1)
    def the_order_is_refused(self, which: int) -> None:
        self.stage.step(which, "refuse")

    @may(due("open-level"))
    def a_level_is_opened(self, which: int) -> None:
        self.stage.step(which, "open-level")

    @may(due("settle-level"), 8, name=st.sampled_from(["settle-level", "settle-level, a message lost"]))
    def a_level_is_settled(self, which: int, name: str) -> None:
        self.stage.step(which, name)

    @may(due("begin-cooling-off"))
    def the_order_cools_off(self, which: int) -> None:
        self.stage.step(which, "begin-cooling-off")

    @may(due("begin-charge"))
    def the_charge_begins(self, which: int) -> None:
        self.stage.step(which, "begin-charge")

    @may(due("open-job"))
    def a_job_is_opened(self, which: int) -> None:
        self.stage.step(which, "open-job")

    @may(due("settle-picking"), 8)
    def a_job_is_settled(self, which: int) -> None:
        self.stage.step(which, "settle-picking")

    @may(due("complete-order"))
    def the_order_is_completed(self, which: int) -> None:
        self.stage.step(which, "complete-order")

    @may(due("fail"))
    def the_order_fails(self, which: int) -> None:
        self.stage.step(which, "fail")

    @may(due("hold"))
    def the_order_is_held(self, which: int) -> None:
        self.stage.step(which, "hold")

    @may(due("recover"))
    def the_recovery_ends(self, which: int) -> None:
        self.stage.step(which, "recover")

    @may(those(lambda model: model.recovering))
    def the_recovery_breaks_off(self, which: int) -> None:
        self.stage.break_recovery_off(which)

    @may(anything, 4, name=st.sampled_from(sorted(STEPS)), about=numbers)
    def a_step_comes_late(self, which: int, name: str, about: int) -> None:
        self.stage.step(which, name, about)

    @may(held, 6, name=st.sampled_from([name for name in STEPS if name != "recover"]))
    def the_fence_is_tried(self, which: int, name: str) -> None:
        """By an execution that has not heard yet that its order is held."""
        self.stage.step(which, name, about=1)

    @may(alive, 1)
    def the_execution_is_lost(self, which: int) -> None:
        self.stage.step(which, "execution lost")

    @may(alive, 3, name=st.sampled_from(["begin-cooling-off", "begin-charge", "complete-order"]))
    def a_step_comes_too_soon(self, which: int, name: str) -> None:
        self.stage.step(which, name)

    @may(those(lambda model: bool(model.jobs)), 4)
    def one_job_more_is_wanted(self, which: int) -> None:
        self.stage.step(which, "open-job")

    # --- the clock ----------------------------------------------------------------------------------------------------

    @may(moments, 12, off=st.sampled_from([-TICK, 0, TICK]))
    def it_gets_late(self, which: float, off: float) -> None:
        """Just before something is due, at that instant, or just after it."""
        self.wait_until(which + off)

    @may(those(can_escalate), 3)
    def nobody_answers(self, which: int) -> None:
        """Until the order escalates."""
        model = self.stage.model(which)
        self.wait_until(model.levels[model.current - 1].escalates_at or 0)
        self.stage.step(which, "settle-level")

    @may(those(is_being_picked), 16, comes_back=st.booleans())
    def a_station_falls_silent(self, which: int, *, comes_back: bool) -> None:
        """Until its job is lost, though perhaps nobody has written that down when it beats again."""
        job = self.stage.model(which).jobs[-1]
        self.wait_until(job.lost_at)
        if comes_back and job.claimed_by is not None:
            self.stage.beat(which, job.claimed_by, len(self.stage.model(which).jobs))
        self.stage.step(which, "settle-picking")

    @may(due("settle-picking"), 3)
    def nobody_finds_the_goods(self, which: int) -> None:
        """Neither the first station nor the second."""
        for name in STATIONS:
            self.a_station_works(which, name, "failed")
            self.stage.step(which, "open-job")

    def wait_until(self, moment: float) -> None:
        """Put the clock forward, unless it is later already."""
        self.stage.world.clock.move(seconds=max(0, moment - self.stage.now))
