"""The races for the row by name: what may come first, and what the other is then told.

Both orders of each are seen, in memory and on DynamoDB's transactions, or the test fails as toothless. Where every
race is shown, those that are none for the row too, says `tests/unit/test_contract_index.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from orders.domain.model import Role
from orders.wiring import Repository
from tests.races.cast import (
    DEADLINE,
    SILENT_FROM,
    Position,
    approved,
    approves,
    beats,
    being_picked,
    charged,
    charges,
    completes,
    looks,
    looks_at_the_job,
    loses_it,
    publishes,
    rejects,
    reports,
    resting,
    rests,
    to_be_picked,
    waiting,
    withdraws,
)
from tests.races.model import OK, Answer
from tests.races.track import Race, Runner, Track

Record = Callable[[str, object], None]
MOST_ROUNDS = 100
LEAST_ROUNDS = 10


def run_both_ways(
    track: Track, place: Callable[[Repository], Position], runners: Sequence[Runner], record: Record
) -> dict[str, Race]:
    """Run a race until everybody has been first; return, for each winner, the last race they won.

    Fails when a race contradicts the model, or when somebody is never first.
    """
    firsts, last = Counter[str](), dict[str, Race]()
    for number in range(MOST_ROUNDS):
        position = place(track.book)
        race = track.race(position.order, position.model, runners)
        assert race.contradictions() == []
        assert len(race.signals) <= race.may_have_signalled
        firsts[race.first] += 1
        last[race.first] = race
        if number >= LEAST_ROUNDS and len(firsts) == len({runner.name for runner in runners}):
            break
    assert set(firsts) == {runner.name for runner in runners}, f"never first: {firsts}"
    counts = ", ".join(f"{name} first {times}x" for name, times in sorted(firsts.items()))
    print(counts)
    record(f"{type(track.book).__name__}: {' / '.join(sorted(firsts))}", counts)
    return last


def test_approve_at_the_instant_of_the_deadline(track: Track, record_testsuite_property: Record) -> None:
    """The person's machine says it is just in time, the workflow's that it is over: whoever writes first is right."""
    approver, workflow = approves("manager-1", seconds=DEADLINE - 0.001), looks(DEADLINE)

    won = run_both_ways(track, waiting, (approver, workflow), record_testsuite_property)

    assert won[approver.name].answers == [OK, Answer(200, "approved")]
    assert won[workflow.name].answers == [Answer(409, "order-expired"), Answer(200, "expired")]


def test_the_same_person_clicks_in_two_tabs(track: Track, record_testsuite_property: Record) -> None:
    """Two requests with different keys and one verdict are one decision, and both hear so."""
    clicks = tuple(replace(approves("manager-1"), name=f"{tab} tab") for tab in ("one", "other"))

    for race in run_both_ways(track, waiting, clicks, record_testsuite_property).values():
        assert race.answers == [OK, OK]
        assert len(race.row.levels[0].decisions) == 1


def test_the_same_person_approves_and_rejects(track: Track, record_testsuite_property: Record) -> None:
    """The first word stands."""
    yes, no = approves("manager-1"), rejects("manager-1")

    won = run_both_ways(track, waiting, (yes, no), record_testsuite_property)

    assert won[yes.name].answers == [OK, Answer(409, "already-decided")]
    assert won[no.name].answers == [Answer(409, "already-decided"), OK]


def test_two_people_approve_and_reject(track: Track, record_testsuite_property: Record) -> None:
    """First write wins; the refusal of the other is the model's, which names the winner's state."""
    yes, no = approves("manager-1"), rejects("manager-2")

    won = run_both_ways(track, waiting, (yes, no), record_testsuite_property)

    assert won[yes.name].answers == [OK, Answer(409, "already-decided")]
    assert won[no.name].answers == [Answer(409, "already-decided"), OK]
    assert [won[name].row.status for name in (yes.name, no.name)] == ["PENDING_APPROVAL", "REJECTED"]


def test_three_votes_at_once_for_a_quorum_of_two(track: Track, record_testsuite_property: Record) -> None:
    """Exactly two are accepted and the workflow is woken once, whoever the third is."""
    votes = [approves(f"finance-{number}") for number in (1, 2, 3)]

    won = run_both_ways(track, partial(waiting, role=Role.FINANCE, quorum=2), votes, record_testsuite_property)

    for race in won.values():
        assert sorted(answer.status for answer in race.answers) == [200, 200, 409]
        assert race.signals == ("callback-1",)


def test_one_person_under_two_spellings_has_one_vote(track: Track, record_testsuite_property: Record) -> None:
    """The model knows the person by their one name; the second spelling hears of the first one's decision."""
    canonical, capital = approves("finance-1"), approves("Finance-1")
    votes = [canonical, replace(capital, ask=canonical.ask)]

    won = run_both_ways(track, partial(waiting, role=Role.FINANCE, quorum=2), votes, record_testsuite_property)

    for race in won.values():
        assert race.answers == [OK, OK]
        assert [decision.by for decision in race.row.levels[0].decisions] == ["finance-1"]
        assert race.woken == ()


