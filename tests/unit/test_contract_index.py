"""Where each promise of the contract is shown: every race and every legal move, with the tests that show it.

A row of the transition table without a test here is a failure, and so is a name here that no test has.
"""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from orders.domain.approval import Decide, Escalate, Expire, NoteUndelivered, OpenLevel, Remind, Withdraw
from orders.domain.charging import BeginCharge, BeginCoolingOff, Complete, Fail, Refuse
from orders.domain.picking import ClaimJob, LeaveJob, LoseJob, OpenJob, ReportPicking
from orders.domain.recovery import BeginRecovery, NeedAttention, Recover, RequestStop
from orders.domain.rules import Command
from orders.domain.table import TABLE

ROOT = Path(__file__).resolve().parents[2]

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
    "approve and withdraw": (
        "tests/races/test_races.py::test_approve_and_withdraw",
        "tests/races/test_races.py::test_reject_and_withdraw",
        "tests/races/test_races.py::test_withdraw_at_the_instant_of_the_deadline",
    ),
    "withdraw and begin-charge": (
        "tests/races/test_races.py::test_withdraw_and_begin_charge",
        "tests/races/test_races.py::test_withdraw_and_begin_cooling_off",
        "tests/races/test_races.py::test_withdraw_at_the_end_of_the_rest",
        "tests/unit/test_table.py::test_after_the_charge_has_begun_withdrawal_is_too_late",
    ),
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
        "tests/workflow/test_scenarios.py::test_a_decision_between_reading_the_row_and_publishing_the_callback_is_found_at_once",
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
        "tests/api/test_problems.py::test_a_start_that_could_not_be_confirmed_asks_to_try_again",
        "tests/adapters/test_durable_lambda.py::test_an_execution_is_started_under_the_orders_name",
        "tests/template/test_structure.py::test_what_cannot_be_delivered_is_kept_for_two_weeks",
    ),
    "duplicate submit after the execution's retention": (
        "tests/races/test_interruptions.py::test_a_submission_of_a_final_order_is_answered_without_a_start",
        "tests/workflow/test_scenarios.py::test_a_late_duplicate_start_ends_without_an_effect",
    ),
    "a picking station that lost its job comes back": (
        "tests/races/test_races.py::test_a_result_and_the_loss_of_the_job",
        "tests/races/test_races.py::test_a_beat_at_the_instant_of_the_loss",
        "tests/races/test_races.py::test_a_station_says_two_things_at_once",
        "tests/api/test_picking.py::test_a_station_that_lost_its_job_is_told",
    ),
    "two stations, one job": (
        "tests/races/test_races.py::test_two_stations_claim_one_job",
        "tests/races/test_races.py::test_a_claim_at_the_instant_of_its_deadline",
    ),
    "status events duplicated, late or out of order": (
        "tests/races/test_races.py::test_the_event_of_a_lost_execution_and_the_charge",
        "tests/races/test_races.py::test_the_event_of_a_lost_execution_and_a_decision",
        "tests/races/test_races.py::test_a_late_event_and_the_completion",
        "tests/crash/test_status_events.py::test_no_disorder_of_events_changes_a_final_row_or_tells_its_end_twice",
        "tests/workflow/test_recovery.py::test_status_events_repeated_and_reordered_change_nothing_about_a_final_row",
    ),
    "two operators recover at once": (
        "tests/races/test_interruptions.py::test_two_operators_who_recover_at_once_start_one_recovery",
    ),
}

