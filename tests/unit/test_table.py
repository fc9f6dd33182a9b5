"""The table: every legal move leads to the state that it names, and every other move is refused with its code."""

from __future__ import annotations

from dataclasses import is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.domain import approval as approval_moves
from orders.domain import charging as charging_moves
from orders.domain import picking as picking_moves
from orders.domain import recovery as recovery_moves
from orders.domain.approval import Decide, Escalate, Expire, NoteUndelivered, OpenLevel, Remind, Withdraw
from orders.domain.callbacks import beat, publish_callback
from orders.domain.charging import BeginCharge, BeginCoolingOff, Complete, Fail, Refuse
from orders.domain.errors import (
    CountersignError,
    InvalidRequestError,
    NotAnApproverError,
    NotPermittedError,
    NotTheRequesterError,
    SegregationOfDutiesError,
)
from orders.domain.model import FINAL, JobState, LevelOutcome, LevelTerms, Order, PickingTerms, Role, Status, Verdict
from orders.domain.picking import ClaimJob, LeaveJob, LoseJob, OpenJob, ReportPicking
from orders.domain.recovery import BeginRecovery, NeedAttention, Recover, RequestStop
from orders.domain.refusals import TransitionRefusedError
from orders.domain.rules import Command
from orders.domain.schedule import next_command, next_due, next_job_command
from orders.domain.table import TABLE, judge
from tests.builders import a_pending_order, a_person, an_order, approval, at, moved, rejection

REQUESTER = a_person("requester-1")
TWO_OF_FINANCE = LevelTerms(Role.FINANCE, 2, 600, 120, 300)
MANAGER = LevelTerms(Role.MANAGERS, 1, 600, 120, 300)
DIRECTOR = LevelTerms(Role.DIRECTORS, 1, 600, 120, 300)
STATION, OTHER_STATION, OPERATOR = a_person("warehouse-1"), a_person("warehouse-2"), a_person("operator-1")
PICKED = ReportPicking(STATION, 1, picked=True, reason=None)
NOT_PICKED = ReportPicking(STATION, 1, picked=False, reason="The shelf is empty")
LOST = NeedAttention("The workflow ended STOPPED", "notifier")


def a_resting_order() -> Order:
    """Return an approved order that cools off until second 33."""
    return moved(a_pending_order(cooling_off_seconds=30), approval(), BeginCoolingOff(), seconds=3)


def a_charged_order(*, physical: bool = False) -> Order:
    """Return an order that is being charged since second 2."""
    picking = PickingTerms(claim_seconds=600, beat_seconds=30) if physical else None
    return moved(an_order(levels_terms=(), picking=picking), BeginCharge(), seconds=2)


def an_order_to_pick(*commands: Command) -> Order:
    """Return an order whose job was opened at second 3, after these commands at second 4."""
    return moved(moved(a_charged_order(physical=True), OpenJob(1, "claim-1"), seconds=3), *commands, seconds=4)


def a_held_order() -> Order:
    """Return an order whose execution was lost."""
    return moved(a_pending_order(), LOST)


def refused(order: Order, command: Command, *, seconds: float = 2) -> str:
    """Return the code under which a move is refused."""
    with pytest.raises(TransitionRefusedError) as refusal:
        judge(order, command, at(seconds))
    assert refusal.value.order is order
    return refusal.value.code


def test_every_command_has_a_row_in_the_table() -> None:
    defined: set[object] = {
        each
        for module in (approval_moves, charging_moves, picking_moves, recovery_moves)
        for each in vars(module).values()
        if is_dataclass(each) and each.__module__ == module.__name__
    }
    assert set(TABLE) == defined


def test_an_opened_level_waits_until_its_deadline_and_knows_what_is_due_before() -> None:
    level = a_pending_order().level(1)

    assert level.outcome is LevelOutcome.OPEN
    assert (level.remind_at, level.escalate_at, level.deadline) == (at(121), at(301), at(601))
    assert next_due(level) == at(121)


