"""Every race of the product by name: what may come first, and what the other is then told.

Both orders of each are seen, in memory and on DynamoDB's transactions, or the test fails as toothless. RACES says where
each race is shown; those that are no race for the row live with what they are about.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from orders.domain.model import Role
from orders.wiring import Book
from tests.races.cast import (
    DEADLINE,
    SILENT_FROM,
    Position,
    approved,
    approves,
    beats,
    being_picked,
    charges,
    looks,
    looks_at_the_job,
    loses_it,
    publishes,
    rejects,
    reports,
    to_be_picked,
    waiting,
    withdraws,
)
from tests.races.model import OK, Answer
from tests.races.track import Race, Runner, Track

Record = Callable[[str, object], None]
ROOT = Path(__file__).resolve().parents[2]
LOOKS = "tests/workflow/test_scenarios.py"
MOST_ROUNDS = 100
LEAST_ROUNDS = 10

RACES: dict[str, tuple[str, ...]] = {
    "approve at the instant of the deadline": (
        "tests/races/test_races.py::test_approve_at_the_instant_of_the_deadline",
        "tests/races/test_deadline.py::test_clicks_across_the_deadline_have_one_winner",
    ),
    "same person double-clicks, same key": (
        "tests/races/test_interruptions.py::test_two_clicks_with_one_key_are_one_decision_and_equal_answers",
        "tests/api/test_twins.py::test_twenty_equal_submissions_at_two_workers_get_twenty_equal_answers",
    ),
    "same person double-clicks, different keys, same verdict": (
        "tests/races/test_races.py::test_the_same_person_clicks_in_two_tabs",
    ),
    "same key, other body": ("tests/api/test_idempotency.py::test_a_key_that_comes_with_another_body_is_refused",),
    "same person approves, then rejects": ("tests/races/test_races.py::test_the_same_person_approves_and_rejects",),
    "two people, approve and reject": ("tests/races/test_races.py::test_two_people_approve_and_reject",),
    "three votes at once for a quorum of two": (
        "tests/races/test_races.py::test_three_votes_at_once_for_a_quorum_of_two",
        "tests/workflow/test_tiers.py::test_three_votes_for_a_quorum_of_two_are_two_votes_and_one_signal",
    ),
    "approve and withdraw": ("tests/races/test_races.py::test_approve_and_withdraw",),
    "withdraw and begin-charge": ("tests/races/test_races.py::test_withdraw_and_begin_charge",),
    "the API dies between the decision and the signal": (
        "tests/races/test_interruptions.py::test_a_decision_whose_signal_was_never_sent_is_signalled_by_the_retry",
        "tests/workflow/test_scenarios.py::test_a_lost_signal_is_honoured_at_the_next_look",
    ),
    "a signal to a closed, late, unknown or malformed callback": (
        "tests/adapters/test_durable_lambda.py::test_a_refused_signal_is_counted_and_swallowed",
    ),
    "a signal without a decision": (
        "tests/workflow/test_scenarios.py::test_a_signal_without_a_decision_approves_nothing",
        "tests/workflow/test_scenarios.py::test_a_broken_signal_neither_approves_nor_fails",
        "tests/workflow/test_scenarios.py::test_a_failure_signal_neither_rejects_nor_fails",
    ),
    "a decision between reading the row and publishing the callback id": (
        "tests/races/test_races.py::test_a_decision_and_the_publishing_of_a_later_callback",
        f"{LOOKS}::test_a_decision_between_reading_the_row_and_publishing_the_callback_is_found_at_once",
    ),
    "a worker dies at any point": (
        "tests/crash/test_disturbances.py::test_no_crash_at_a_checkpoint_changes_an_outcome",
        "tests/crash/test_killed_workers.py::test_a_worker_killed_at_any_instant_doubles_no_effect",
    ),
    "duplicate submit": (
        "tests/api/test_twins.py::test_twenty_equal_submissions_at_two_workers_get_twenty_equal_answers",
        "tests/api/test_twins.py::test_two_submissions_with_one_key_and_two_bodies_are_one_order_and_one_refusal",
        "tests/local/test_journeys.py::test_the_same_submission_twenty_times_at_once_is_one_order",
    ),
    "the API dies between document, start and row": (
        "tests/races/test_interruptions.py::test_a_submission_that_broke_off_anywhere_is_healed_by_a_retry",
    ),
    "duplicate submit after the execution's retention": (
        "tests/races/test_interruptions.py::test_a_submission_of_a_final_order_is_answered_without_a_start",
        "tests/workflow/test_scenarios.py::test_a_late_duplicate_start_ends_without_an_effect",
    ),
    "a picking station that lost its job comes back": (
        "tests/races/test_races.py::test_a_result_and_the_loss_of_the_job",
        "tests/races/test_races.py::test_a_beat_at_the_instant_of_the_loss",
        "tests/api/test_picking.py::test_a_station_that_lost_its_job_is_told",
    ),
    "two stations, one job": (
        "tests/races/test_races.py::test_two_stations_claim_one_job",
        "tests/races/test_races.py::test_a_claim_at_the_instant_of_its_deadline",
    ),
    "status events duplicated, late or out of order": (
        "tests/races/test_races.py::test_the_event_of_a_lost_execution_and_the_charge",
        "tests/races/test_races.py::test_the_event_of_a_lost_execution_and_a_decision",
        "tests/workflow/test_recovery.py::test_status_events_repeated_and_reordered_change_nothing_about_a_final_row",
    ),
    "two operators recover at once": (
        "tests/races/test_interruptions.py::test_two_operators_who_recover_at_once_start_one_recovery",
    ),
}


def run_both_ways(
    track: Track, place: Callable[[Book], Position], runners: Sequence[Runner], record: Record
) -> dict[str, Race]:
    """Run a race until everybody has been first; return, for each winner, the last race they won.

    Fails when a race contradicts the model, or when somebody is never first.
    """
    firsts, last = Counter[str](), dict[str, Race]()
    for number in range(MOST_ROUNDS):
        position = place(track.book)
        race = track.race(position.order, position.model, runners)
        assert race.contradictions() == []
        assert len(race.woken) <= 1
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
        assert race.woken == ("callback-1",)


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


def test_every_race_is_shown_somewhere() -> None:
    """The table at the top names tests that are there."""
    shown = {test for tests in RACES.values() for test in tests}

    for test in sorted(shown):
        path, name = test.split("::")
        tree = ast.parse((ROOT / path).read_text())
        assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body), test
