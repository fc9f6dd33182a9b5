"""Take the pictures of the running page: `python -m scripts.pictures`, or `python -m scripts.pictures FOLDER`.

Starts an empty stack of its own, lets people place, approve and refuse orders as the journeys do, and photographs what
the README shows into `docs/pictures`; with a folder, every view there, light and dark, 1280 and 320 pixels wide, to be
looked at after a change of the page. Needs what the browser tests need.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGUMENTS, find_chromium
from tests.stack import Stack

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ONE_LEVEL = re.compile("^Needs a manager €")
NARROW, WIDE = 320, 1280
VIEWS = ("new", "orders", "order", "inbox", "decide")
IN_THE_README = [("new", WIDE), ("decide", WIDE), ("order", WIDE), ("order", NARROW)]


@contextmanager
def a_page(browser: Browser, url: str, scheme: Literal["light", "dark"] = "light", width: int = WIDE) -> Iterator[Page]:
    """Open the page in a profile of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def act_as(page: Page, identity: str) -> None:
    """Switch the tab to another person."""
    page.get_by_label("Acting as").select_option(identity)


def place(page: Page, base_url: str, example: str | re.Pattern[str], note: str = "") -> str:
    """Place an example order and return its address, once it waits for somebody or has ended."""
    page.goto(f"{base_url}/#/new")
    act_as(page, "requester-1")
    page.get_by_role("button", name=example).click()
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order o")
    expect(page.get_by_role("region", name="Summary").get_by_text("Submitted")).to_have_count(0)
    return page.url


def decide(page: Page, identity: str, button: str, reason: str) -> None:
    """Approve or reject the order on the page."""
    act_as(page, identity)
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=f"{button} €").click()
    expect(page.get_by_role("region", name="Execution timeline").locator("p").get_by_text("Succeeded")).to_be_visible()


def tell_a_story(browser: Browser, base_url: str) -> dict[str, str]:
    """Let a few orders go their ways; return the addresses worth a picture."""
    with a_page(browser, base_url) as page:
        place(page, base_url, "Approved by itself")
        place(page, base_url, "The card is declined")
        place(page, base_url, ONE_LEVEL, "A second one, just in case")
        decide(page, "manager-2", "Reject", "We still have one from last year.")
        done = place(page, base_url, ONE_LEVEL, "Reports for the harvest season")
        page.wait_for_timeout(6000)  # a wait long enough to be cut out of the timeline
        decide(page, "manager-1", "Approve", "Within budget.")
        waiting = place(page, base_url, ONE_LEVEL, "For the new analyst, who starts on Monday")
    return {"orders": f"{base_url}/#/orders", "order": done, "inbox": f"{base_url}/#/inbox", "decide": waiting}


def photograph(page: Page, view: str, file: Path) -> None:
    """Bring the view into its best light and take the picture."""
    if view == "new":
        page.get_by_role("button", name=ONE_LEVEL).click()
        page.get_by_label("Note").fill("For the new analyst, who starts on Monday")
        page.evaluate("document.activeElement.blur()")
    if view in {"inbox", "decide"}:
        act_as(page, "manager-1")
        page.get_by_role("button", name="Approve", exact=True).wait_for()
    if view == "decide":
        page.get_by_role("button", name="Approve", exact=True).click()
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('[role=status]').hidden = true")
    if view != "decide":  # as tall as its content: what lies below the fold is only drawn when it comes into sight
        height = page.evaluate("document.body.scrollHeight")
        page.set_viewport_size(ViewportSize(width=page.evaluate("innerWidth"), height=height))
    page.screenshot(path=file)
    print(file)


def main() -> None:
    """Take the pictures of the README, or all."""
    pictures = Path(sys.argv[1]) if sys.argv[1:] else PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    shown = [(view, width) for view in VIEWS for width in (NARROW, WIDE)] if sys.argv[1:] else IN_THE_README
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "data") as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        views = {"new": f"{stack.base_url}/#/new", **tell_a_story(browser, stack.base_url)}
        for (view, width), scheme in product(shown, SCHEMES):
            with a_page(browser, views[view], scheme, width) as page:
                photograph(page, view, pictures / f"{view}-{width}-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
