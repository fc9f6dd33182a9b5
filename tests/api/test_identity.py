"""Who a request is from: one canonical username from the verified token or the queue, and exactly its groups."""

from __future__ import annotations

import json

import pytest

from approval_api.identity import members_of
from local.http_api.payload import _claim
from local.identity import IDENTITIES
from orders.domain.submission import order_id_for
from orders.domain.usernames import username_of
from tests.api.world import ONE_LEVEL, World, a_key, a_message, an_event, call, decision, take

SPELLINGS = ("manager-1", "Manager-1", "MANAGER-1", " manager-1", "\uff4danager-1")
NO_USERNAMES = ("two words", "a\u200bb", "manager-1@example.com", "esc\x1b", "\u202emanager-1", "workflow", "m" * 129)
APPROVAL = {"level": 1, "verdict": "approve"}


@pytest.mark.parametrize("queued", SPELLINGS)
@pytest.mark.parametrize("signed_in", SPELLINGS)
def test_an_order_queued_under_any_spelling_is_never_approved_by_its_requester(
    world: World, queued: str, signed_in: str
) -> None:
    content = a_message(requester=queued)
    assert take(content) == []
    order_id = order_id_for("manager-1", content["idempotencyKey"])
    world.open_level(order_id)

    path = f"/orders/{order_id}/decisions"
    answer = call(an_event("POST", path, person=signed_in, groups="[managers]", body=APPROVAL))

    assert (answer.status, answer.json["code"]) == (403, "segregation-of-duties")
    assert call(an_event("GET", "/inbox", person=signed_in, groups="[managers]")).json["items"] == []
    assert world.row(order_id).requester == "manager-1"


@pytest.mark.parametrize("name", NO_USERNAMES)
def test_a_message_for_what_is_no_username_is_refused_and_its_task_hears_why(world: World, name: str) -> None:
    assert take(a_message(requester=name, taskToken="token-1")) == []

    problem = json.loads(world.tasks.reports["token-1"].cause or "")
    assert (problem["code"], [found["pointer"] for found in problem["errors"]]) == ("validation", ["/requester"])
    assert world.starter.started == {}


def test_a_mail_address_is_refused_with_what_to_use_instead(world: World) -> None:
    take(a_message(requester="ada@example.com", taskToken="token-1"))

    (found,) = json.loads(world.tasks.reports["token-1"].cause or "")["errors"]
    assert found["detail"] == "Use the username; a mail address is not one."


@pytest.mark.parametrize("name", NO_USERNAMES)
def test_a_token_without_a_usable_username_is_nobodys(world: World, name: str) -> None:
    seen = call(an_event("GET", "/me", person=name, groups="[auditors]"))
    placed = call(an_event("POST", "/orders", person=name, groups="[requesters]", body=ONE_LEVEL))

    for answer in (seen, placed):
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
    assert world.starter.started == {}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_caller_has_one_name_whatever_the_token_spells(world: World, name: str) -> None:
    assert call(an_event("GET", "/me", person=name, groups="[managers]")).json["username"] == "manager-1"


def test_two_spellings_with_one_key_are_one_request(world: World) -> None:
    key = a_key()
    first, again = (
        call(an_event("POST", "/orders", person=name, groups="[requesters]", body=ONE_LEVEL, key=key))
        for name in ("pat", "Pat")
    )

    assert (first.status, again.status, first.json) == (202, 202, again.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(world.starter.started) == 1


def test_a_decision_is_recorded_under_the_canonical_name(world: World) -> None:
    order_id = world.pending()
    path = f"/orders/{order_id}/decisions"

    first = call(an_event("POST", path, person="Manager-1", groups="[managers]", body=APPROVAL))
    again = call(decision(order_id, "manager-1"))

    assert (first.json["by"], again.status, again.json) == ("manager-1", 200, first.json)
    assert len(world.row(order_id).levels[0].decisions) == 1


def test_everybody_who_signs_in_locally_has_a_canonical_name() -> None:
    assert [username_of(name) for name in IDENTITIES] == list(IDENTITIES)


GROUPS = ["managers", "[managers]", "[managers", "managers]", "[[managers]]", "managers,directors", "Managers"]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_a_role_by_its_exact_name_only(world: World, group: str) -> None:
    """The claim is what the local gateway makes of the token's list, which is what the HTTP API makes of it."""
    answer = call(an_event("GET", "/me", person="pat", groups=_claim(["nonsense", group])))
    alone = call(an_event("GET", "/me", person="pat", groups=_claim([group])))

    assert answer.json["groups"] == alone.json["groups"] == (["managers"] if group == "managers" else [])


@pytest.mark.parametrize(
    "claim", ["managers", "", "[managers", "managers]", "x[managers]", "[managers]x", "[managers] "]
)
def test_a_claim_that_is_no_list_has_no_members(claim: str) -> None:
    assert members_of(claim) == []


@pytest.mark.parametrize("groups", [[], ["managers"], ["managers", "finance"], GROUPS])
def test_the_gateways_form_of_a_list_is_read_back_exactly(groups: list[str]) -> None:
    assert members_of(_claim(groups)) == groups