def test_reminder_and_escalation_at_the_window_never_fire() -> None:
    terms = replace(MANAGER, window_seconds=5, reminder_seconds=5, escalation_seconds=9)

    level = a_pending_order(levels_terms=(terms,)).level(1)

    assert (level.remind_at, level.escalate_at, next_due(level)) == (None, None, at(6))


def test_one_approval_settles_a_level_and_the_status_stays() -> None:
    order = moved(a_pending_order(), approval())

    assert order.status is Status.PENDING_APPROVAL
    assert order.level(1).outcome is LevelOutcome.APPROVED


def test_a_quorum_of_two_needs_two_different_people() -> None:
    order = moved(a_pending_order(levels_terms=(TWO_OF_FINANCE,)), approval("finance-1"))

    assert order.level(1).outcome is LevelOutcome.OPEN
    assert refused(order, approval("finance-1")) == "already-decided"
    order = moved(order, approval("finance-2"))
    assert order.level(1).outcome is LevelOutcome.APPROVED
    assert refused(order, approval("finance-3")) == "already-decided"


def test_one_rejection_is_enough_whatever_the_quorum() -> None:
    order = moved(a_pending_order(levels_terms=(TWO_OF_FINANCE,)), rejection("finance-1", reason="No budget"))

    assert order.status is Status.REJECTED
    assert order.outcome_reason == "finance-1 rejected it: No budget"


def test_approval_at_the_very_deadline_is_too_late() -> None:
    order = a_pending_order()

    assert moved(order, approval(), seconds=600.999).status is Status.PENDING_APPROVAL
    assert refused(order, approval(), seconds=601) == "order-expired"


def test_expiry_before_the_deadline_is_refused_and_at_it_is_final() -> None:
    order = a_pending_order()

    assert refused(order, Expire(1, "workflow"), seconds=600.999) == "not-due"
    expired = moved(order, Expire(1, "workflow"), seconds=601)
    assert expired.status is Status.EXPIRED
    assert refused(expired, approval(), seconds=602) == "order-expired"


def test_a_decided_level_never_expires() -> None:
    assert refused(moved(a_pending_order(), approval()), Expire(1, "workflow"), seconds=700) == "already-decided"


def test_strangers_to_the_level_are_told_who_decides() -> None:
    with pytest.raises(NotAnApproverError, match="managers"):
        judge(a_pending_order(), approval("director-1"), at(2))


def test_after_an_escalation_the_next_role_may_decide_too() -> None:
    order = moved(a_pending_order(), Escalate(1), seconds=301)

    assert order.level(1).deciding_roles == {Role.MANAGERS, Role.DIRECTORS}
    assert moved(order, approval("director-1"), seconds=302).levels[0].outcome is LevelOutcome.APPROVED
    assert refused(order, Escalate(1), seconds=400) == "not-due"


def test_finance_does_not_escalate() -> None:
    assert a_pending_order(levels_terms=(TWO_OF_FINANCE,)).level(1).escalate_at is None


def test_nobody_decides_an_order_of_their_own_whatever_their_roles() -> None:
    own = Decide(a_person("requester-1", Role.REQUESTERS, Role.MANAGERS), 1, Verdict.APPROVE, None)

    with pytest.raises(SegregationOfDutiesError):
        judge(a_pending_order(), own, at(2))


def test_nobody_decides_two_levels_of_one_order() -> None:
    both = a_person("manager-1", Role.MANAGERS, Role.DIRECTORS)
    order = a_pending_order(levels_terms=(MANAGER, DIRECTOR))
    order = moved(order, Decide(both, 1, Verdict.APPROVE, None), OpenLevel(2, "callback-2"))

    with pytest.raises(SegregationOfDutiesError):
        judge(order, Decide(both, 2, Verdict.APPROVE, None), at(3))


def test_a_level_that_is_not_open_cannot_be_decided() -> None:
    order = a_pending_order(levels_terms=(MANAGER, DIRECTOR))

    assert refused(order, approval("director-1", level=2)) == "not-open-yet"
    assert refused(an_order(), approval()) == "not-open-yet"


