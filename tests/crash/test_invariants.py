"""The rules that every crash suite relies on can fail: each sees the wrong it is there for; a sound order passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orders.adapters.memory.tasks import Report
from orders.adapters.sandbox.gateway import LedgerEntry
from orders.adapters.sandbox.payments import Operation
from orders.domain.approval import OpenLevel, Withdraw
from orders.domain.charging import BeginCharge, Complete
from orders.domain.messages import Message, OnePerson
from orders.domain.model import (
    AuditEntry,
    Decision,
    Job,
    JobState,
    Level,
    LevelOutcome,
    Order,
    OrderDocument,
    Sku,
    Status,
    Verdict,
)
from orders.domain.payments import PaymentState
from orders.domain.rules import Change
from orders.domain.submission import register
from orders.domain.table import judge
from tests.builders import A_REF, NOON, a_document, a_person, approval, at
from tests.crash.invariants import RULES, Evidence, violations

ATLAS = Sku("ATLAS-ED")
DOCUMENT: OrderDocument = a_document()
MOVES = (OpenLevel(1, "callback-1"), approval(), BeginCharge(), Complete())


def a_history(*moves: Any) -> tuple[Change, ...]:
    """Return the writes of an order that was moved like this."""
    changes = [register(DOCUMENT, A_REF, "arn")]
    for move in moves:
        changes.append(judge(changes[-1].after, move, at(2)))
    return tuple(changes)


def a_completed_order() -> Evidence:
    """Return the evidence of an order that one manager approved and that was paid and delivered."""
    changes = a_history(*MOVES)
    row = changes[-1].after
    return Evidence(
        row=row,
        audit=tuple(change.entry for change in changes if change.entry),
        changes=changes,
        ledger=(money(Operation.AUTHORIZE, PaymentState.AUTHORIZED), money(Operation.CAPTURE, PaymentState.CAPTURED)),
        taken={ATLAS: 3},
        ordered={ATLAS: 3},
        outbox=(a_message(row),),
        accepted=((1, row.levels[0].decisions[0]),),
        ended=True,
        result="COMPLETED",
    )


def money(operation: Operation, state: PaymentState) -> LedgerEntry:
    """Return an entry of the payment provider's ledger."""
    return LedgerEntry(operation, state, 14_700, NOON)


def a_message(row: Order) -> Message:
    """Return what the requester is told in the end."""
    subject = f"Order {row.order_id} is {row.status}"
    return Message(
        f"{row.order_id}#outcome#0#0", row.order_id, "outcome", 0, 0, OnePerson(row.requester), subject, "", NOON
    )


def level(evidence: Evidence, **changes: Any) -> Evidence:
    """Return the evidence with another first level in the row."""
    first: Level = replace(evidence.row.levels[0], **changes)
    return replace(evidence, row=replace(evidence.row, levels=(first,)))


def entry(evidence: Evidence, at_seq: int, **changes: Any) -> Evidence:
    """Return the evidence with another audit entry."""
    audit: list[AuditEntry] = [*evidence.audit]
    audit[at_seq - 1] = replace(audit[at_seq - 1], **changes)
    return replace(evidence, audit=tuple(audit))


def written_over(evidence: Evidence) -> Evidence:
    """Return the evidence of an order that was withdrawn after it was complete."""
    late = Change(evidence.row, replace(evidence.row, status=Status.WITHDRAWN), None)
    return replace(evidence, changes=(*evidence.changes, late))


def an_open_job(evidence: Evidence) -> Evidence:
    """Return the evidence with a picking job that nobody closed."""
    return replace(evidence, row=replace(evidence.row, jobs=(Job(1, 10, NOON, at(60)),)))


