"""The page goes on where the browser or the network does not: storage, scripts, dialogs and places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.fake_server import Answer, Script, serving
from tests.browser.samples import NEEDS_ATTENTION, ORDER_ID, a_script, ago, an_execution, an_order
from tests.browser.views import ALL

OpenPage = Callable[..., Page]
REFUSED = """for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, {get() { throw new DOMException("refused", "SecurityError"); }});"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


@pytest.fixture
def script() -> Script:
    """A server at which everything works, until a test says otherwise."""
    return a_script()


@pytest.fixture
def server(script: Script) -> Iterator[str]:
    """The fake server's address."""
    with serving(script) as url:
        yield url


@pytest.mark.parametrize("storage", [REFUSED, FULL], ids=["refused", "full"])
def test_every_view_works_without_storage(server: str, open_page: OpenPage, storage: str) -> None:
    """A browser may refuse to keep anything, or be full; memory takes over."""
    page = open_page(f"{server}/#/orders")
    page.add_init_script(storage)
    for view in ALL.values():
        page.goto("about:blank")
        page.goto(f"{server}/{view.address}")
        page.get_by_label("Acting as").select_option(view.who)
        expect(page.get_by_text(view.proof).last).to_be_visible()


@pytest.mark.parametrize("storage", [REFUSED, FULL], ids=["refused", "full"])
def test_an_order_is_decided_without_storage(server: str, script: Script, open_page: OpenPage, storage: str) -> None:
    script.on(f"POST /orders/{ORDER_ID}/decisions", Answer({"orderId": ORDER_ID}))
    page = open_page(f"{server}/#/orders")
    page.add_init_script(storage)
    page.goto("about:blank")
    page.goto(f"{server}/#/inbox")
    page.get_by_label("Acting as").select_option("manager-1")
    expect(page.get_by_text("You are manager-1 now.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Approve")).first.click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.get_by_role("status").get_by_text("You approved")).to_be_visible()


def test_a_view_that_cannot_be_fetched_says_so_and_recovers(server: str, open_page: OpenPage) -> None:
    """A lost script is no blank page: there is a message, a button, and recovery when the network is back."""
    page = open_page(f"{server}/#/orders")
    down = {"yes": True}

    def drop(route: Route) -> None:
        route.abort() if down["yes"] else route.continue_()

    page.route("**/views/new-order.js", drop)
    page.goto(f"{server}/#/new")
    expect(page.get_by_role("heading", level=1)).to_have_text("Part of the page is missing")
    down["yes"] = False
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text(ALL["new"].proof).last).to_be_visible()


def test_a_view_that_is_slow_to_come_shows_that_something_is_coming(server: str, open_page: OpenPage) -> None:
    page = open_page(f"{server}/#/orders")
    waiting: list[Route] = []
    page.route("**/views/new-order.js", lambda route: waiting.append(route))  # noqa: PLW0108 - playwright marks it
    page.evaluate("location.hash = '#/new'")
    expect(page.get_by_text("Loading this part of the page")).to_be_visible()
    waiting[0].continue_()
    expect(page.get_by_text(ALL["new"].proof).last).to_be_visible()


def decided_by(other: str) -> dict[str, Any]:
    """Return the order as another approver left it."""
    decision = {"by": other, "verdict": "approve", "reason": None, "at": ago(5)}
    level = {**an_order()["levels"][0], "outcome": "approved", "decisions": [decision]}
    return an_order(status="CHARGING", level=None, levels=[level], actions=[])