def test_approve_and_withdraw(track: Track, record_testsuite_property: Record) -> None:
    """After an approval the order can still be withdrawn; after a withdrawal it cannot be approved."""
    approver, requester = approves("manager-1"), withdraws()

    won = run_both_ways(track, waiting, (approver, requester), record_testsuite_property)

    assert won[approver.name].answers == [OK, OK]
    assert won[requester.name].answers == [Answer(409, "order-withdrawn"), OK]
    assert {race.row.status for race in won.values()} == {"WITHDRAWN"}


def test_reject_and_withdraw(track: Track, record_testsuite_property: Record) -> None:
    """Both end the order; the first says how."""
    approver, requester = rejects("manager-1"), withdraws()

    won = run_both_ways(track, waiting, (approver, requester), record_testsuite_property)

    assert won[approver.name].answers == [OK, Answer(409, "already-decided")]
    assert won[requester.name].answers == [Answer(409, "order-withdrawn"), OK]


def test_withdraw_at_the_instant_of_the_deadline(track: Track, record_testsuite_property: Record) -> None:
    """Nobody's money moves either way, but the row says which it was."""
    requester, workflow = withdraws(), looks(DEADLINE)

    won = run_both_ways(track, waiting, (requester, workflow), record_testsuite_property)

    assert won[requester.name].answers == [OK, Answer(200, "withdrawn")]
    assert won[workflow.name].answers == [Answer(409, "order-expired"), Answer(200, "expired")]


def test_withdraw_and_begin_charge(track: Track, record_testsuite_property: Record) -> None:
    """The point of no return is one write: before it a withdrawal wins, after it comes too late."""
    requester, workflow = withdraws(), charges()

    won = run_both_ways(track, approved, (requester, workflow), record_testsuite_property)

    assert won[requester.name].answers == [OK, Answer(409, "order-withdrawn")]
    assert won[workflow.name].answers == [Answer(409, "too-late"), OK]


def test_a_decision_and_the_publishing_of_a_later_callback(track: Track, record_testsuite_property: Record) -> None:
    """Decided first, the workflow is told not to wait; published first, the new callback is the one that is woken."""
    approver, workflow = approves("manager-1"), publishes("callback-9")

    won = run_both_ways(track, waiting, (approver, workflow), record_testsuite_property)

    assert won[approver.name].answers == [OK, Answer(200, "approved")]
    assert won[approver.name].woken == ("callback-1",)
    assert won[workflow.name].woken == ("callback-9",)


def test_two_stations_claim_one_job(track: Track, record_testsuite_property: Record) -> None:
    """The job is the first one's; the other is told whose."""
    first, second = beats("warehouse-1"), beats("warehouse-2")

    won = run_both_ways(track, to_be_picked, (first, second), record_testsuite_property)

    assert won[first.name].answers == [OK, Answer(409, "job-claimed")]
    assert won[second.name].answers == [Answer(409, "job-claimed"), OK]


def test_a_claim_at_the_instant_of_its_deadline(track: Track, record_testsuite_property: Record) -> None:
    """Claimed or left, never both."""
    station, workflow = beats(seconds=602.999), looks_at_the_job(603)

    won = run_both_ways(track, to_be_picked, (station, workflow), record_testsuite_property)

    assert won[station.name].row.jobs[0].state == "claimed"
    assert won[workflow.name].answers[0] == Answer(409, "job-superseded")


