"""What one requester's orders may hold before they are charged: the limits, and their messages."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from orders.domain.catalogue import Catalogue, Good, catalogue_from_json
from orders.domain.model import Line, Sku
from orders.domain.policy import PendingLimits, policy_from_json
from orders.domain.quotas import OPEN_ORDERS, Claim, Quotas
from tests.builders import a_document

PEN, DESK, LAST, GONE = Sku("PEN"), Sku("DESK"), Sku("LAST"), Sku("GONE")
STOCK = {PEN: 1000, DESK: 10, LAST: 1, GONE: 0}
CATALOGUE = Catalogue("1", "EUR", {sku: Good(sku, sku, 10, digital=True, stock=stock) for sku, stock in STOCK.items()})
QUOTAS = Quotas(CATALOGUE, PendingLimits(stock_percent=25, orders=3))


def findings(*lines: tuple[Sku, int], used: dict[str, int] | None = None) -> dict[str, str]:
    """Return what must be changed in an order of these lines, by pointer."""
    document = a_document(lines=tuple(Line(sku, quantity, 10) for sku, quantity in lines))
    return {each.pointer: each.detail for each in QUOTAS.findings(document, used or {})}


@pytest.mark.parametrize(
    ("stock", "percent", "units"), [(1000, 25, 250), (10, 25, 3), (1, 1, 1), (0, 50, 0), (7, 100, 7), (3, 50, 2)]
)
def test_a_share_of_the_stock_is_rounded_up(stock: int, percent: int, units: int) -> None:
    """So that a good of which there is one can be ordered."""
    assert PendingLimits(percent, 1).units_of(stock) == units


def test_the_shipped_policy_leaves_room_for_others_and_for_the_last_one() -> None:
    shipped = {
        name: json.loads(files("orders.reference").joinpath(name).read_text())
        for name in ("policy.json", "catalogue.json")
    }
    limits = policy_from_json(shipped["policy.json"]).pending
    goods = catalogue_from_json(shipped["catalogue.json"]).goods

    assert limits == PendingLimits(stock_percent=25, orders=500)
    assert limits.units_of(goods[Sku("BULK-0001")].stock) == 250_000
    assert limits.units_of(goods[Sku("LAST-ONE")].stock) == 1


def test_the_first_goods_of_an_order_claim_its_place_too() -> None:
    assert QUOTAS.claims_of({PEN: 4, DESK: 1}, first=True) == {
        OPEN_ORDERS: Claim(1, 3),
        "SKU#PEN": Claim(4, 250),
        "SKU#DESK": Claim(1, 3),
    }
    assert QUOTAS.claims_of({PEN: 4}, first=False) == {"SKU#PEN": Claim(4, 250)}


def test_goods_that_are_sold_out_are_left_to_the_warehouse() -> None:
    assert QUOTAS.claims_of({GONE: 4}, first=False) == {}
    assert findings((GONE, 4)) == {}


def test_an_order_within_the_bounds_has_nothing_to_change() -> None:
    assert findings((PEN, 250), (DESK, 3), (LAST, 1)) == {}
    assert findings((PEN, 50), used={OPEN_ORDERS: 2, "SKU#PEN": 200}) == {}


def test_an_order_that_is_too_large_by_itself_is_told_the_most() -> None:
    assert findings((DESK, 1), (PEN, 251)) == {
        "/lines/1/quantity": "Order at most 250 of PEN; one requester may hold no more before approval."
    }


def test_lines_of_the_same_good_count_together_and_the_first_too_many_is_named() -> None:
    assert [*findings((PEN, 200), (DESK, 4), (PEN, 50), (PEN, 1), (PEN, 1))] == [
        "/lines/1/quantity",
        "/lines/3/quantity",
    ]


def test_a_person_is_told_what_their_open_orders_leave() -> None:
    assert findings((PEN, 51), used={"SKU#PEN": 200}) == {
        "/lines/0/quantity": (
            "Your open orders hold 200 of PEN, and 250 is the most before approval; order at most 50 now."
        )
    }


def test_a_person_whose_open_orders_leave_nothing_is_told_what_to_wait_for() -> None:
    told = (
        "Your open orders hold 250 of PEN, and 250 is the most before approval; "
        "order again when an open order is decided or withdrawn."
    )
    assert findings((PEN, 1), used={"SKU#PEN": 250}) == {"/lines/0/quantity": told}


def test_a_good_that_is_held_beyond_a_limit_that_was_lowered_is_named_once() -> None:
    assert [*findings((PEN, 1), (PEN, 1), used={"SKU#PEN": 300})] == ["/lines/0/quantity"]


def test_a_person_with_too_many_open_orders_is_told_how_many() -> None:
    told = "You have 3 open orders, the most there may be; order again when an open order is decided or withdrawn."
    assert findings((PEN, 1), used={OPEN_ORDERS: 3}) == {"/lines": told}


def test_the_reason_of_a_refusal_names_the_bounds() -> None:
    assert QUOTAS.refusal(["SKU#PEN", OPEN_ORDERS]) == (
        "Before approval, one requester may hold at most 3 open orders, 250 of PEN; "
        "order again when an open order is decided or withdrawn"
    )