def test_a_level_the_order_does_not_have_is_a_mistake_in_the_request() -> None:
    with pytest.raises(InvalidRequestError) as mistake:
        judge(a_pending_order(), approval(level=2), at(2))
    assert mistake.value.errors[0].pointer == "/level"


def test_the_second_level_opens_only_after_the_first_is_approved() -> None:
    order = a_pending_order(levels_terms=(MANAGER, DIRECTOR))

    assert refused(order, OpenLevel(2, "callback-2")) == "not-open-yet"
    assert moved(order, approval(), OpenLevel(2, "callback-2")).current_level is not None


@pytest.mark.parametrize(
    "order",
    [an_order(), a_pending_order(), moved(a_pending_order(), approval()), a_resting_order()],
    ids=["submitted", "pending", "approved", "cooling off"],
)
def test_the_requester_may_withdraw_before_the_charge(order: Order) -> None:
    withdrawn = moved(order, Withdraw(REQUESTER, "Not needed"))

    assert withdrawn.status is Status.WITHDRAWN
    assert withdrawn.outcome_reason == "Withdrawn: Not needed"


def test_nobody_else_may_withdraw() -> None:
    with pytest.raises(NotTheRequesterError):
        judge(an_order(), Withdraw(a_person("requester-2"), None), at(2))


def test_after_the_charge_has_begun_withdrawal_is_too_late() -> None:
    charging = moved(a_pending_order(), approval(), BeginCharge())

    assert refused(charging, Withdraw(REQUESTER, None)) == "too-late"
    assert refused(moved(charging, Complete()), Withdraw(REQUESTER, None)) == "too-late"


def test_the_charge_begins_only_when_every_level_is_approved() -> None:
    assert refused(a_pending_order(), BeginCharge()) == "not-approved"
    assert moved(an_order(levels_terms=()), BeginCharge()).status is Status.CHARGING


def test_the_charge_does_not_begin_after_a_withdrawal() -> None:
    order = moved(a_pending_order(), approval(), Withdraw(REQUESTER, None))

    assert refused(order, BeginCharge()) == "order-withdrawn"


@pytest.mark.parametrize(
    "command",
    [
        BeginCharge(),
        BeginCoolingOff(),
        Complete(),
        Fail("x"),
        Remind(1),
        Expire(1, "workflow"),
        OpenLevel(1, "c"),
        NoteUndelivered(1, "remind-1"),
        LOST,
        RequestStop(OPERATOR, "x"),
        approval(),
        Withdraw(REQUESTER, None),
    ],
    ids=lambda command: type(command).__name__,
)
def test_needs_attention_is_a_fence(command: Command) -> None:
    assert refused(a_held_order(), command, seconds=700) == "too-late"


@pytest.mark.parametrize(
    "command", [OpenJob(2, "c"), ClaimJob(STATION, 1), PICKED, LoseJob(1), LeaveJob(1), Complete()], ids=repr
)
def test_nothing_is_picked_for_an_order_that_is_held(command: Command) -> None:
    assert refused(an_order_to_pick(LOST), command, seconds=700) == "too-late"


# --- cooling off, charging ------------------------------------------------------------------------------------------


def test_an_approved_order_cools_off_when_its_policy_says_so() -> None:
    resting = a_resting_order()

    assert (resting.status, resting.cooling_off_until) == (Status.COOLING_OFF, at(33))
    assert refused(resting, approval("manager-2")) == "already-decided"
    assert refused(moved(a_pending_order(), approval()), BeginCoolingOff()) == "not-due"
    assert refused(a_pending_order(cooling_off_seconds=30), BeginCoolingOff()) == "not-approved"


def test_the_charge_begins_when_the_rest_is_over_and_not_before() -> None:
    resting = a_resting_order()

    assert refused(resting, BeginCharge(), seconds=32.999) == "not-due"
    assert moved(resting, BeginCharge(), seconds=33).status is Status.CHARGING


