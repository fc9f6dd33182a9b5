"""Rows, documents and messages that a deployed version wrote stay readable, and are still written in the same form.

`stored/orders.json` was written by the version before the domain was arranged by subject. Never record it again: add a
file for a later version beside it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orders.adapters.codec import audit_entry_from_json, order_from_json
from orders.adapters.documents import document_bytes
from orders.adapters.dynamodb.attributes import decoded
from orders.adapters.dynamodb.items import transaction_of
from orders.domain.approval import Escalate, Expire, NoteUndelivered, OpenLevel, Remind, Withdraw
from orders.domain.charging import BeginCharge, BeginCoolingOff, Complete, Fail, Refuse
from orders.domain.model import LevelTerms, OrderDocument, OrderId, PickingTerms, Role
from orders.domain.picking import ClaimJob, LeaveJob, LoseJob, OpenJob, ReportPicking
from orders.domain.recovery import BeginRecovery, NeedAttention, Recover, RequestStop
from orders.domain.rules import Change, Command
from orders.domain.submission import register
from orders.domain.table import judge
from tests.builders import A_LEVEL, A_REF, a_document, a_person, approval, at, rejection

# A sentence for people may be reworded: no code reads it back.
REWORDED = ("Nobody decided level 1 in time", "Level 1 was not decided in time")
STORED: dict[str, Any] = json.loads(
    Path(__file__).with_name("stored").joinpath("orders.json").read_text().replace(*REWORDED)
)

Steps = tuple[tuple[float, Command], ...]
SHARDS = 4
STATION = a_person("warehouse-1")
OPERATOR = a_person("operator-1")
TWO_LEVELS = (
    A_LEVEL,
    LevelTerms(Role.DIRECTORS, quorum=2, window_seconds=900, reminder_seconds=300, escalation_seconds=600),
)
OPENED = (1, OpenLevel(1, "callback-1"))
PARCEL = PickingTerms(claim_seconds=60, beat_seconds=10)
WALKS: dict[str, tuple[OrderDocument, Steps]] = {
    "approved-by-two-levels": (
        a_document(levels=TWO_LEVELS, cooling_off_seconds=30, note="Straße 5\nby 日本", task_token="token-1"),
        (
            (1, OpenLevel(1, "callback-1", OrderId("o-earlier"))),
            (2, approval()),
            (3, OpenLevel(2, "callback-2")),
            (4, approval("director-1", 2)),
            (5, approval("director-2", 2)),
            (6, BeginCoolingOff()),
            (36, BeginCharge()),
            (37, Complete()),
        ),
    ),
    "picked-at-the-second-try": (
        a_document(levels=(), picking=PARCEL),
        (
            (1, BeginCharge()),
            (2, OpenJob(1, "claim-1")),
            (3, ClaimJob(STATION, 1)),
            (13, LoseJob(1)),
            (14, OpenJob(2, "claim-2")),
            (15, ClaimJob(STATION, 2)),
            (16, ReportPicking(STATION, 2, picked=True, reason=None)),
            (17, Complete()),
        ),
    ),
    "not-picked": (
        a_document(levels=(), picking=PARCEL),
        (
            (1, BeginCharge()),
            (2, OpenJob(1, "claim-1")),
            (3, ClaimJob(STATION, 1)),
            (4, ReportPicking(STATION, 1, picked=False, reason="Shelf empty")),
            (5, OpenJob(2, "claim-2")),
            (65, LeaveJob(2)),
            (66, Fail("No station picked the goods")),
        ),
    ),
    "expired-after-everything-was-tried": (
        a_document(),
        (
            OPENED,
            (2, NoteUndelivered(1, "request-decision")),
            (62, Remind(1)),
            (301, Escalate(1)),
            (601, Expire(1, "manager-1")),
        ),
    ),
    "rejected": (a_document(), (OPENED, (2, rejection()))),
    "withdrawn": (a_document(), (OPENED, (2, Withdraw(a_person("requester-1"), "Ordered twice")))),
    "refused": (a_document(), ((1, Refuse("No credit")),)),
    "recovered": (
        a_document(),
        (
            OPENED,
            (2, RequestStop(OPERATOR, "Wrong price")),
            (3, NeedAttention("The workflow ended STOPPED", "notifier")),
            (4, BeginRecovery(OPERATOR, 1, "Checked")),
            (5, Recover("Undone by a recovery")),
        ),
    ),
    "waiting": (a_document(levels=TWO_LEVELS), (OPENED, (121, Remind(1)), (301, Escalate(1)))),
}


def walked(document: OrderDocument, steps: Steps) -> list[Change]:
    """Return the order's registration, and the change that each command makes."""
    changes = [register(document, replace(A_REF, bytes=len(document_bytes(document))), "arn:execution")]
    for seconds, command in steps:
        changes.append(judge(changes[-1].after, command, at(seconds)))
    return changes


def written(changes: list[Change]) -> dict[str, Any]:
    """Return the items that these changes leave in the table, by sort key."""
    items: dict[str, Any] = {}
    for change in changes:
        for write in transaction_of(change, SHARDS):
            if write.kind == "Delete":
                del items[decoded(write.parameters["Key"])["sk"]]
            else:
                item = decoded(write.parameters["Item"])
                items[item["sk"]] = item
    return items


@pytest.mark.parametrize("name", WALKS)
def test_orders_are_written_as_earlier_versions_wrote_them(name: str) -> None:
    document, steps = WALKS[name]
    assert written(walked(document, steps)) == STORED[name]["items"]
    assert document_bytes(document).decode() == STORED[name]["document"]


@pytest.mark.parametrize("name", WALKS)
def test_rows_and_audit_of_earlier_versions_are_read(name: str) -> None:
    changes = walked(*WALKS[name])
    items = STORED[name]["items"]
    audit = [items[key] for key in sorted(items) if key.startswith("AUDIT#")]
    after = changes[-1].after

    assert order_from_json(items["ORDER"]) == after
    entries = [audit_entry_from_json(after.order_id, item) for item in audit]
    assert entries == [change.entry for change in changes]
