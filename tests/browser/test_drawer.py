"""The break-it drawer in the hands of a visitor: each fault is armed from the page, seen on the page, and harmless."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import ONE_LEVEL, act_as, approve, operations, place_example, short_id, summary
from tests.stack import Stack

OpenPage = Callable[..., Page]
TWO_OF_FINANCE = re.compile("^Needs a manager, then two people of finance")
SOON = 20_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One system for all faults; each test leaves its orders at their end, so that no timer is left over."""
    with Stack(tmp_path_factory.mktemp("drawer") / "data") as running:
        yield running


@pytest.fixture
def page(stack: Stack, open_page: OpenPage) -> Page:
    """The page with its drawer open."""
    opened = open_page(stack.base_url)
    opened.get_by_role("button", name="Break it").click()
    expect(opened.get_by_role("heading", name="Break it")).to_be_focused()
    return opened


def drawer(page: Page) -> Locator:
    """The drawer."""
    return page.get_by_role("complementary")


def try_out(page: Page, fault: str) -> None:
    """Let the drawer place an order for the fault and arm it."""
    drawer(page).get_by_role("button", name=f"Try it on a new order: {fault}").click()
    expect(page.get_by_role("status")).to_contain_text(f"{fault}: armed for a new order.")


def test_a_crash_that_was_armed_for_nobody_hits_the_next_order(page: Page, stack: Stack) -> None:
    """Arm it, place an order: one invocation is red, the next has recovered, the order completes all the same."""
    drawer(page).get_by_role("button", name="Arm: Crash at the next checkpoint").click()
    expect(drawer(page).get_by_text("Armed, for whichever order comes first")).to_be_visible()

    place_example(page, stack.base_url, "Approved by itself")

    expect(summary(page)).to_contain_text("Completed", timeout=SOON)
    invocations = page.get_by_role("list", name="Invocations").get_by_role("listitem")
    expect(invocations.filter(has_text="failed")).to_have_count(1)
    expect(invocations.filter(has_text="recovered")).to_have_count(1)
    expect(drawer(page).get_by_text("killed before the checkpoint was stored")).to_be_visible()


def test_a_decision_whose_signal_was_lost_is_honoured_at_the_next_look(page: Page) -> None:
    """The page says that nobody woke the workflow; a jump to the order's own timer lets it look and find it."""
    try_out(page, "Lose the next signal")
    expect(drawer(page).get_by_text("Approve it.")).to_be_visible()

    approve(page, "manager-1")

    expect(drawer(page).get_by_text("You have signed, and the workflow sleeps on")).to_be_visible()
    expect(drawer(page).get_by_text("a signal was answered and not applied").first).to_be_visible()
    expect(summary(page)).to_contain_text("Waiting for approval")
    expect(operations(page).filter(has_text="decision").filter(has_text="Waiting").first).to_be_visible()
    drawer(page).get_by_role("button", name="Jump to its next timer").click()
    expect(summary(page)).to_contain_text("Completed", timeout=SOON)
    expect(operations(page).filter(has_text="decision").filter(has_text="Timed out")).to_have_count(1)


def test_an_event_that_comes_twice_is_one_message(page: Page) -> None:
    """The drawer says that it came twice and leads to the outbox, which has one outcome of the order."""
    try_out(page, "Deliver the next event twice")
    expect(summary(page)).to_contain_text("Completed", timeout=SOON)
    name = short_id(page)
    expect(drawer(page).get_by_text("The event came twice.")).to_be_visible()

    drawer(page).get_by_role("link", name="Open the outbox").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Outbox")
    messages = page.get_by_role("main").get_by_role("listitem").filter(has_text=name)
    expect(messages.filter(has_text="Outcome")).to_have_count(1)
    page.wait_for_timeout(1000)  # a second one would have had its time
    expect(messages.filter(has_text="Outcome")).to_have_count(1)