UNDER_WAY = "SUBMITTED PENDING_APPROVAL COOLING_OFF CHARGING FULFILLING"
# Every legal move: what makes it, from which states to which, and what shows it.
MOVES: dict[tuple[type[Command], str, str], tuple[str, ...]] = {
    (Refuse, "SUBMITTED", "REFUSED"): (
        "tests/workflow/test_scenarios.py::test_what_cannot_be_had_is_refused_with_a_reason",
    ),
    (OpenLevel, "SUBMITTED", "PENDING_APPROVAL"): ("tests/workflow/test_scenarios.py::test_a_manager_approves",),
    (OpenLevel, "PENDING_APPROVAL", "PENDING_APPROVAL"): (
        "tests/workflow/test_tiers.py::test_a_manager_and_then_a_director_approve",
        "tests/unit/test_table.py::test_the_second_level_opens_only_after_the_first_is_approved",
    ),
    (Decide, "PENDING_APPROVAL", "PENDING_APPROVAL"): (
        "tests/workflow/test_scenarios.py::test_a_manager_approves",
        "tests/workflow/test_tiers.py::test_three_votes_for_a_quorum_of_two_are_two_votes_and_one_signal",
        "tests/unit/test_table.py::test_approval_at_the_very_deadline_is_too_late",
        "tests/workflow/test_tiers.py::test_nobody_approves_two_levels",
    ),
    (Decide, "PENDING_APPROVAL", "REJECTED"): (
        "tests/workflow/test_scenarios.py::test_a_manager_rejects",
        "tests/unit/test_table.py::test_one_rejection_is_enough_whatever_the_quorum",
    ),
    (Remind, "PENDING_APPROVAL", "PENDING_APPROVAL"): (
        "tests/workflow/test_scenarios.py::test_people_are_reminded_and_the_order_escalates",
    ),
    (Escalate, "PENDING_APPROVAL", "PENDING_APPROVAL"): (
        "tests/workflow/test_scenarios.py::test_people_are_reminded_and_the_order_escalates",
        "tests/unit/test_table.py::test_after_an_escalation_the_next_role_may_decide_too",
    ),
    (NoteUndelivered, "PENDING_APPROVAL", "PENDING_APPROVAL"): (
        "tests/workflow/test_scenarios.py::test_a_notifier_that_raises_fails_no_order",
    ),
    (Expire, "PENDING_APPROVAL", "EXPIRED"): (
        "tests/workflow/test_scenarios.py::test_silence_expires_the_order",
        "tests/api/test_problems.py::test_a_decision_after_the_deadline_expires_the_order_on_the_spot",
    ),
    (BeginCoolingOff, "PENDING_APPROVAL", "COOLING_OFF"): (
        "tests/workflow/test_tiers.py::test_two_different_people_of_finance_and_a_rest",
    ),
    (BeginCharge, "SUBMITTED", "CHARGING"): (
        "tests/workflow/test_scenarios.py::test_a_small_order_is_approved_automatically",
    ),
    (BeginCharge, "PENDING_APPROVAL", "CHARGING"): (
        "tests/workflow/test_scenarios.py::test_a_manager_approves",
        "tests/unit/test_table.py::test_the_charge_begins_only_when_every_level_is_approved",
    ),
    (BeginCharge, "COOLING_OFF", "CHARGING"): (
        "tests/workflow/test_tiers.py::test_two_different_people_of_finance_and_a_rest",
        "tests/unit/test_table.py::test_the_charge_begins_when_the_rest_is_over_and_not_before",
    ),
    (Withdraw, "SUBMITTED", "WITHDRAWN"): (
        "tests/workflow/test_scenarios.py::test_a_withdrawal_during_screening_undoes_what_was_reserved",
    ),
    (Withdraw, "PENDING_APPROVAL", "WITHDRAWN"): (
        "tests/workflow/test_scenarios.py::test_the_requester_withdraws_while_people_think",
    ),
    (Withdraw, "COOLING_OFF", "WITHDRAWN"): (
        "tests/workflow/test_tiers.py::test_a_withdrawal_while_the_order_cools_off_is_found_when_the_rest_is_over",
    ),
    (OpenJob, "CHARGING", "FULFILLING"): (
        "tests/workflow/test_picking.py::test_goods_are_claimed_picked_and_the_order_completes",
    ),
    (OpenJob, "FULFILLING", "FULFILLING"): (
        "tests/workflow/test_picking.py::test_a_station_that_falls_silent_loses_its_job_to_another",
        "tests/unit/test_table.py::test_a_job_that_failed_or_was_lost_is_followed_by_one_more_and_no_third",
    ),
    (ClaimJob, "FULFILLING", "FULFILLING"): (
        "tests/api/test_picking.py::test_the_first_beat_claims_and_wakes_the_workflow",
    ),
    (ReportPicking, "FULFILLING", "FULFILLING"): (
        "tests/api/test_picking.py::test_a_result_is_taken_once_and_wakes_the_workflow",
        "tests/api/test_picking.py::test_a_failure_says_why",
    ),
    (LoseJob, "FULFILLING", "FULFILLING"): (
        "tests/workflow/test_picking.py::test_a_station_that_falls_silent_loses_its_job_to_another",
    ),
    (LeaveJob, "FULFILLING", "FULFILLING"): (
        "tests/workflow/test_picking.py::test_a_job_nobody_claims_fails_the_order",
    ),
    (Complete, "CHARGING", "COMPLETED"): ("tests/workflow/test_scenarios.py::test_a_manager_approves",),
    (Complete, "FULFILLING", "COMPLETED"): (
        "tests/workflow/test_picking.py::test_goods_are_claimed_picked_and_the_order_completes",
    ),
    (Fail, "CHARGING", "FAILED"): (
        "tests/workflow/test_scenarios.py::test_a_declined_capture_fails_the_order_and_gives_everything_back",
    ),
    (Fail, "FULFILLING", "FAILED"): (
        "tests/workflow/test_picking.py::test_a_second_failure_gives_everything_back",
        "tests/workflow/test_picking.py::test_a_job_nobody_claims_fails_the_order",
    ),
    (RequestStop, UNDER_WAY, UNDER_WAY): (
        "tests/api/test_operators.py::test_a_stop_is_on_record_and_stops_the_execution",
        "tests/unit/test_table.py::test_every_legal_move_leads_where_the_table_says",
    ),
    (NeedAttention, UNDER_WAY, "NEEDS_ATTENTION"): (
        "tests/workflow/test_scenarios.py::test_a_capture_nobody_can_account_for_needs_attention",
        "tests/workflow/test_recovery.py::test_a_stopped_order_is_held_until_somebody_looks",
        "tests/unit/test_table.py::test_an_order_whose_execution_is_lost_is_held_wherever_it_was",
    ),
    (BeginRecovery, "NEEDS_ATTENTION", "NEEDS_ATTENTION"): (
        "tests/api/test_operators.py::test_a_held_order_is_recovered_by_an_execution_of_its_own",
        "tests/workflow/test_recovery.py::test_a_recovery_that_is_lost_is_followed_by_another_that_ends_the_same",
    ),
    (Recover, "NEEDS_ATTENTION", "FAILED"): ("tests/workflow/test_recovery.py::test_a_recovery_undoes_and_closes",),
}
# What holds beside the moves: the table's other promises.
ALWAYS = (
    "tests/unit/test_table.py::test_every_command_has_a_row_in_the_table",
    "tests/unit/test_table.py::test_every_other_move_is_refused",
    "tests/unit/test_table.py::test_a_final_row_never_changes",
    "tests/unit/test_table.py::test_needs_attention_is_a_fence",
    "tests/unit/test_guards_matter.py::test_no_condition_can_be_taken_away",
    "tests/races/test_model_and_api.py::test_two_thousand_steps_of_people_and_workflow_agree_with_the_model",
    "tests/races/test_first_write_wins.py::test_fifty_machines_at_one_order_are_explained_by_some_order_of_their_writes",
)


def test_every_legal_move_is_shown_and_no_other() -> None:
    """From each state that the table allows, to each that it leads to; a command that stays is shown where it is."""
    shown = Counter(
        (command, source, source if to == UNDER_WAY else to)
        for command, sources, to in MOVES
        for source in sources.split()
    )
    legal = {
        (command, str(source), str(target))
        for command, rule in TABLE.items()
        for source, target in product(rule.sources, rule.targets)
        if command is not RequestStop or source is target
    }

    assert set(shown) == legal
    assert set(shown.values()) == {1}


@pytest.mark.parametrize("test", sorted({*ALWAYS, *(test for tests in (RACES | MOVES).values() for test in tests)}))
def test_what_is_said_to_show_it_is_a_test(test: str) -> None:
    path, _, name = test.partition("::")

    assert name in names_in(path)


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of a file's tests."""
    body = ast.parse((ROOT / path).read_text()).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))