def test_an_order_that_should_rest_is_not_charged_before_it_has_rested() -> None:
    approved = moved(a_pending_order(cooling_off_seconds=30), approval())

    assert refused(approved, BeginCharge(), seconds=700) == "not-due"


def test_a_charge_that_does_not_succeed_fails_the_order() -> None:
    failed = moved(a_charged_order(), Fail("The card was declined"))

    assert (failed.status, failed.outcome_reason) == (Status.FAILED, "The card was declined")


def test_a_charge_that_nobody_can_account_for_holds_the_order() -> None:
    assert moved(a_charged_order(), NeedAttention("Unknown", "workflow")).status is Status.NEEDS_ATTENTION


def test_digital_goods_complete_when_they_are_paid() -> None:
    assert moved(a_charged_order(), Complete()).status is Status.COMPLETED
    assert refused(a_charged_order(), OpenJob(1, "claim-1")) == "job-superseded"


# --- picking --------------------------------------------------------------------------------------------------------


def test_physical_goods_are_picked_before_the_order_completes() -> None:
    order = an_order_to_pick()
    (job,) = order.jobs

    assert order.status is Status.FULFILLING
    assert (job.state, job.claim_deadline, job.lost_at) == (JobState.OPEN, at(603), None)
    assert refused(a_charged_order(physical=True), Complete()) == "not-picked"
    assert refused(order, Complete()) == "not-picked"


def test_the_first_station_claims_a_job_and_keeps_it_by_beating() -> None:
    order = an_order_to_pick(ClaimJob(STATION, 1))

    assert (order.jobs[0].claimed_by, order.jobs[0].lost_at) == ("warehouse-1", at(34))
    assert refused(order, ClaimJob(OTHER_STATION, 1)) == "job-claimed"
    assert beat(order, 1, at(20)).after.jobs[0].lost_at == at(50)
    assert beat(order, 1, at(20)).entry is None


def test_only_the_warehouse_claims_and_reports() -> None:
    for command in (ClaimJob(a_person("manager-1"), 1), replace(PICKED, person=REQUESTER)):
        with pytest.raises(NotPermittedError):
            judge(an_order_to_pick(), command, at(5))


def test_a_job_can_be_claimed_until_its_deadline() -> None:
    order = an_order_to_pick()

    assert moved(order, ClaimJob(STATION, 1), seconds=602.999).jobs[0].state is JobState.CLAIMED
    assert refused(order, ClaimJob(STATION, 1), seconds=603) == "job-superseded"
    assert refused(order, LeaveJob(1), seconds=602.999) == "not-due"
    assert moved(order, LeaveJob(1), seconds=603).jobs[0].state is JobState.UNCLAIMED


def test_a_station_that_falls_silent_loses_its_job() -> None:
    order = an_order_to_pick(ClaimJob(STATION, 1))

    assert refused(order, LoseJob(1), seconds=33.999) == "not-due"
    lost = moved(order, LoseJob(1), seconds=34)
    assert lost.jobs[0].state is JobState.LOST
    assert refused(lost, PICKED, seconds=35) == "job-superseded"


def test_only_the_station_that_claimed_a_job_reports_it() -> None:
    order = an_order_to_pick(ClaimJob(STATION, 1))

    assert refused(an_order_to_pick(), PICKED) == "job-superseded"
    assert refused(order, replace(PICKED, person=OTHER_STATION)) == "job-claimed"
    assert moved(order, PICKED).jobs[0].state is JobState.PICKED


def test_picked_goods_complete_the_order() -> None:
    assert moved(an_order_to_pick(ClaimJob(STATION, 1), PICKED), Complete()).status is Status.COMPLETED


def test_a_job_that_failed_or_was_lost_is_followed_by_one_more_and_no_third() -> None:
    order = an_order_to_pick(ClaimJob(STATION, 1), NOT_PICKED, OpenJob(2, "claim-2"))

    assert [job.state for job in order.jobs] == [JobState.FAILED, JobState.OPEN]
    again = moved(order, ClaimJob(STATION, 2), replace(NOT_PICKED, job=2))
    assert refused(again, OpenJob(3, "claim-3")) == "job-superseded"
    assert moved(again, Fail("Picking failed twice")).status is Status.FAILED