def test_a_silent_station_loses_its_job_and_a_second_one_is_picked(page: Page) -> None:
    """Claimed and never heard of again: the job counts as lost, another is opened, and the order completes with it."""
    try_out(page, "Stop the warehouse's heartbeats")
    expect(page.get_by_role("heading", level=1)).to_have_text("Warehouse station")
    name = drawer(page).get_by_text("Claim its job.").get_by_role("link").inner_text()
    job = page.get_by_role("main").get_by_role("listitem").filter(has_text=name)
    job.get_by_role("button", name="Claim").click()
    expect(drawer(page).get_by_text("The station has fallen silent.")).to_be_visible()
    page.wait_for_timeout(12_000)  # a station that beats would have beaten once more
    expect(job).to_contain_text("1 beat,")

    drawer(page).get_by_role("button", name="Jump to its next timer").click()

    expect(job).to_contain_text("job 2", timeout=SOON)
    act_as(page, "warehouse-2")
    job.get_by_role("button", name="Claim").click()
    job.get_by_role("button", name="Picked", exact=True).click()
    expect(job).to_have_count(0)
    act_as(page, "requester-1")
    drawer(page).get_by_role("link", name=name).first.click()
    expect(summary(page)).to_contain_text("Completed", timeout=SOON)
    audit = page.get_by_role("region", name="Audit trail")
    expect(audit.get_by_text("lost sight of the picking job")).to_be_visible()
    expect(audit.get_by_text("opened a picking job")).to_have_count(2)
    drawer(page).get_by_role("button", name="Disarm: Stop the warehouse's heartbeats").click()
    expect(page.get_by_role("status")).to_contain_text("Disarmed.")


def test_a_jump_takes_a_cooling_order_to_its_end(page: Page, stack: Stack) -> None:
    """The drawer names the wait that is next; it is put forward to its end, and the order completes at once."""
    place_example(page, stack.base_url, TWO_OF_FINANCE)
    expect(summary(page)).to_contain_text("Waiting for approval")
    for who in ("manager-1", "finance-1", "finance-2"):
        approve(page, who)
    expect(summary(page)).to_contain_text("Cooling off")
    expect(drawer(page).get_by_text("until a wait is over (cooling-off)")).to_be_visible()

    drawer(page).get_by_role("button", name="Jump to the next timer").click()

    expect(page.get_by_role("status")).to_contain_text("The clock was put forward to the next timer.")
    expect(summary(page)).to_contain_text("Completed", timeout=SOON)
    expect(drawer(page).get_by_text("Nothing waits for time.")).to_be_visible()


def test_the_drawer_gives_the_focus_back(page: Page, stack: Stack) -> None:
    """Escape closes it from wherever the focus is inside; an armed fault stays armed until somebody disarms it."""
    drawer(page).get_by_role("button", name="Arm: Lose the next signal").click()
    expect(page.get_by_role("status")).to_contain_text("Armed: lose the next signal.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Break it")).to_be_focused()
    expect(drawer(page)).to_have_count(0)
    page.goto(stack.base_url)
    page.reload()
    page.get_by_role("button", name="Break it").click()
    drawer(page).get_by_role("button", name="Disarm: Lose the next signal").click()
    expect(page.get_by_role("status")).to_contain_text("Disarmed.")


def test_a_waiting_order_expires_when_its_deadline_is_jumped_to(page: Page, stack: Stack) -> None:
    """Reminder, escalation, deadline: each jump goes to the next of them, and silence is never approval."""
    place_example(page, stack.base_url, ONE_LEVEL)
    expect(summary(page)).to_contain_text("Waiting for approval")
    audit = page.get_by_role("region", name="Audit trail")
    for said in ("sent a reminder", "asked the next role too", "nobody decided in time"):
        while not audit.get_by_text(said).is_visible():
            drawer(page).get_by_role("button", name="Jump to the next timer").click()
            expect(page.get_by_role("status")).to_contain_text("The clock was put forward")
            page.wait_for_timeout(1500)
    expect(summary(page)).to_contain_text("Expired")
