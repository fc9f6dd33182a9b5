"""Texts that people wrote stay inside their boxes and change nothing around them, in every view and width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_server import Answer, serving
from tests.browser.samples import ORDER_ID, a_script, an_order
from tests.browser.views import ALL
from tests.hostile_texts import TEXTS

OpenPage = Callable[..., Page]
OVERLAPS = """() => [...document.querySelectorAll("main :is(li.card, td, th, .columns > section)")].flatMap((box) => {
    const next = box.nextElementSibling;
    if (!next) return [];
    const [a, b] = [box.getBoundingClientRect(), next.getBoundingClientRect()];
    const apart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
    return apart && box.scrollWidth <= box.clientWidth + 1 ? [] : [`${box.className} ${box.textContent.slice(0, 60)}`];
})"""


@pytest.mark.parametrize("width", [320, 768, 1280, 1600])
def test_hostile_texts_stay_in_their_boxes(open_page: OpenPage, width: int) -> None:
    """A long word or a large amount neither widens the document nor runs over a neighbor."""
    texts = ("word-of-300-letters", "hebrew", "combining-marks", "number-of-40-digits", "emoji-and-a-word")
    orders = [
        an_order(customer=TEXTS[text], requester=TEXTS[text], note=TEXTS[text], total=10**40, actions=["approve"])
        for text in texts
    ]
    items = [{**order, "orderId": f"{order['orderId'][:-1]}{number}"} for number, order in enumerate(orders)]
    script = a_script(orders[0])
    for request in ("GET /orders", "GET /inbox"):
        script.on(request, Answer({"items": items, "nextCursor": None}))
    with serving(script) as server:
        page = open_page(server, width=width, identity="manager-1")
        for name, view in ALL.items():
            page.evaluate("hash => { location.hash = hash; }", view.address)
            expect(page.get_by_role("heading", level=1)).to_have_text(view.heading)
            expect(page.locator("main .loading")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.evaluate(OVERLAPS) == [], name


def test_a_customer_cannot_change_how_the_amount_reads(open_page: OpenPage) -> None:
    """The confirmation shows an override as a sign, inside an element that isolates direction."""
    order = an_order(customer=TEXTS["right-to-left-override"], actions=["approve"])
    script = a_script(order)
    script.on(f"GET /orders/{ORDER_ID}", Answer(order))
    with serving(script) as server:
        page = open_page(f"{server}/#/orders/{ORDER_ID}", identity="manager-1")
        page.get_by_role("button", name="Approve order o3x7kq2mf for").click()
        stake = page.locator("dialog .stake")
        expect(stake.locator("bdi").first).to_have_text("acme [U+202E]00.1€ latot")
        assert "\u202e" not in page.locator("body").inner_text()
