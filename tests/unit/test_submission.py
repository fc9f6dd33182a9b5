"""Taking down an order: identity, prices, levels, and every mistake named with its place."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.catalogue import Catalogue, catalogue_from_json
from orders.domain.errors import InvalidReferenceDataError, InvalidRequestError
from orders.domain.model import OrderDocument, OrderId, Role
from orders.domain.policy import Policy, Waits, escalation_target, policy_from_json
from orders.domain.submission import RequestedLine, Submission, Terms, draw_up, order_id_for
from orders.settings import Settings
from tests.builders import NOON

WAITS = Waits(window=600, reminder=120, escalation=300, cooling_off=30, claim=600, beat=30)


def shipped(name: str) -> dict[str, object]:
    """Return reference data as it ships."""
    data: dict[str, object] = json.loads(files("orders.reference").joinpath(name).read_text())
    return data


def the_catalogue() -> Catalogue:
    return catalogue_from_json(shipped("catalogue.json"))


def the_policy() -> Policy:
    return policy_from_json(shipped("policy.json"))


def drawn_up(*lines: tuple[str, int], currency: str = "EUR") -> OrderDocument:
    submission = Submission("acme", currency, tuple(RequestedLine(*line) for line in lines))
    terms = Terms(the_catalogue(), the_policy(), WAITS)
    return draw_up(submission, terms, order_id=OrderId("o1"), requester="requester-1", at=NOON)


def mistakes(*lines: tuple[str, int], currency: str = "EUR") -> list[str]:
    with pytest.raises(InvalidRequestError) as error:
        drawn_up(*lines, currency=currency)
    return [finding.pointer for finding in error.value.errors]


def test_prices_are_the_catalogues() -> None:
    document = drawn_up(("ATLAS-ED", 2), ("JUNO-MAIL", 1))

    assert document.total == 2 * 4900 + 1200


@pytest.mark.parametrize(("quantity", "roles"), [(999, []), (1000, [Role.MANAGERS])])
def test_an_order_below_a_hundred_is_approved_automatically(quantity: int, roles: list[Role]) -> None:
    document = drawn_up(("BULK-0001", quantity))

    assert [level.role for level in document.levels] == roles


def test_an_order_above_the_cap_is_refused_when_it_is_submitted() -> None:
    cap = the_policy().cap

    assert drawn_up(("BULK-0001", 10_000), ("BULK-0002", 10_000)).total <= cap
    assert mistakes(("MERIDIAN-GIS", 10_000)) == ["/lines"]


def test_every_mistake_is_found_at_once() -> None:
    found = mistakes(("NO-SUCH", 1), ("ATLAS-ED", 0), ("ATLAS-ED", 10_001), currency="USD")

    assert found == ["/currency", "/lines/0/sku", "/lines/1/quantity", "/lines/2/quantity"]


def test_an_order_without_lines_is_no_order() -> None:
    assert mistakes() == ["/lines"]


def test_ten_thousand_lines_are_taken_and_one_more_is_not() -> None:
    assert len(drawn_up(*[("BULK-0001", 1)] * 10_000).lines) == 10_000
    assert mistakes(*[("BULK-0001", 1)] * 10_001) == ["/lines"]


@given(st.text(min_size=1), st.from_regex(r"\A[A-Za-z0-9_-]{16,64}\Z"))
def test_an_order_id_is_an_execution_name_with_room_for_a_suffix(requester: str, key: str) -> None:
    order_id = order_id_for(requester, key)

    assert order_id == order_id_for(requester, key)
    assert order_id.isalnum()
    assert order_id.islower()
    assert len(order_id) == 27


def test_another_person_with_the_same_key_has_another_order() -> None:
    assert order_id_for("requester-1", "k" * 16) != order_id_for("requester-2", "k" * 16)


def test_the_fingerprint_tells_requests_apart() -> None:
    one = Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 1),))

    assert one.fingerprint() == Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 1),)).fingerprint()
    others = [
        Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 2),)),
        Submission("acm", "eEUR", (RequestedLine("ATLAS-ED", 1),)),
        Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 1),), note="x"),
    ]
    assert one.fingerprint() not in {other.fingerprint() for other in others}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tiers": []}, "tiers"),
        ({"tiers": [{"upTo": 9, "levels": []}, {"upTo": 9, "levels": []}]}, "rise"),
        ({"tiers": [{"upTo": 9, "levels": [{"role": "owners", "quorum": 1}]}]}, "owners"),
        ({"tiers": [{"upTo": 9, "levels": [{"role": "warehouse", "quorum": 1}]}]}, "warehouse"),
        ({"tiers": [{"upTo": 9, "levels": [{"role": "managers", "quorum": 0}]}]}, "quorum"),
        ({"tiers": [{"levels": []}]}, "upTo"),
    ],
)
def test_an_unusable_policy_is_refused_by_name(change: dict[str, object], word: str) -> None:
    with pytest.raises(InvalidReferenceDataError, match=word):
        policy_from_json({**shipped("policy.json"), **change})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"goods": [{"sku": "A", "name": "a", "unitPrice": 0, "digital": True}]}, "unitPrice"),
        ({"goods": [{"sku": "A", "name": "a", "digital": True}]}, "unitPrice"),
        ({"goods": [{"sku": "A", "name": "a", "unitPrice": 1, "digital": True}] * 2}, "unique"),
        ({"goods": None}, "NoneType"),
    ],
)
def test_an_unusable_catalogue_is_refused_by_name(change: dict[str, object], word: str) -> None:
    with pytest.raises(InvalidReferenceDataError, match=word):
        catalogue_from_json({**shipped("catalogue.json"), **change})


def test_the_ladder_ends_at_finance() -> None:
    assert [escalation_target(role) for role in (Role.MANAGERS, Role.DIRECTORS, Role.FINANCE)] == [
        Role.DIRECTORS,
        Role.FINANCE,
        None,
    ]


def test_settings_name_the_variable_that_cannot_be_used() -> None:
    assert Settings.from_env({"DECISION_WINDOW_SECONDS": "5"}).waits.window == 5
    for wrong in ("0", "-1", "soon", "1.5", ""):
        with pytest.raises(InvalidReferenceDataError, match="REMINDER_SECONDS"):
            Settings.from_env({"REMINDER_SECONDS": wrong})
