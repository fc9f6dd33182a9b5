"""Usernames: all spellings of one username are one person, and an invalid name is refused."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.access import access_of, actions_of, audience_for
from orders.domain.approval import Decide, OpenLevel, Withdraw
from orders.domain.charging import BeginCharge
from orders.domain.errors import InvalidUsernameError, NotTheRequesterError, SegregationOfDutiesError
from orders.domain.model import JobState, LevelTerms, Order, OrderId, Person, PickingTerms, Role, Status, Verdict
from orders.domain.picking import ClaimJob, OpenJob, ReportPicking
from orders.domain.refusals import TransitionRefusedError
from orders.domain.submission import RequestedLine, Submission, order_id_for, register
from orders.domain.table import judge
from orders.domain.usernames import folded, same_person, username_of
from tests.api.world import World
from tests.builders import A_REF, a_document, a_pending_order, a_person, approval, at, moved
from tests.hostile_texts import CUSTOMER, refused_by

SPELLINGS = ("manager-1", "Manager-1", "MANAGER-1", " manager-1 ", "ｍanager-１", "\u00a0Ｍanager-1")  # noqa: RUF001
INVISIBLY = ("manager\u200b-1", "\ufeffmanager-1", "man\u00adager-1")
KEY = "key-of-a-test-000"
APPROVERS = frozenset({Role.MANAGERS, Role.DIRECTORS, Role.REQUESTERS})


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_has_one_canonical_form(name: str) -> None:
    assert username_of(name) == "manager-1"
    assert Person.named(name, frozenset()).names == (("manager-1",) if name == "manager-1" else ("manager-1", name))


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "two words",
        "two\nlines",
        "manager-1\n",
        "nul\x00",
        "esc\x1b[31m",
        "over\u202eride",
        "m" * 129,
        "manager-1@example.com",
        "manager-1\uff20example.com",
        "workflow",
        "Notifier",
        *INVISIBLY,
    ],
)
def test_what_is_no_username_is_refused(name: str) -> None:
    with pytest.raises(InvalidUsernameError):
        username_of(name)


@pytest.mark.parametrize("name", ["anna.meier", "müller", "דנה", "google_123", "@home", "m" * 128, "x+y", "ﾏｲ-1"])
def test_what_cognito_accepts_is_a_username(name: str) -> None:
    assert username_of(name)


@given(st.text())
def test_a_canonical_name_is_its_own_canonical_form(name: str) -> None:
    assert folded(folded(name)) == folded(name)


def test_no_character_has_two_canonical_forms() -> None:
    """All of Unicode that folding changes at all, one by one."""
    changing = [
        each
        for each in map(chr, range(sys.maxunicode + 1))
        if each.casefold() != each or not unicodedata.is_normalized("NFKC", each)
    ]

    assert [each for each in changing if len({folded(each), folded(folded(each)), folded(each.casefold())}) > 1] == []


@given(st.text(), st.text())
def test_two_usernames_are_one_person_exactly_if_their_canonical_forms_are_equal(one: str, other: str) -> None:
    assert same_person(one, one)
    assert same_person(one, other) == (folded(one) == folded(other))
    assert not same_person(None, one)
    assert not same_person(one, None)


# --- rules about people, on rows that were written before names were canonical ----------------------------------------

EITHER_WAY = [*product(("Manager-1", *INVISIBLY), ("manager-1",)), *product(("manager-1",), SPELLINGS)]


def approver(name: str) -> Person:
    return Person.named(name, APPROVERS)


def approves(name: str, level: int = 1) -> Decide:
    return Decide(approver(name), level, Verdict.APPROVE, None)


@pytest.mark.parametrize(("stored", "caller"), EITHER_WAY)
def test_nobody_decides_an_order_that_was_placed_under_another_spelling_of_their_name(stored: str, caller: str) -> None:
    order = a_pending_order(requester=stored)

    with pytest.raises(SegregationOfDutiesError):
        judge(order, approves(caller), at(2))
    assert actions_of(order, approver(caller), at(2)) == ("withdraw",)


def decided_as(stored: str, order: Order) -> Order:
    """The order with its first decision stored under a spelling."""
    (first, *levels) = order.levels
    decisions = tuple(replace(each, by=stored) for each in first.decisions)
    return replace(order, levels=(replace(first, decisions=decisions), *levels))


@pytest.mark.parametrize(("stored", "caller"), EITHER_WAY)
def test_one_person_has_one_vote_on_a_level_however_they_are_spelled(stored: str, caller: str) -> None:
    terms = LevelTerms(Role.MANAGERS, quorum=2, window_seconds=600, reminder_seconds=120, escalation_seconds=300)
    order = decided_as(stored, moved(a_pending_order(levels_terms=(terms,)), approval()))

    with pytest.raises(TransitionRefusedError) as refusal:
        judge(order, approves(caller), at(2))
    assert (refusal.value.code, refusal.value.decision) == ("already-decided", order.levels[0].decisions[0])


@pytest.mark.parametrize(("stored", "caller"), EITHER_WAY)
def test_one_person_decides_one_level_of_an_order_however_they_are_spelled(stored: str, caller: str) -> None:
    terms = [LevelTerms(role, 1, 600, 120, 300) for role in (Role.MANAGERS, Role.DIRECTORS)]
    order = decided_as(stored, moved(a_pending_order(levels_terms=tuple(terms)), approval()))
    order = moved(order, OpenLevel(2, "callback-2"))

    with pytest.raises(SegregationOfDutiesError):
        judge(order, approves(caller, 2), at(3))


@pytest.mark.parametrize(("stored", "caller"), EITHER_WAY)
def test_a_lost_race_shows_the_callers_own_decision_however_it_is_spelled(stored: str, caller: str) -> None:
    terms = LevelTerms(Role.MANAGERS, quorum=2, window_seconds=600, reminder_seconds=120, escalation_seconds=300)
    order = moved(a_pending_order(levels_terms=(terms,)), approval(), approval("manager-2"))
    order = decided_as(stored, order)
    first, second = order.levels[0].decisions
    order = replace(order, levels=(replace(order.levels[0], decisions=(first, replace(second, by="manager-2"))),))

    with pytest.raises(TransitionRefusedError) as refusal:
        judge(order, approves(caller), at(3))
    assert refusal.value.decision == first


@pytest.mark.parametrize(("stored", "caller"), EITHER_WAY)
def test_a_requester_sees_and_withdraws_an_order_of_another_spelling(stored: str, caller: str) -> None:
    order = a_pending_order(requester=stored)
    person = Person.named(caller, frozenset({Role.REQUESTERS}))

    assert access_of(order, person) is not None
    assert judge(order, Withdraw(person, None), at(2)).after.status is Status.WITHDRAWN
    with pytest.raises(NotTheRequesterError):
        judge(order, Withdraw(a_person("manager-2"), None), at(2))


@pytest.mark.parametrize(("stored", "caller"), EITHER_WAY)
def test_a_station_keeps_its_job_under_every_spelling(stored: str, caller: str) -> None:
    station = Person.named(caller, frozenset({Role.WAREHOUSE}))
    order = replace(moved(a_pending_order(), approval(), BeginCharge()), picking=PickingTerms(60, 10))
    order = moved(order, OpenJob(1, "claim-1"), ClaimJob(station, 1))
    order = replace(order, jobs=(replace(order.jobs[0], claimed_by=stored),))

    assert (
        judge(order, ReportPicking(station, 1, picked=True, reason=None), at(2)).after.jobs[0].state is JobState.PICKED
    )
    with pytest.raises(TransitionRefusedError, match="has claimed"):
        judge(order, ReportPicking(a_person("warehouse-2"), 1, picked=True, reason=None), at(2))
    with pytest.raises(TransitionRefusedError) as refusal:
        judge(order, ClaimJob(station, 1), at(2))
    assert refusal.value.code == "job-superseded"


def stored(world: World, order: Order) -> OrderId:
    """Put a row into the book as it was written by an earlier version."""
    created = register(a_document(order_id=order.order_id, requester=order.requester), A_REF, "arn:execution")
    world.orders.commit(replace(created, before=None, after=order))
    return order.order_id


@pytest.mark.parametrize("name", ["pat", "PAT"])
def test_a_second_withdrawal_under_any_spelling_finds_the_first(name: str) -> None:
    world, person = World(), Person.named(name, frozenset({Role.REQUESTERS}))
    order = moved(a_pending_order(requester="Pat"), Withdraw(Person.named("pat", frozenset()), "Twice"))
    order_id = stored(world, order)

    assert world.services().approval.withdraw(order_id, Withdraw(person, None)).version == order.version


@pytest.mark.parametrize("name", ["pat", "PAT"])
def test_a_station_beats_and_reports_under_any_spelling(name: str) -> None:
    world, station = World(), Person.named(name, frozenset({Role.WAREHOUSE, Role.AUDITORS}))
    order = replace(moved(a_pending_order(), approval(), BeginCharge()), picking=PickingTerms(60, 10))
    order = moved(order, OpenJob(1, "claim-1"), ClaimJob(station, 1))
    order_id = stored(world, replace(order, jobs=(replace(order.jobs[0], claimed_by="Pat"),)))
    picking = world.services().picking

    assert picking.beat(order_id, station, 1).jobs[0].beats == 2
    reported = picking.report(order_id, ReportPicking(station, 1, picked=True, reason=None))
    assert picking.report(order_id, ReportPicking(station, 1, picked=True, reason=None)).version == reported.version


def test_a_person_reads_the_list_of_their_spelling_as_well() -> None:
    assert audience_for(Person.named("Pat", frozenset()), mine=True) == ("requester:pat", "requester:Pat")
    assert audience_for(Person.named("Pat", frozenset({Role.FINANCE})), mine=False) == (
        "requester:pat",
        "requester:Pat",
        "role:finance",
    )


# --- identity of an order ---------------------------------------------------------------------------------------------


def placed(world: World, name: str) -> OrderId:
    submission = Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 3),))
    person = Person.named(name, frozenset({Role.REQUESTERS}))
    return world.services().intake.submit(person, KEY, submission).order_id


def test_two_spellings_and_one_key_are_one_order() -> None:
    world = World()

    assert placed(world, "Pat") == placed(world, "pat") == placed(world, "PAT") == order_id_for("pat", KEY)
    assert world.row(order_id_for("pat", KEY)).requester == "pat"


@pytest.mark.parametrize("customer", ["acme", "Mu\u0308ller", " acme ", *refused_by(CUSTOMER).values()])
@pytest.mark.parametrize("name", ["pat", "Pat"])
def test_a_retry_finds_the_order_that_was_taken_before_names_and_texts_were_canonical(name: str, customer: str) -> None:
    """Its id was made of the name as spelled and its fingerprint of the text as sent, whatever that text was."""
    world = World()
    submission = Submission(customer, "EUR", (RequestedLine("ATLAS-ED", 3),))
    earlier = a_document(
        order_id=order_id_for(name, KEY),
        requester=name,
        customer=customer,
        fingerprint=submission.fingerprint_as_sent(),
    )
    world.ports().documents.put_if_absent(earlier)

    person = Person.named(name, frozenset({Role.REQUESTERS}))
    again = world.services().intake.submit(person, KEY, submission)

    assert (again.order_id, again.requester, again.customer) == (earlier.order_id, name, customer)