@pytest.mark.parametrize("end", [(), (ClaimJob(STATION, 1),), (ClaimJob(STATION, 1), PICKED)], ids=len)
def test_no_second_job_is_opened_beside_the_first(end: tuple[Command, ...]) -> None:
    assert refused(an_order_to_pick(*end), OpenJob(2, "claim-2")) == "job-superseded"


def test_what_is_due_on_a_job_depends_on_who_has_it() -> None:
    (free,), (claimed,) = an_order_to_pick().jobs, an_order_to_pick(ClaimJob(STATION, 1)).jobs

    assert [next_job_command(free, at(seconds)) for seconds in (602, 603)] == [None, LeaveJob(1)]
    assert [next_job_command(claimed, at(seconds)) for seconds in (33, 34)] == [None, LoseJob(1)]


# --- stopping, holding, recovering ----------------------------------------------------------------------------------


def test_a_stop_is_on_record_and_moves_nothing() -> None:
    stopped = moved(a_pending_order(), RequestStop(OPERATOR, "The customer is gone"))

    assert (stopped.status, stopped.levels) == (Status.PENDING_APPROVAL, a_pending_order().levels)
    with pytest.raises(NotPermittedError):
        judge(a_pending_order(), RequestStop(REQUESTER, "x"), at(2))


@pytest.mark.parametrize(
    "order",
    [an_order(), a_pending_order(), a_resting_order(), a_charged_order(), an_order_to_pick()],
    ids=lambda order: str(order.status),
)
def test_an_order_whose_execution_is_lost_is_held_wherever_it_was(order: Order) -> None:
    held = moved(order, LOST)

    assert (held.status, held.outcome_reason) == (Status.NEEDS_ATTENTION, "The workflow ended STOPPED")


def test_a_held_order_is_closed_when_every_undo_is_confirmed() -> None:
    begun = moved(a_held_order(), BeginRecovery(OPERATOR, 1, "Undo it"))

    assert (begun.status, begun.recoveries) == (Status.NEEDS_ATTENTION, 1)
    assert refused(begun, BeginRecovery(OPERATOR, 1, "Undo it")) == "already-recovering"
    assert moved(begun, BeginRecovery(OPERATOR, 2, "Again"), Recover("Undone by a recovery")).status is Status.FAILED
    with pytest.raises(NotPermittedError):
        judge(a_held_order(), BeginRecovery(REQUESTER, 1, "x"), at(2))


def test_an_order_that_is_not_held_needs_no_recovery_and_is_told_where_it_stands() -> None:
    with pytest.raises(TransitionRefusedError, match="PENDING_APPROVAL") as refusal:
        judge(a_pending_order(), BeginRecovery(OPERATOR, 1, "x"), at(2))

    assert refusal.value.code == "not-held"


# --- the whole table ------------------------------------------------------------------------------------------------