def test_a_dialog_stays_when_the_order_leaves_the_inbox(server: str, script: Script, open_page: OpenPage) -> None:
    """It says who decided, and what was typed is still there."""
    page = open_page(f"{server}/#/inbox", identity="manager-1")
    page.get_by_role("button", name=re.compile("^Reject")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Too dear for a pilot")
    script.on("GET /inbox", Answer({"items": [], "nextCursor": None}))
    script.on(f"GET /orders/{ORDER_ID}", Answer(decided_by("manager-2")))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(dialog.get_by_text("Already approved by manager-2")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_have_value("Too dear for a pilot")
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Nothing waits for manager-1.")).to_be_visible()


def test_a_dialog_stays_when_an_order_needs_no_operator_any_more(
    server: str, script: Script, open_page: OpenPage
) -> None:
    page = open_page(f"{server}/#/attention", identity="operator-1")
    page.get_by_role("button", name=re.compile("^Recover")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Stopped by mistake")
    script.on(NEEDS_ATTENTION, Answer({"items": [], "nextCursor": None}))
    script.on(f"GET /orders/{ORDER_ID}", Answer(an_order(status="FAILED", actions=[])))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(dialog.get_by_text("It is now: Failed")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_have_value("Stopped by mistake")


def many(count: int, skip: int = 0) -> list[dict[str, Any]]:
    """Return so many orders for an inbox, numbered."""
    numbers = range(skip, skip + count)
    return [
        an_order(orderId=f"o{number:027}", customer=f"customer {number}", actions=["approve"]) for number in numbers
    ]


def test_an_order_that_moves_up_from_the_next_page_is_not_new(server: str, script: Script, open_page: OpenPage) -> None:
    script.on("GET /inbox", Answer({"items": many(25), "nextCursor": "c"}))
    page = open_page(f"{server}/#/inbox", identity="manager-1")
    expect(page.get_by_text("customer 24")).to_be_visible()
    script.on("GET /inbox", Answer({"items": many(25, skip=1), "nextCursor": None}))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("customer 25")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("new"))).to_have_count(0)


def test_an_order_that_is_new_waits_to_be_shown(server: str, script: Script, open_page: OpenPage) -> None:
    script.on("GET /inbox", Answer({"items": many(3, skip=1), "nextCursor": None}))
    page = open_page(f"{server}/#/inbox", identity="manager-1")
    expect(page.get_by_text("customer 3")).to_be_visible()
    script.on("GET /inbox", Answer({"items": many(4), "nextCursor": None}))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("button", name="1 new. Show")).to_be_visible()
    expect(page.get_by_text("customer 0")).to_have_count(0)


def test_back_returns_to_the_link_and_the_scroll_position(server: str, script: Script, open_page: OpenPage) -> None:
    orders = many(25)
    script.on("GET /inbox", Answer({"items": orders, "nextCursor": None}))
    for path in ("", "/audit", "/execution", "/document"):
        answer = script.answers[f"GET /orders/{ORDER_ID}{path}"][0]
        script.on(f"GET /orders/{orders[20]['orderId']}{path}", answer)
    page = open_page(f"{server}/#/inbox", identity="manager-1")
    link = page.get_by_role("listitem").filter(has_text="customer 20").get_by_role("link")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order")
    page.go_back()
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()


def test_the_history_of_a_finished_execution_is_not_asked_again(
    server: str, script: Script, open_page: OpenPage
) -> None:
    request = f"GET /orders/{ORDER_ID}/execution"
    script.on(request, Answer(an_execution(status="SUCCEEDED", endedAt=ago(1), nextPollMs=None)))
    page = open_page(f"{server}/#/orders/{ORDER_ID}/history")
    expect(page.get_by_text("Save as JSON")).to_be_visible()
    page.clock.install()
    before = script.times_heard(request)
    page.clock.run_for(120_000)
    assert script.times_heard(request) == before


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("requester-1", "Place the first order"),
        ("manager-1", "Open the inbox"),
        ("warehouse-1", "Open the warehouse station"),
        ("operator-1", "Open Attention"),
    ],
)
def test_an_empty_list_says_where_a_person_s_work_is(
    server: str, script: Script, open_page: OpenPage, who: str, words: str
) -> None:
    script.on("GET /orders", Answer({"items": [], "nextCursor": None}))
    page = open_page(f"{server}/#/orders", identity=who)
    expect(page.get_by_role("link", name=words)).to_be_visible()
