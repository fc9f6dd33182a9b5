"""People at work: the page over the whole local stack, by what they can see and reach."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import ONE_LEVEL, act_as, operations, place_example, short_id, summary
from tests.stack import Stack

OpenPage = Callable[..., Page]
# Past the last stop the browser goes to the document itself, then begins again.
FOCUS_IS_VISIBLE = """() => {
    if (document.activeElement === document.body) return true;
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    const { top, bottom } = document.activeElement.getBoundingClientRect();
    return outlineStyle !== "none" && outlineWidth !== "0px" && bottom > 0 && top < innerHeight;
}"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One system for all journeys; the first of them finds it empty."""
    with Stack(tmp_path_factory.mktemp("journeys") / "data") as running:
        yield running


class Clicks:
    """Counts what a visitor's hand does; choosing from a list is one click."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def on(self, role: Literal["button", "link"], name: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Click what is visible under this name."""
        self.count += 1
        self.page.get_by_role(role, name=name, exact=exact).click()

    def choose(self, label: str, option: str) -> None:
        """Choose from a list."""
        self.count += 1
        self.page.get_by_label(label).select_option(option)


def test_from_the_empty_page_to_completed_in_six_clicks_and_to_a_crash_in_four(
    stack: Stack, open_page: OpenPage
) -> None:
    """Place, become the manager, approve; then break it: a red invocation, and the recovery beside it."""
    page = open_page(stack.base_url)
    clicks = Clicks(page)
    expect(page.get_by_text("No orders yet.")).to_be_visible()
    clicks.on("link", "Place the first order")
    clicks.on("button", ONE_LEVEL)
    clicks.on("button", "Place order")
    expect(summary(page)).to_contain_text("Waiting for approval")
    clicks.choose("Acting as", "manager-1")
    clicks.on("button", "Approve", exact=True)
    clicks.on("button", "Approve €")
    expect(summary(page)).to_contain_text("Completed")
    assert clicks.count <= 6
    expect(page.get_by_role("region", name="Signatures")).to_contain_text("manager-1")
    timeline = page.get_by_role("region", name="Execution timeline")
    expect(timeline.get_by_role("list", name="People")).to_contain_text("manager-1 approved")
    expect(timeline.locator("p").get_by_text("Succeeded")).to_be_visible()
    shown = operations(page).count()
    finished = operations(page).filter(has_text="Succeeded").count()
    print(f"the timeline of a one-level order shows {shown} operations")
    assert finished == shown >= 12

    break_an_order(page, clicks)


def break_an_order(page: Page, clicks: Clicks) -> None:
    """From a finished order to a crash and its recovery, in at most four clicks."""
    timeline = page.get_by_role("region", name="Execution timeline")
    calm = page.url
    clicks.count = 0
    clicks.on("button", "Break it")
    clicks.on("button", "Try it on a new order: Crash at the next checkpoint")
    page.wait_for_url(lambda url: url != calm)
    invocations = timeline.get_by_role("list", name="Invocations").get_by_role("listitem")
    expect(invocations.filter(has_text="failed")).to_have_count(1, timeout=20_000)
    expect(invocations.filter(has_text="recovered")).to_have_count(1, timeout=20_000)
    expect(summary(page)).to_contain_text("Completed", timeout=20_000)
    expect(page.get_by_role("complementary").get_by_text("killed before")).to_be_visible()
    print(f"six clicks to COMPLETED, {clicks.count} more to a crash and its recovery")
    assert clicks.count <= 4


def test_a_rejection_reaches_the_requester_with_its_reason(stack: Stack, open_page: OpenPage) -> None:
    """The manager decides from the inbox; the requester's open page tells within seconds, without a reload."""
    requester = open_page(stack.base_url)
    manager = open_page(f"{stack.base_url}/#/inbox")
    expect(manager.get_by_text("Nothing waits for requester-1.")).to_be_visible()
    act_as(manager, "manager-1")
    place_example(requester, stack.base_url, ONE_LEVEL)
    expect(summary(requester)).to_contain_text("Waiting for approval")
    manager.reload()
    card = manager.get_by_role("listitem").filter(has=manager.get_by_role("link", name=short_id(requester)))
    card.get_by_role("button", name="Reject").click()
    manager.get_by_label("Reason").fill("Out of this year's budget")
    manager.get_by_role("button", name="Reject €").click()
    expect(manager.get_by_role("status")).to_contain_text("You rejected €")
    expect(card).to_have_count(0)
    expect(summary(requester)).to_contain_text("Rejected")
    expect(requester.get_by_role("region", name="Signatures")).to_contain_text("Out of this year's budget")