def test_a_beat_at_the_instant_of_the_loss(track: Track, record_testsuite_property: Record) -> None:
    """A beat that is written first keeps the job; a job that is lost first stays lost."""
    station, workflow = beats(seconds=SILENT_FROM - 0.001), looks_at_the_job(SILENT_FROM)

    won = run_both_ways(track, being_picked, (station, workflow), record_testsuite_property)

    assert won[station.name].row.jobs[0].state == "claimed"
    assert won[workflow.name].answers[0] == Answer(409, "job-superseded")


@pytest.mark.parametrize("outcome", ["picked", "failed"])
def test_a_result_and_the_loss_of_the_job(track: Track, outcome: str, record_testsuite_property: Record) -> None:
    """A result that is written first counts; after the loss the station hears that the job is no longer its own."""
    station, workflow = reports(outcome=outcome), looks_at_the_job(SILENT_FROM)

    won = run_both_ways(track, being_picked, (station, workflow), record_testsuite_property)

    assert won[station.name].row.jobs[0].state == outcome
    assert won[workflow.name].answers[0] == Answer(409, "job-superseded")


def test_a_station_says_two_things_at_once(track: Track, record_testsuite_property: Record) -> None:
    """The first word stands; a job that has its result is over."""
    good, bad = reports(outcome="picked"), reports(outcome="failed")

    won = run_both_ways(track, being_picked, (good, bad), record_testsuite_property)

    assert won[good.name].answers == [OK, Answer(409, "job-superseded")]
    assert won[bad.name].answers == [Answer(409, "job-superseded"), OK]


def test_the_event_of_a_lost_execution_and_the_charge(track: Track, record_testsuite_property: Record) -> None:
    """A held order is never charged; one that is being charged is held all the same."""
    event, workflow = loses_it(), charges()

    won = run_both_ways(track, approved, (event, workflow), record_testsuite_property)

    assert won[event.name].answers == [OK, Answer(409, "order-fenced")]
    assert {race.row.status for race in won.values()} == {"NEEDS_ATTENTION"}


def test_the_event_of_a_lost_execution_and_a_decision(track: Track, record_testsuite_property: Record) -> None:
    """Somebody whose order was held a moment ago hears that it is too late."""
    event, approver = loses_it(), approves("manager-1")

    won = run_both_ways(track, waiting, (event, approver), record_testsuite_property)

    assert won[event.name].answers == [OK, Answer(409, "too-late")]
    assert len(won[approver.name].row.levels[0].decisions) == 1


def test_a_late_event_and_the_completion(track: Track, record_testsuite_property: Record) -> None:
    """A completed order stays completed whatever the event says; a held one is not completed any more."""
    event, workflow = loses_it(), completes()

    won = run_both_ways(track, charged, (event, workflow), record_testsuite_property)

    assert won[event.name].answers == [OK, Answer(409, "order-fenced")]
    assert won[workflow.name].answers == [OK, OK]
    assert [won[name].row.status for name in (event.name, workflow.name)] == ["NEEDS_ATTENTION", "COMPLETED"]


def test_withdraw_and_begin_cooling_off(track: Track, record_testsuite_property: Record) -> None:
    """Before the rest or during it the order can be withdrawn; after a withdrawal it does not rest."""
    requester, workflow = withdraws(), rests()

    won = run_both_ways(track, partial(approved, rest=30), (requester, workflow), record_testsuite_property)

    assert won[requester.name].answers == [OK, Answer(409, "order-withdrawn")]
    assert won[workflow.name].answers == [OK, OK]
    assert {race.row.status for race in won.values()} == {"WITHDRAWN"}


def test_withdraw_at_the_end_of_the_rest(track: Track, record_testsuite_property: Record) -> None:
    """Until the charge begins the requester may change their mind; both have read that the order rests."""
    requester, workflow = withdraws(seconds=40), charges(40)

    won = run_both_ways(track, resting, (requester, workflow), record_testsuite_property)

    assert won[requester.name].answers == [OK, Answer(409, "order-withdrawn")]
    assert won[workflow.name].answers == [Answer(409, "too-late"), OK]
