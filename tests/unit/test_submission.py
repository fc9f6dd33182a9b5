"""Taking down an order: identity, prices, levels, and every mistake named with its place."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields, replace
from importlib.resources import files
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.catalogue import Catalogue, catalogue_from_json
from orders.domain.errors import InvalidReferenceDataError, InvalidRequestError
from orders.domain.model import OrderDocument, OrderId, Role, Sku
from orders.domain.payments import Money
from orders.domain.policy import Policy, Waits, escalation_target, policy_from_json
from orders.domain.submission import RequestedLine, Submission, Terms, draw_up, order_id_for
from orders.settings import LARGEST, Settings
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


def test_the_refusal_of_an_order_above_the_cap_names_both_amounts_as_money() -> None:
    with pytest.raises(InvalidRequestError) as error:
        drawn_up(("MERIDIAN-GIS", 10_000))
    price = the_catalogue().goods[Sku("MERIDIAN-GIS")].unit_price
    total, cap = Money(price * 10_000, "EUR"), Money(the_policy().cap, "EUR")
    expected = f"The order comes to {total}; at most {cap} can be ordered at once. Order less, or split the order."
    assert [finding.detail for finding in error.value.errors] == [expected]
    assert str(Money(1_234_505, "EUR")) == "12,345.05 EUR"


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


@dataclass(frozen=True, slots=True)
class LineOfALaterVersion(RequestedLine):
    """A line with a field that the first version did not have."""

    gift: bool = False


@dataclass(frozen=True, slots=True)
class SubmissionOfALaterVersion(Submission):
    """A submission with two such fields, of which one may differ between two requests for the same order."""

    NOT_FINGERPRINTED: ClassVar[frozenset[str]] = frozenset({"traced_by"})

    cost_center: str | None = None
    traced_by: str = ""


def test_retries_of_an_order_that_was_taken_before_a_field_existed_match_it() -> None:
    stored = Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 1),), "soon")
    retried = SubmissionOfALaterVersion("acme", "EUR", (LineOfALaterVersion("ATLAS-ED", 1),), "soon")

    assert retried.fingerprint() == stored.fingerprint()
    assert replace(retried, traced_by="page").fingerprint() == stored.fingerprint()


def test_a_field_of_a_later_version_tells_requests_apart() -> None:
    plain = SubmissionOfALaterVersion("acme", "EUR", (LineOfALaterVersion("ATLAS-ED", 1),))
    requests = [
        plain,
        replace(plain, cost_center="4711"),
        replace(plain, cost_center="4712"),
        replace(plain, note="4711"),
        replace(plain, lines=(LineOfALaterVersion("ATLAS-ED", 1, gift=True),)),
    ]

    assert len({each.fingerprint() for each in requests}) == len(requests)


@pytest.mark.parametrize("kind", [Submission, RequestedLine])
def test_every_field_after_the_original_ones_has_a_default(kind: type[Submission | RequestedLine]) -> None:
    """Without one, an order that was taken before the field existed would no longer match its retries."""
    later = [each for each in fields(kind) if each.name not in kind.ORIGINAL_FIELDS]
    assert [each.name for each in later if each.default is MISSING] == []


PENDING = {"stockPercent": 25, "orders": 5}
ONE_LEVEL = {"role": "managers", "quorum": 1}
POLICY_MISTAKES: list[tuple[object, str]] = [
    ([], "the document must be an object"),
    ({"version": " "}, "/version must be a text of 1 to 200 characters, not ' '"),
    ({"version": 2026}, "/version must be a text of 1 to 200 characters, not 2026"),
    ({"currency": "eur"}, "/currency must be a currency of three capital letters, not 'eur'"),
    ({"currency": "EURO"}, "/currency must be a currency of three capital letters, not 'EURO'"),
    ({"defaultTier": 1}, "the document must not have defaultTier; it may have version, currency, pending, tiers"),
    ({"pending": None}, "/pending must be an object"),
    ({"pending": {"orders": 5}}, "/pending must have stockPercent"),
    ({"pending": PENDING | {"stockPercent": 0}}, "/pending/stockPercent must be a whole number from 1 to 100, not 0"),
    (
        {"pending": PENDING | {"stockPercent": 101}},
        "/pending/stockPercent must be a whole number from 1 to 100, not 101",
    ),
    ({"pending": PENDING | {"orders": 0}}, "/pending/orders must be a whole number from 1 to 1000000000000, not 0"),
    ({"tiers": []}, "/tiers must have at least one tier"),
    ({"tiers": {}}, "/tiers must be a list"),
    ({"tiers": [{"levels": []}]}, "/tiers/0 must have upTo"),
    ({"tiers": [{"upTo": "9", "levels": []}]}, "/tiers/0/upTo must be a whole number from 1 to 1000000000000, not '9'"),
    ({"tiers": [{"upTo": 9.5, "levels": []}]}, "/tiers/0/upTo must be a whole number from 1 to 1000000000000, not 9.5"),
    (
        {"tiers": [{"upTo": True, "levels": []}]},
        "/tiers/0/upTo must be a whole number from 1 to 1000000000000, not True",
    ),
    (
        {"tiers": [{"upTo": 9, "levels": []}, {"upTo": 9, "levels": []}]},
        "/tiers/1 must have an upTo above 9, which is that of the tier before",
    ),
    (
        {"tiers": [{"upTo": 9, "levels": [], "coolingof": True}]},
        "/tiers/0 must not have coolingof; it may have upTo, levels, coolingOff",
    ),
    (
        {"tiers": [{"upTo": 9, "levels": [], "coolingOff": "no"}]},
        "/tiers/0/coolingOff must be true or false, not 'no'",
    ),
    (
        {"tiers": [{"upTo": 9, "levels": [ONE_LEVEL | {"role": "warehouse"}]}]},
        "/tiers/0/levels/0/role must be one of managers, directors, finance, not 'warehouse'",
    ),
    (
        {"tiers": [{"upTo": 9, "levels": [ONE_LEVEL, ONE_LEVEL | {"quorum": 0}]}]},
        "/tiers/0/levels/1/quorum must be a whole number from 1 to 1000000000000, not 0",
    ),
]


@pytest.mark.parametrize(("change", "place"), POLICY_MISTAKES)
def test_an_unusable_policy_is_refused_by_its_place(change: object, place: str) -> None:
    with pytest.raises(InvalidReferenceDataError) as caught:
        policy_from_json({**shipped("policy.json"), **change} if isinstance(change, dict) else change)
    assert caught.value.detail == f"orders/reference/policy.json: {place}"


GOOD = {"sku": "A", "name": "a", "unitPrice": 1, "digital": True}
BULK = {"prefix": "BULK-", "count": 2, "name": "Bulk", "unitPrice": 1, "digital": True}
CATALOGUE_MISTAKES: list[tuple[object, str]] = [
    ({"goods": None}, "/goods must be a list"),
    ({"goods": [GOOD | {"unitPrice": 0}]}, "/goods/0/unitPrice must be a whole number from 1 to 1000000000000, not 0"),
    ({"goods": [{"sku": "A"}]}, "/goods/0 must have name, unitPrice, digital"),
    ({"goods": [GOOD | {"digital": "false"}]}, "/goods/0/digital must be true or false, not 'false'"),
    ({"goods": [GOOD | {"stock": -1}]}, "/goods/0/stock must be a whole number from 0 to 1000000000000, not -1"),
    ({"goods": [GOOD | {"sku": "A" * 65}]}, f"/goods/0/sku must be a text of 1 to 64 characters, not '{'A' * 65}'"),
    ({"goods": [GOOD, GOOD]}, "/goods/1 must have another sku: A is there already"),
    (
        {"goods": [GOOD | {"sku": "BULK-0002"}], "series": [BULK]},
        "/series/0 must have another sku: BULK-0002 is there already",
    ),
    ({"series": [BULK | {"count": 0}]}, "/series/0/count must be a whole number from 1 to 9999, not 0"),
]


@pytest.mark.parametrize(("change", "place"), CATALOGUE_MISTAKES)
def test_an_unusable_catalogue_is_refused_by_its_place(change: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidReferenceDataError) as caught:
        catalogue_from_json({**shipped("catalogue.json"), **change})
    assert caught.value.detail == f"orders/reference/catalogue.json: {place}"


def test_the_ladder_ends_at_finance() -> None:
    assert [escalation_target(role) for role in (Role.MANAGERS, Role.DIRECTORS, Role.FINANCE)] == [
        Role.DIRECTORS,
        Role.FINANCE,
        None,
    ]


NO_WHOLE_NUMBERS = (
    "",
    " ",
    "0",
    "-1",
    "+1",
    "1.5",
    "10 ",
    "soon",
    "1e3",
    "1_0",
    "010",
    "\uff11\uff10",
    "\u0663",
    "1" * 5000,
)


@pytest.mark.parametrize("name", LARGEST)
def test_a_setting_is_a_whole_number_within_its_bounds_or_refused_by_name(name: str) -> None:
    for right in ("1", str(LARGEST[name])):
        Settings.from_env({name: right})
    for wrong in (*NO_WHOLE_NUMBERS, str(LARGEST[name] + 1)):
        with pytest.raises(InvalidReferenceDataError) as caught:
            Settings.from_env({name: wrong})
        assert caught.value.detail == f"{name} must be a whole number from 1 to {LARGEST[name]}, not {wrong!r}"


def test_a_setting_is_read_from_its_variable() -> None:
    assert Settings.from_env({"DECISION_WINDOW_SECONDS": "5"}).waits.window == 5