def test_an_order_can_be_withdrawn(stack: Stack, open_page: OpenPage) -> None:
    """Its requester takes it back; the workflow undoes what it had done."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Withdraw €").click()
    expect(summary(page)).to_contain_text("Withdrawn")
    expect(operations(page).filter(has_text="release-stock").first).to_be_visible()


@pytest.mark.parametrize(
    ("example", "outcome"),
    [
        ("Approved by itself", "Completed"),
        ("The gateway is flaky", "Completed"),
        ("The money comes late", "Completed"),
        ("The capture is declined", "Failed"),
        ("The card is declined", "Refused"),
        ("Credit is refused", "Refused"),
        ("Out of stock", "Refused"),
    ],
)
def test_every_example_ends_as_it_says(
    stack: Stack, open_page: OpenPage, example: str | re.Pattern[str], outcome: str
) -> None:
    """Paths without people end by themselves, and a refusal says why."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, example)
    expect(summary(page)).to_contain_text(outcome, timeout=30_000)
    expect(summary(page).get_by_text("Why:")).to_have_count(0 if outcome == "Completed" else 1)


def test_the_slower_approver_is_told_who_was_faster(stack: Stack, open_page: OpenPage) -> None:
    """Two managers look at the same dialog; the second click is answered with the first decision."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    expect(summary(page)).to_contain_text("Waiting for approval")
    order_id = page.url.rpartition("/")[2]
    act_as(page, "manager-2")
    page.get_by_role("button", name="Reject").click()
    page.get_by_label("Reason").fill("Too slow")
    decision = {"level": 1, "verdict": "approve"}
    key = {"Idempotency-Key": "the-faster-manager-1"}
    answer = stack.request("POST", f"/orders/{order_id}/decisions", decision, identity="manager-1", headers=key)
    assert answer.status == 200
    page.get_by_role("button", name="Reject €").click()
    expect(page.get_by_role("status")).to_contain_text("Already approved by manager-1")
    expect(summary(page)).to_contain_text("Completed")


def test_hostile_text_stays_text(stack: Stack, open_page: OpenPage) -> None:
    """Markup typed as customer and note is stored and shown as letters, to everybody who sees the order."""
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'>"
    page = open_page(stack.base_url)
    page.on("dialog", lambda dialog: pytest.fail(f"executed: {dialog.message}"))
    page.goto(f"{stack.base_url}/#/new")
    page.get_by_role("button", name=ONE_LEVEL).click()
    page.get_by_label("Customer").fill(hostile)
    page.get_by_label("Note").fill(hostile)
    page.get_by_role("button", name="Place order").click()
    expect(summary(page).get_by_text(hostile)).to_have_count(2)
    expect(summary(page)).to_contain_text("Waiting for approval")
    act_as(page, "manager-1")
    page.get_by_role("link", name="Inbox").click()
    expect(page.get_by_text(hostile).first).to_be_visible()
    page.get_by_role("link", name="Orders", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=hostile)).to_be_visible()


def test_what_the_server_refuses_is_marked_at_its_field(stack: Stack, open_page: OpenPage) -> None:
    """An empty order sheet is answered by the real API, field by field."""
    page = open_page(f"{stack.base_url}/#/new")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_label("Customer")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("list", name="What to correct").get_by_role("listitem")).to_have_count(2)


def test_the_page_finds_back_after_the_system_was_away(stack: Stack, open_page: OpenPage) -> None:
    """Stop and start under an open page: the badge tells, the order is there again."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    expect(summary(page)).to_contain_text("Waiting for approval")
    stack.stop()
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    expect(summary(page)).to_contain_text("Waiting for approval")
    stack.start()
    expect(page.get_by_text("Live")).to_be_visible(timeout=30_000)
    act_as(page, "manager-1")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve €").click()
    expect(summary(page)).to_contain_text("Completed")


