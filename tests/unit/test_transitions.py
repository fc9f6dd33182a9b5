"""The transition table: every legal move leads where it says, every other is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.domain.commands import (
    BeginCharge,
    Command,
    Complete,
    Decide,
    Escalate,
    Expire,
    Fail,
    NeedAttention,
    NoteUndelivered,
    OpenLevel,
    Refuse,
    Remind,
    Withdraw,
)
from orders.domain.errors import (
    CountersignError,
    InvalidRequestError,
    NotAnApproverError,
    NotTheRequesterError,
    SegregationOfDutiesError,
    TransitionRefusedError,
)
from orders.domain.model import FINAL, LevelOutcome, LevelTerms, Order, Role, Status, Verdict
from orders.domain.refusals import level_of
from orders.domain.transitions import TABLE, judge, next_command, next_due, publish_callback
from tests.builders import a_pending_order, a_person, an_order, approval, at, moved, rejection

REQUESTER = a_person("requester-1")
TWO_OF_FINANCE = LevelTerms(Role.FINANCE, 2, 600, 120, 300)
MANAGER = LevelTerms(Role.MANAGERS, 1, 600, 120, 300)
DIRECTOR = LevelTerms(Role.DIRECTORS, 1, 600, 120, 300)


def refused(order: Order, command: Command, *, seconds: float = 2) -> str:
    """Return the code under which a move is refused."""
    with pytest.raises(TransitionRefusedError) as refusal:
        judge(order, command, at(seconds))
    assert refusal.value.order is order
    return refusal.value.code


def test_every_command_has_a_row_in_the_table() -> None:
    assert set(TABLE) == set(get_args(Command))


def test_an_opened_level_waits_until_its_deadline_and_knows_what_is_due_before() -> None:
    level = level_of(a_pending_order(), 1)

    assert level.outcome is LevelOutcome.OPEN
    assert (level.remind_at, level.escalate_at, level.deadline) == (at(121), at(301), at(601))
    assert next_due(level) == at(121)


def test_reminder_and_escalation_at_the_window_never_fire() -> None:
    terms = replace(MANAGER, window_seconds=5, reminder_seconds=5, escalation_seconds=9)

    level = level_of(a_pending_order(levels_terms=(terms,)), 1)

    assert (level.remind_at, level.escalate_at, next_due(level)) == (None, None, at(6))


def test_one_approval_settles_a_level_and_the_status_stays() -> None:
    order = moved(a_pending_order(), approval())

    assert order.status is Status.PENDING_APPROVAL
    assert level_of(order, 1).outcome is LevelOutcome.APPROVED


def test_a_quorum_of_two_needs_two_different_people() -> None:
    order = moved(a_pending_order(levels_terms=(TWO_OF_FINANCE,)), approval("finance-1"))

    assert level_of(order, 1).outcome is LevelOutcome.OPEN
    assert refused(order, approval("finance-1")) == "already-decided"
    order = moved(order, approval("finance-2"))
    assert level_of(order, 1).outcome is LevelOutcome.APPROVED
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

    assert level_of(order, 1).deciding_roles == {Role.MANAGERS, Role.DIRECTORS}
    assert moved(order, approval("director-1"), seconds=302).levels[0].outcome is LevelOutcome.APPROVED
    assert refused(order, Escalate(1), seconds=400) == "not-due"


def test_finance_does_not_escalate() -> None:
    assert level_of(a_pending_order(levels_terms=(TWO_OF_FINANCE,)), 1).escalate_at is None


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
    [an_order(), a_pending_order(), moved(a_pending_order(), approval())],
    ids=["submitted", "pending", "approved"],
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
    "command", [BeginCharge(), Complete(), Fail("x"), Remind(1), OpenLevel(1, "c"), NoteUndelivered(1, "remind-1")]
)
def test_needs_attention_is_a_fence(command: Command) -> None:
    held = moved(a_pending_order(), NeedAttention("lost", "notifier"))

    assert refused(held, command) == "too-late"


def test_a_lost_request_brings_the_first_reminder_forward() -> None:
    level = level_of(moved(a_pending_order(), NoteUndelivered(1, "request-decision-1"), seconds=2), 1)

    assert level.remind_at == at(62)
    assert level.undelivered == ("request-decision-1",)


def test_a_lost_reminder_changes_no_time() -> None:
    reminded = moved(a_pending_order(), Remind(1), seconds=121)

    assert level_of(moved(reminded, NoteUndelivered(1, "remind-1"), seconds=122), 1).remind_at == at(241)


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
    assert level_of(change.after, 1).callback_id == "callback-2"
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
        NeedAttention("lost", "notifier"),
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