WAITING, APPROVED = a_pending_order(), moved(a_pending_order(), approval())
PAID = moved(APPROVED, BeginCharge())
ORDERS = {
    Status.SUBMITTED: an_order(),
    Status.PENDING_APPROVAL: WAITING,
    Status.COOLING_OFF: a_resting_order(),
    Status.CHARGING: PAID,
    Status.FULFILLING: moved(replace(PAID, picking=PickingTerms(600, 30)), OpenJob(1, "claim-1"), seconds=3),
    Status.NEEDS_ATTENTION: a_held_order(),
    Status.COMPLETED: moved(PAID, Complete()),
    Status.REFUSED: moved(an_order(), Refuse("no")),
    Status.REJECTED: moved(WAITING, rejection()),
    Status.EXPIRED: moved(WAITING, Expire(1, "workflow"), seconds=601),
    Status.WITHDRAWN: moved(WAITING, Withdraw(REQUESTER, None)),
    Status.FAILED: moved(PAID, Fail("no")),
}
STOP, WITHDRAW = RequestStop(OPERATOR, "x"), Withdraw(REQUESTER, None)
CLAIMED = an_order_to_pick(ClaimJob(STATION, 1))
# Every legal move: from where, by what, to where; played at second 700 unless its time is over by then.
MOVES: tuple[tuple[Order, Command, str], ...] = (
    (an_order(), Refuse("no"), "REFUSED"),
    (an_order(), OpenLevel(1, "c"), "PENDING_APPROVAL"),
    (moved(a_pending_order(levels_terms=(MANAGER, DIRECTOR)), approval()), OpenLevel(2, "c"), "PENDING_APPROVAL"),
    (WAITING, approval(), "PENDING_APPROVAL"),
    (WAITING, rejection(), "REJECTED"),
    (WAITING, Remind(1), "PENDING_APPROVAL"),
    (WAITING, Escalate(1), "PENDING_APPROVAL"),
    (WAITING, NoteUndelivered(1, "remind-1"), "PENDING_APPROVAL"),
    (WAITING, Expire(1, "workflow"), "EXPIRED"),
    (moved(a_pending_order(cooling_off_seconds=30), approval()), BeginCoolingOff(), "COOLING_OFF"),
    (an_order(levels_terms=()), BeginCharge(), "CHARGING"),
    (APPROVED, BeginCharge(), "CHARGING"),
    (a_resting_order(), BeginCharge(), "CHARGING"),
    *((ORDERS[Status(status)], WITHDRAW, "WITHDRAWN") for status in ("SUBMITTED", "PENDING_APPROVAL", "COOLING_OFF")),
    (a_charged_order(), Fail("no"), "FAILED"),
    (a_charged_order(physical=True), OpenJob(1, "c"), "FULFILLING"),
    (a_charged_order(), Complete(), "COMPLETED"),
    (an_order_to_pick(), ClaimJob(STATION, 1), "FULFILLING"),
    (CLAIMED, PICKED, "FULFILLING"),
    (CLAIMED, LoseJob(1), "FULFILLING"),
    (an_order_to_pick(), LeaveJob(1), "FULFILLING"),
    (moved(CLAIMED, NOT_PICKED), OpenJob(2, "c"), "FULFILLING"),
    (moved(CLAIMED, PICKED), Complete(), "COMPLETED"),
    (moved(an_order_to_pick(), LeaveJob(1), seconds=603), Fail("no"), "FAILED"),
    *((order, STOP, str(status)) for status, order in ORDERS.items() if status not in FINAL | {"NEEDS_ATTENTION"}),
    *(
        (order, LOST, "NEEDS_ATTENTION")
        for status, order in ORDERS.items()
        if status not in FINAL | {"NEEDS_ATTENTION"}
    ),
    (a_held_order(), BeginRecovery(OPERATOR, 1, "x"), "NEEDS_ATTENTION"),
    (a_held_order(), Recover("Undone"), "FAILED"),
)
IN_TIME = (Decide, ClaimJob)


def test_every_legal_move_leads_where_the_table_says() -> None:
    for order, command, target in MOVES:
        after = moved(order, command, seconds=5 if isinstance(command, IN_TIME) else 700)
        assert str(after.status) == target, command

    played = {(type(command), order.status, Status(target)) for order, command, target in MOVES}
    for command_type, rule in TABLE.items():
        moves = {(source, target) for kind, source, target in played if kind is command_type}
        assert {source for source, _ in moves} == rule.sources, command_type
        assert {target for _, target in moves} == rule.targets, command_type


@pytest.mark.parametrize("status", Status)
def test_every_other_move_is_refused(status: Status) -> None:
    """From each state, each command that the table does not accept there, from any person and at any time."""
    for command in {type(command): command for _, command, _ in reversed(MOVES)}.values():
        if status not in TABLE[type(command)].sources:
            assert refused(ORDERS[status], command, seconds=700)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_final_row_never_changes(status: Status) -> None:
    assert not any(status in rule.sources for rule in TABLE.values())


