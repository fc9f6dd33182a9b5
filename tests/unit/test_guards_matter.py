"""Every guard of the table matters: without any one of them, at least one example fails.

The examples are those of `test_table`, and the ones below for the rules that it does not play. Each is run on a
table that lacks one guard, one permission, or one condition on where the order stands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import pytest
from hypothesis import is_hypothesis_test

from orders.domain.approval import Decide, Escalate, Expire, Remind, Withdraw
from orders.domain.charging import BeginCharge, BeginCoolingOff, Complete, Refuse
from orders.domain.errors import CountersignError
from orders.domain.model import Order, PickingTerms, Status
from orders.domain.picking import ClaimJob, LeaveJob, LoseJob, OpenJob, ReportPicking
from orders.domain.recovery import BeginRecovery, NeedAttention, Recover, RequestStop
from orders.domain.rules import Command, Rule
from orders.domain.table import TABLE, judge
from tests.builders import a_pending_order, a_person, an_order, approval, at, moved
from tests.unit import test_table

Example = Callable[[], None]
Record = Callable[[str, object], None]
# Where the order stands is a condition like any other for the four that people and the clock race for.
RACED: tuple[type[Command], ...] = (Decide, Expire, Withdraw, BeginCharge)


# --- examples of our own --------------------------------------------------------------------------------------------

OPERATOR, STATION, OTHER = a_person("operator-1"), a_person("warehouse-1"), a_person("warehouse-2")
MANAGER = a_person("manager-1")
APPROVED = moved(a_pending_order(), approval())
RESTFUL = replace(APPROVED, cooling_off_seconds=60)
RESTING = moved(RESTFUL, BeginCoolingOff(), seconds=2)
CHARGING = moved(APPROVED, BeginCharge())
PARCEL = replace(CHARGING, picking=PickingTerms(claim_seconds=60, beat_seconds=10))
OPEN_JOB = moved(PARCEL, OpenJob(1, "claim-1"), seconds=2)
CLAIMED_JOB = moved(OPEN_JOB, ClaimJob(STATION, 1), seconds=3)
PICKED = moved(CLAIMED_JOB, ReportPicking(STATION, 1, picked=True, reason=None), seconds=4)
NOT_PICKED = moved(CLAIMED_JOB, ReportPicking(STATION, 1, picked=False, reason="Not there"), seconds=4)
HELD_OPEN = moved(a_pending_order(), NeedAttention("lost", "notifier"))
HELD = moved(APPROVED, NeedAttention("lost", "notifier"))


@dataclass(frozen=True, slots=True)
class Refused:
    """A move that must be refused, and the code of the refusal."""

    order: Order
    command: Command
    seconds: float
    code: str

    def __call__(self) -> None:
        """Fail unless it is refused like that."""
        with pytest.raises(CountersignError) as refusal:
            judge(self.order, self.command, at(self.seconds))
        assert refusal.value.code == self.code


REFUSED = (
    Refused(RESTING, BeginCharge(), 61.9, "not-due"),
    Refused(RESTFUL, BeginCharge(), 62, "not-due"),
    Refused(APPROVED, BeginCoolingOff(), 2, "not-due"),
    Refused(replace(a_pending_order(), cooling_off_seconds=60), BeginCoolingOff(), 2, "not-approved"),
    Refused(moved(an_order(levels_terms=()), BeginCharge()), BeginCharge(), 2, "too-late"),
    Refused(a_pending_order(), Remind(1), 120.9, "not-due"),
    Refused(APPROVED, Remind(1), 121, "already-decided"),
    Refused(APPROVED, Escalate(1), 301, "already-decided"),
    Refused(HELD_OPEN, approval(), 2, "too-late"),
    Refused(HELD_OPEN, Expire(1, "workflow"), 601, "too-late"),
    Refused(CHARGING, OpenJob(1, "claim-1"), 2, "job-superseded"),
    Refused(PICKED, OpenJob(2, "claim-2"), 5, "job-superseded"),
    Refused(PARCEL, OpenJob(2, "claim-2"), 5, "job-superseded"),
    Refused(CLAIMED_JOB, ClaimJob(OTHER, 1), 4, "job-claimed"),
    Refused(NOT_PICKED, ClaimJob(STATION, 1), 5, "job-superseded"),
    Refused(OPEN_JOB, ClaimJob(STATION, 1), 62, "job-superseded"),
    Refused(OPEN_JOB, ClaimJob(MANAGER, 1), 3, "not-permitted"),
    Refused(CLAIMED_JOB, ReportPicking(OTHER, 1, picked=True, reason=None), 4, "job-claimed"),
    Refused(PICKED, ReportPicking(STATION, 1, picked=False, reason="Oh"), 5, "job-superseded"),
    Refused(
        moved(OPEN_JOB, ClaimJob(STATION, 1), seconds=3),
        ReportPicking(replace(STATION, roles=MANAGER.roles), 1, picked=True, reason=None),
        4,
        "not-permitted",
    ),
    Refused(CLAIMED_JOB, LoseJob(1), 12.9, "not-due"),
    Refused(OPEN_JOB, LoseJob(1), 13, "not-due"),
    Refused(OPEN_JOB, LeaveJob(1), 61.9, "not-due"),
    Refused(CLAIMED_JOB, LeaveJob(1), 62, "not-due"),
    Refused(PARCEL, Complete(), 5, "not-picked"),
    Refused(NOT_PICKED, Complete(), 5, "not-picked"),
    Refused(CHARGING, RequestStop(MANAGER, "x"), 2, "not-permitted"),
    Refused(HELD, BeginRecovery(MANAGER, 1, "x"), 2, "not-permitted"),
    Refused(HELD, BeginRecovery(OPERATOR, 2, "x"), 2, "already-recovering"),
    Refused(APPROVED, Recover("x"), 2, "already-decided"),
    Refused(APPROVED, Refuse("x"), 2, "already-decided"),
)


@pytest.mark.parametrize("example", REFUSED, ids=lambda each: f"{type(each.command).__name__} at {each.seconds}")
def test_what_the_table_refuses_is_refused_by_its_rule(example: Refused) -> None:
    example()


# --- one condition less ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule of the table without one of its conditions."""

    command: type[Command]
    without: str
    rule: Rule[Any]

    def __str__(self) -> str:
        """Say what it lacks, as a test id."""
        return f"{self.command.__name__} without {self.without}"


