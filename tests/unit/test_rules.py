"""What the table's types and commands promise to a person who adds a command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from orders.domain.approval import Decide, NoteUndelivered, Withdraw, is_requester, withdrawn
from orders.domain.charging import Refuse
from orders.domain.model import OrderId, Status, Verdict
from orders.domain.picking import ReportPicking, job_is_free
from orders.domain.recovery import BeginRecovery
from orders.domain.rules import BEFORE_CHARGE, Command, Rule, among, to_because
from orders.domain.table import TABLE
from tests.builders import a_person

# Fields that the audit names as its actor or event, or that it must not or need not repeat.
NOT_IN_AUDIT_DATA = {
    "person": "the actor",
    "actor": "the actor",
    "verdict": "the event: approved or rejected",
    "picked": "the event: picked or picking-failed",
    "callback_id": "a secret",
    "possible_duplicate_of": "in the row",
    "number": "in the row; it counts the events of this name",
}


def test_the_type_checker_refuses_a_guard_of_another_command() -> None:
    """Mypy reports an ignore that nothing needs, so it fails here when a row accepts any guard again."""
    for_another = Rule(
        Withdraw,
        by="requester",
        sources=BEFORE_CHARGE,
        targets=among(Status.WITHDRAWN),
        effect=withdrawn,
        guards=(job_is_free,),  # type: ignore[arg-type]
        permissions=(is_requester,),
    )
    assert for_another.command is Withdraw


def test_the_type_checker_refuses_an_effect_that_reads_what_the_command_has_not() -> None:
    without_a_reason = Rule(
        ClaimJobWithoutReason,
        by="warehouse",
        sources=among(Status.FULFILLING),
        targets=among(Status.FAILED),
        effect=to_because(Status.FAILED),  # type: ignore[arg-type]
    )
    assert without_a_reason.guards == ()


class ClaimJobWithoutReason:
    """A command that gives no reason."""

    event = "claimed"
    actor = "workflow"

    @property
    def audit_data(self) -> dict[str, str | int | None]:
        return {}


@pytest.mark.parametrize("command", TABLE, ids=lambda command: command.__name__)
def test_every_field_of_a_command_is_audited_or_known_not_to_be(command: type[Any]) -> None:
    names = [each.name for each in fields(command)]
    audited = command(**{name: sample_of(name) for name in names}).audit_data
    assert [*audited] == [name for name in names if name not in NOT_IN_AUDIT_DATA]


def sample_of(name: str) -> object:
    """Return some value for a command's field of this name."""
    samples = {"person": a_person(), "verdict": Verdict.APPROVE, "possible_duplicate_of": OrderId("o-other")}
    return samples.get(name, name)


def audits() -> Iterator[tuple[Command, dict[str, str | int | None]]]:
    """Return commands with what the audit says of them."""
    person = a_person()
    yield Decide(person, 2, Verdict.REJECT, "No"), {"level": 2, "reason": "No"}
    yield ReportPicking(person, 1, picked=False, reason="Empty"), {"job": 1, "reason": "Empty"}
    yield NoteUndelivered(1, "remind-1"), {"level": 1, "message": "remind-1"}
    yield Refuse("No credit"), {"reason": "No credit"}
    yield BeginRecovery(person, 1, "Checked"), {"reason": "Checked"}


@pytest.mark.parametrize(("command", "data"), [*audits()], ids=lambda each: type(each).__name__)
def test_a_command_says_what_its_audit_entry_records(command: Command, data: dict[str, str | int | None]) -> None:
    assert command.audit_data == data