# --- messages, and the audit ------------------------------------------------------------------------------------------


def test_a_lost_request_brings_the_first_reminder_forward() -> None:
    level = moved(a_pending_order(), NoteUndelivered(1, "request-decision-1"), seconds=2).level(1)

    assert level.remind_at == at(62)
    assert level.undelivered == ("request-decision-1",)


def test_a_lost_reminder_changes_no_time() -> None:
    reminded = moved(a_pending_order(), Remind(1), seconds=121)

    assert moved(reminded, NoteUndelivered(1, "remind-1"), seconds=122).level(1).remind_at == at(241)


def test_expiry_comes_before_escalation_and_escalation_before_a_reminder() -> None:
    order = a_pending_order()

    due = [type(next_command(order, 1, at(seconds), actor="workflow")) for seconds in (2, 121, 301, 601)]

    assert due == [type(None), Remind, Escalate, Expire]
    assert next_command(moved(order, approval()), 1, at(700), actor="workflow") is None


def test_a_refusal_before_approval_closes_the_order_with_its_reason() -> None:
    order = moved(an_order(), Refuse("Out of stock: SOLD-OUT"))

    assert (order.status, order.outcome_reason) == (Status.REFUSED, "Out of stock: SOLD-OUT")


def test_the_audit_is_gapless_and_names_who_did_what() -> None:
    order, entries = an_order(), []
    for command in (OpenLevel(1, "callback-1"), approval(), BeginCharge(), Complete()):
        change = judge(order, command, at(2))
        order = change.after
        entries.append(change.entry)

    assert [entry.seq for entry in entries if entry] == [2, 3, 4, 5]
    assert [entry.event for entry in entries if entry] == ["level-opened", "approved", "charge-begun", "completed"]
    assert [entry.actor for entry in entries if entry] == ["workflow", "manager-1", "workflow", "workflow"]
    assert "callback-1" not in repr(entries)


def test_publishing_a_later_callback_is_a_write_but_no_event() -> None:
    change = publish_callback(a_pending_order(), 1, "callback-2")

    assert change.entry is None
    assert change.after.level(1).callback_id == "callback-2"
    assert change.before is not None
    assert change.after.version == change.before.version + 1


commands = st.sampled_from(
    [
        OpenLevel(1, "c1"),
        OpenLevel(2, "c2"),
        approval("manager-1"),
        approval("director-1", level=2),
        rejection("manager-2"),
        rejection("director-2", level=2),
        Withdraw(REQUESTER, None),
        Remind(1),
        Escalate(1),
        Expire(1, "workflow"),
        NoteUndelivered(1, "remind-1"),
        Refuse("no"),
        BeginCharge(),
        Complete(),
        Fail("no"),
        LOST,
        BeginCoolingOff(),
        OpenJob(1, "j1"),
        ClaimJob(STATION, 1),
        PICKED,
        LoseJob(1),
        BeginRecovery(OPERATOR, 1, "x"),
        Recover("Undone"),
    ]
)


@settings(max_examples=300)
@given(steps=st.lists(st.tuples(commands, st.integers(0, 400)), max_size=14))
def test_no_sequence_of_commands_breaks_the_rules(steps: list[tuple[Command, int]]) -> None:
    """Whatever is tried in whatever order: final rows never change, charging implies approval, versions rise by one."""
    order, now = an_order(levels_terms=(MANAGER, DIRECTOR)), 0.0
    for command, later in steps:
        now += later
        try:
            after = judge(order, command, at(now)).after
        except CountersignError:
            continue
        rule = TABLE[type(command)]
        assert order.status in rule.sources
        assert after.status in rule.targets
        assert order.status not in FINAL
        assert (after.version, after.audit_seq) == (order.version + 1, order.audit_seq + 1)
        if after.status is Status.CHARGING:
            assert all(level.outcome is LevelOutcome.APPROVED for level in after.levels)
        order = after