def mutants() -> Iterator[Mutant]:
    """Return the table's rules, each without one guard, one permission, or (where people race) its sources."""
    for command, rule in TABLE.items():
        for guard in rule.guards:
            rest = tuple(each for each in rule.guards if each is not guard)
            yield Mutant(command, guard.__name__, replace(rule, guards=rest))
        for permission in rule.permissions:
            rest = tuple(each for each in rule.permissions if each is not permission)
            yield Mutant(command, permission.__name__, replace(rule, permissions=rest))
        if command in RACED:
            yield Mutant(command, "its sources", replace(rule, sources=frozenset(Status)))


def examples() -> dict[str, Example]:
    """Return every example by name: the refusals above and the tests of `test_table`."""
    found: dict[str, Example] = {str(number): example for number, example in enumerate(REFUSED)}
    for name, test in inspect.getmembers(test_table, inspect.isfunction):
        if name.startswith("test_") and not is_hypothesis_test(test):
            found.update(_cases(name, test))
    return found


def _cases(name: str, test: Callable[..., None]) -> Iterator[tuple[str, Example]]:
    """Return a test once for each combination of its parameters."""
    marks = [mark.args for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    for values in product(*(values for _, values in marks)):
        arguments: dict[str, Any] = dict(zip((argument for argument, _ in marks), values, strict=True))
        yield f"{name}{[*map(str, values)] or ''}", partial(test, **arguments)


def killers(table_examples: dict[str, Example]) -> list[str]:
    """Return the examples that go wrong."""
    wrong = []
    for name, example in table_examples.items():
        try:
            example()
        except (Exception, pytest.fail.Exception):  # noqa: BLE001  # any failure counts
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("mutant", [*mutants()], ids=str)
def test_no_condition_can_be_taken_away(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch, record_testsuite_property: Record
) -> None:
    table = examples()
    assert killers(table) == []
    monkeypatch.setitem(TABLE, mutant.command, mutant.rule)

    found = killers(table)

    record_testsuite_property(str(mutant), f"{len(found)} of {len(table)} examples go wrong")
    assert found, "no example fails without this condition; add one"
