"""Who sees what: an order that is not yours, nor ever waits for your role, does not exist for you."""

from __future__ import annotations

import pytest

from orders.domain.access import Access, access_of, actions_of, audience_for, audiences_of
from orders.domain.approval import Escalate
from orders.domain.model import Role
from tests.builders import a_pending_order, a_person, an_order, approval, at, moved

SUMMARY = Access(document=False, payloads=False)
DOCUMENT = Access(document=True, payloads=False)
EVERYTHING = Access(document=True, payloads=True)


@pytest.mark.parametrize(
    ("username", "access"),
    [
        ("requester-1", DOCUMENT),
        ("requester-2", None),
        ("manager-1", DOCUMENT),
        ("director-1", None),
        ("finance-1", None),
        ("warehouse-1", None),
        ("operator-1", SUMMARY),
        ("auditor-1", EVERYTHING),
    ],
)
def test_each_role_sees_what_it_needs_and_no_more(username: str, access: Access | None) -> None:
    assert access_of(a_pending_order(), a_person(username)) == access


def test_an_escalation_shows_the_order_to_the_next_role() -> None:
    order = moved(a_pending_order(), Escalate(1), seconds=301)

    assert access_of(order, a_person("director-1")) == DOCUMENT
    assert "role:directors" in audiences_of(order)


def test_actions_are_what_the_table_would_accept() -> None:
    order = a_pending_order()

    assert actions_of(order, a_person("manager-1"), at(2)) == ("approve", "reject")
    assert actions_of(order, a_person("requester-1"), at(2)) == ("withdraw",)
    assert actions_of(order, a_person("manager-1"), at(601)) == ()
    assert actions_of(moved(order, approval()), a_person("manager-2"), at(3)) == ()
    assert actions_of(an_order(), a_person("manager-1"), at(0)) == ()


def test_a_manager_who_ordered_may_only_withdraw() -> None:
    order = a_pending_order(requester="manager-1")

    assert actions_of(order, a_person("manager-1"), at(2)) == ("withdraw",)


def test_lists_follow_roles() -> None:
    both = a_person("pat", Role.MANAGERS, Role.FINANCE)

    assert audience_for(both, mine=False) == ("requester:pat", "role:finance", "role:managers")
    assert audience_for(both, mine=True) == ("requester:pat",)
    assert audience_for(a_person("auditor-1"), mine=False) == ("all",)