def test_a_parcel_is_picked_at_the_station(stack: Stack, open_page: OpenPage) -> None:
    """Somebody claims the job, the open view beats for it, and the order completes once it is picked."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, "Picked in the warehouse")
    order = page.url
    expect(summary(page)).to_contain_text("Being picked")
    card = page.get_by_role("listitem").filter(has_text=short_id(page))
    act_as(page, "warehouse-1")
    page.get_by_role("link", name="Picking").click()
    card.get_by_role("button", name="Claim").click()
    expect(card).to_contain_text("by this station")
    expect(card).to_contain_text("2 beats", timeout=25_000)
    card.get_by_role("button", name="Picked", exact=True).click()
    expect(card).to_have_count(0)
    act_as(page, "requester-1")
    page.goto(order)
    expect(summary(page)).to_contain_text("Completed")


def test_an_operator_stops_and_recovers(stack: Stack, open_page: OpenPage) -> None:
    """A stopped order asks for attention; its recovery undoes what it did, and everybody can read why."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    expect(summary(page)).to_contain_text("Waiting for approval")
    name = short_id(page)
    act_as(page, "operator-1")
    page.get_by_role("button", name="Stop").click()
    page.get_by_label("Reason").fill("Ordered by mistake")
    page.get_by_role("button", name="Stop it").click()
    expect(summary(page)).to_contain_text("Needs attention")
    page.get_by_role("link", name="Attention").click()
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name))
    card.get_by_role("button", name="Recover").click()
    page.get_by_label("Reason").fill("Nobody wants it")
    page.get_by_role("button", name="Start the recovery").click()
    expect(card).to_have_count(0)


def test_every_message_is_in_the_outbox(stack: Stack, open_page: OpenPage) -> None:
    """A request names its order and deadline, and leads to the order."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    expect(summary(page)).to_contain_text("Waiting for approval")
    name = short_id(page)
    page.get_by_role("link", name="Outbox").click()
    message = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name))
    expect(message).to_contain_text("Request")
    expect(message).to_contain_text("level 1, to be decided by")
    message.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_no_callback_id_reaches_the_page(stack: Stack, open_page: OpenPage) -> None:
    """Not even an auditor's raw history of a waiting order has one."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    expect(summary(page)).to_contain_text("Waiting for approval")
    act_as(page, "auditor-1")
    page.get_by_role("link", name="Raw history").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as JSON").click()
    history = json.loads(saved.value.path().read_text())
    assert any(each["type"] == "CALLBACK" for each in history["operations"])
    assert any(each.get("result") for each in history["operations"])
    assert not re.search(r"callback_?id", json.dumps(history), re.IGNORECASE)


def test_withdraw_with_the_keyboard_alone(stack: Stack, open_page: OpenPage) -> None:
    """The requester changes their mind without touching a pointer."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    expect(summary(page)).to_contain_text("Waiting for approval")
    reach(page, page.get_by_role("button", name="Withdraw"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("button", name="Withdraw €"))
    page.keyboard.press("Enter")
    expect(summary(page)).to_contain_text("Withdrawn")


def reach(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus, which must be visible at every stop."""
    target.wait_for()
    for _ in range(120):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS_IS_VISIBLE), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the Tab key never got there")


def test_order_approve_and_inspect_with_the_keyboard_alone(stack: Stack, open_page: OpenPage) -> None:
    """The whole way without a pointer: every stop visible, the dialog keeps the focus and gives it back."""
    page = open_page(stack.base_url)
    keys = page.keyboard
    reach(page, page.get_by_role("main").get_by_role("link", name="New order"))
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    reach(page, page.get_by_role("button", name=ONE_LEVEL))
    keys.press("Enter")
    reach(page, page.get_by_role("button", name="Place order"))
    keys.press("Enter")
    expect(summary(page)).to_contain_text("Waiting for approval")
    reach(page, page.get_by_label("Acting as"))
    keys.type("manager-1")
    reach(page, page.get_by_role("button", name="Approve", exact=True))
    keys.press("Enter")
    reach(page, page.get_by_role("button", name="Approve €"))
    keys.press("Enter")
    expect(summary(page)).to_contain_text("Completed")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    lane = page.get_by_role("list", name="Operations")
    reach(page, lane.get_by_role("button", name="step register-order"))
    keys.press("End")
    expect(lane.get_by_role("button", name="invoke announce-outcome")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_text("Began", exact=True)).to_be_visible()


def test_reject_with_the_keyboard_alone(stack: Stack, open_page: OpenPage) -> None:
    """A reason is asked for where the focus is."""
    page = open_page(stack.base_url)
    place_example(page, stack.base_url, ONE_LEVEL)
    keys = page.keyboard
    reach(page, page.get_by_label("Acting as"))
    keys.type("manager-2")
    reach(page, page.get_by_role("button", name="Reject"))
    keys.press("Enter")
    reach(page, page.get_by_role("button", name="Reject €"))
    keys.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    keys.type("No")
    reach(page, page.get_by_role("button", name="Reject €"))
    keys.press("Enter")
    expect(summary(page)).to_contain_text("Rejected")