NO = Decision("manager-1", Verdict.REJECT, "Too dear", NOON)
OWN = Decision("requester-1", Verdict.APPROVE, None, NOON)
REFUSED = replace(a_message(a_history(*MOVES)[-1].after), subject="Order o is REFUSED")
WRONGS: dict[str, tuple[str, Callable[[Evidence], Evidence]]] = {
    "captured twice": ("money_moves_once", lambda e: replace(e, ledger=(*e.ledger, e.ledger[-1]))),
    "captured without approval": (
        "capture_implies_every_level_met",
        lambda e: level(e, outcome=LevelOutcome.OPEN, decisions=()),
    ),
    "captured on one vote of two": (
        "capture_implies_every_level_met",
        lambda e: level(e, terms=replace(e.row.levels[0].terms, quorum=2)),
    ),
    "goods kept": ("stock_is_out_iff_shipped", lambda e: replace(e, row=replace(e.row, status=Status.FAILED))),
    "goods missing": ("stock_is_out_iff_shipped", lambda e: replace(e, taken={ATLAS: 2})),
    "quota held for ever": ("quota_is_given_back", lambda e: replace(e, held={("requester-1", "ORDERS"): 1})),
    "not paid": ("money_is_where_the_status_says", lambda e: replace(e, ledger=e.ledger[:1])),
    "money set aside for ever": (
        "money_is_where_the_status_says",
        lambda e: replace(e, row=replace(e.row, status=Status.REJECTED), ledger=e.ledger[:1]),
    ),
    "decision lost from the audit": (
        "every_accepted_decision_counts",
        lambda e: entry(e, 3, actor="manager-2"),
    ),
    "decision lost from the row": ("every_accepted_decision_counts", lambda e: level(e, decisions=())),
    "rejection ignored": ("every_accepted_decision_counts", lambda e: replace(e, accepted=((1, NO),))),
    "move not in the table": ("every_move_is_in_the_table", lambda e: entry(e, 4, event="withdrawn")),
    "gap between two moves": ("every_move_is_in_the_table", lambda e: entry(e, 4, from_status=Status.SUBMITTED)),
    "row elsewhere": (
        "every_move_is_in_the_table",
        lambda e: replace(e, row=replace(e.row, status=Status.FAILED)),
    ),
    "final row written over": ("final_rows_never_change", written_over),
    "own order decided": ("requester_never_decides", lambda e: level(e, decisions=(OWN,))),
    "two votes of one person": ("requester_never_decides", lambda e: level(e, decisions=e.row.levels[0].decisions * 2)),
    "audit with a gap": ("audit_is_gapless", lambda e: replace(e, audit=(*e.audit[:2], *e.audit[3:]))),
    "audit entry twice": ("audit_is_gapless", lambda e: replace(e, audit=(*e.audit, e.audit[-1]))),
    "execution says something else": ("row_result_and_outbox_agree", lambda e: replace(e, result="FAILED")),
    "nobody told": ("row_result_and_outbox_agree", lambda e: replace(e, outbox=())),
    "told something else": ("row_result_and_outbox_agree", lambda e: replace(e, outbox=(REFUSED,))),
    "one key, two items": ("row_result_and_outbox_agree", lambda e: replace(e, outbox=e.outbox * 2)),
    "a state machine still waits": (
        "its_task_heard_how_it_ended",
        lambda e: replace(e, row=replace(e.row, awaited=True)),
    ),
    "a state machine heard something else": (
        "its_task_heard_how_it_ended",
        lambda e: replace(e, row=replace(e.row, awaited=True), task=Report(error="REFUSED")),
    ),
    "execution runs": ("nothing_is_open", lambda e: replace(e, ended=False)),
    "order not closed": ("nothing_is_open", lambda e: replace(e, row=replace(e.row, status=Status.CHARGING))),
    "level open": ("nothing_is_open", lambda e: level(e, outcome=LevelOutcome.OPEN)),
    "job open": ("nothing_is_open", an_open_job),
    "job claimed": (
        "nothing_is_open",
        lambda e: replace(e, row=replace(e.row, jobs=(Job(1, 10, NOON, at(60), JobState.CLAIMED),))),
    ),
}


def test_a_sound_order_breaks_no_rule() -> None:
    assert violations(a_completed_order()) == []


@pytest.mark.parametrize("wrong", WRONGS)
def test_each_wrong_is_seen_by_its_rule(wrong: str) -> None:
    rule, spoil = WRONGS[wrong]

    seen = {found.partition(":")[0] for found in violations(spoil(a_completed_order()))}

    assert rule in seen


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule.__name__ for rule in RULES} == {rule for rule, _ in WRONGS.values()}


def test_a_withdrawn_order_that_gave_everything_back_is_sound() -> None:
    changes = a_history(OpenLevel(1, "callback-1"), Withdraw(a_person("requester-1"), None))
    row = changes[-1].after
    sound = replace(
        a_completed_order(),
        row=row,
        audit=tuple(change.entry for change in changes if change.entry),
        changes=changes,
        ledger=(money(Operation.AUTHORIZE, PaymentState.AUTHORIZED), money(Operation.VOID, PaymentState.VOIDED)),
        taken={},
        outbox=(a_message(row),),
        accepted=(),
        result="WITHDRAWN",
    )

    assert violations(sound) == []
