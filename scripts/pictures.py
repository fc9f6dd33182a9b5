"""Take the pictures of the running page: `make pictures`, or `python -m scripts.pictures FOLDER`.

Starts an empty stack of its own, lets people place, approve, refuse and break orders as the journeys do, and takes what
the README shows into `docs/pictures`; with a folder, every view there, light and dark, 1280 and 320 pixels wide, to be
looked at after a change of the page. Needs what the browser tests need.
"""

from __future__ import annotations

import base64
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, FloatRect, Page, ViewportSize, expect, sync_playwright

from scripts.palette import with_few_colors
from tests.browser.conftest import BEGIN_AS, CHROMIUM_ARGUMENTS, find_chromium
from tests.browser.people import ONE_LEVEL, act_as
from tests.stack import Stack

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
TWO_OF_FINANCE = re.compile("^Needs a manager, then two people of finance")
NARROW, WIDE = 320, 1280
VIEWS = [
    *("new", "orders", "order", "waiting", "quorum", "retried", "undone", "stopped", "history"),
    *("inbox", "decide", "picking", "attention", "outbox", "drawer", "empty"),
]
CRASH = "Try it on a new order: Crash at the next checkpoint"
IN_THE_README: list[tuple[str, int, Scheme]] = [("order", WIDE, "light")]
PLACE_OF = """part => {
    const {left, top, width} = document.querySelector(part).getBoundingClientRect();
    return [left, top + scrollY, width];
}"""
STRIP = """frames => {
    document.body.replaceChildren(...frames.map(([words, picture]) => {
        const figure = document.createElement("figure");
        const caption = Object.assign(document.createElement("figcaption"), {textContent: words});
        const image = Object.assign(new Image(), {src: `data:image/png;base64,${picture}`});
        Object.assign(figure.style, {margin: 0, display: "grid", gap: "10px", alignContent: "start"});
        Object.assign(image.style, {width: "100%", border: "1px solid #ccd3e0", borderRadius: "8px"});
        Object.assign(caption.style, {font: "600 17px system-ui, sans-serif", color: "#1c2440"});
        figure.append(caption, image);
        return figure;
    }));
    const page = {margin: 0, padding: "20px", background: "#f4f6fb", display: "grid", gap: "18px"};
    Object.assign(document.body.style, page);
    return Promise.all([...document.images].map((image) => image.decode()));
}"""


@dataclass(frozen=True, slots=True)
class Shot:
    """Where a picture is taken, and by whom the tab is used."""

    url: str
    who: str = "requester-1"


@contextmanager
def a_page(
    browser: Browser, url: str, scheme: Scheme = "light", width: int = WIDE, who: str = "requester-1"
) -> Iterator[Page]:
    """Open the page in a profile of its own."""
    size = ViewportSize(width=width, height=800)
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    context.add_init_script(BEGIN_AS % who)
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def place(page: Page, base_url: str, example: str | re.Pattern[str], note: str = "") -> str:
    """Place an example order and return its address, once it waits for a person or has ended."""
    page.goto(f"{base_url}/#/new")
    act_as(page, "requester-1")
    page.get_by_role("button", name=example).click()
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order o")
    expect(page.get_by_role("region", name="Summary").get_by_text("Submitted")).to_have_count(0, timeout=30_000)
    return page.url


def decide(page: Page, identity: str, button: str, reason: str) -> None:
    """Approve or reject the order on the page."""
    act_as(page, identity)
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=f"{button} €").click()
    expect(page.get_by_role("region", name="Execution timeline").locator("p").get_by_text("Succeeded")).to_be_visible()


def sign(page: Page, identity: str) -> None:
    """Approve a level of the order on the page without a word."""
    act_as(page, identity)
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve €").click()
    expect(page.get_by_role("region", name="Signatures").get_by_text(identity)).to_be_visible()


def stop(page: Page) -> None:
    """Stop the execution of the order on the page."""
    act_as(page, "operator-1")
    page.get_by_role("button", name="Stop").click()
    page.get_by_label("Reason").fill("Ordered for the wrong office.")
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("region", name="Summary")).to_contain_text("Needs attention")


def tell_a_story(browser: Browser, base_url: str) -> dict[str, Shot]:
    """Let a few orders go their ways; return what is worth a picture."""
    with a_page(browser, base_url) as page:
        place(page, base_url, "Approved by itself")
        place(page, base_url, "The card is declined")
        retried = place(page, base_url, "The gateway is flaky")
        undone = place(page, base_url, "The capture is declined")
        place(page, base_url, ONE_LEVEL, "A second one, just in case")
        decide(page, "manager-2", "Reject", "We still have one from last year.")
        place(page, base_url, ONE_LEVEL, "Four seats for the branch office")
        stopped = page.url
        stop(page)
        quorum = place(page, base_url, TWO_OF_FINANCE, "The whole department moves")
        sign(page, "manager-1")
        sign(page, "finance-1")
        done = place(page, base_url, ONE_LEVEL, "Reports for the harvest season")
        page.wait_for_timeout(6000)  # a wait long enough to be cut out of the timeline
        decide(page, "manager-1", "Approve", "Within budget.")
        waiting = place(page, base_url, ONE_LEVEL, "For the new analyst, who starts on Monday")
        place(page, base_url, "Picked in the warehouse", "For the reading corner")
        page.get_by_role("region", name="Summary").get_by_text("Being picked").wait_for()
    return {
        "new": Shot(f"{base_url}/#/new"),
        "orders": Shot(f"{base_url}/#/orders", "auditor-1"),
        "order": Shot(done),
        "waiting": Shot(waiting),
        "quorum": Shot(quorum, "finance-2"),
        "retried": Shot(retried),
        "undone": Shot(undone),
        "stopped": Shot(stopped, "operator-1"),
        "history": Shot(f"{done}/history", "auditor-1"),
        "inbox": Shot(f"{base_url}/#/inbox", "manager-1"),
        "decide": Shot(waiting, "manager-1"),
        "picking": Shot(f"{base_url}/#/picking", "warehouse-1"),
        "attention": Shot(f"{base_url}/#/attention", "operator-1"),
        "outbox": Shot(f"{base_url}/#/outbox"),
        "drawer": Shot(waiting),
        "empty": Shot(f"{base_url}/#/inbox", "director-2"),
    }


def photograph(page: Page, view: str, file: Path) -> None:
    """Bring the view into its best light and take the picture."""
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    if view == "new":
        page.get_by_role("button", name=ONE_LEVEL).click()
        page.get_by_label("Note").fill("For the new analyst, who starts on Monday")
        page.evaluate("document.activeElement.blur()")
    if view == "decide":
        page.get_by_role("button", name="Approve", exact=True).click()
        page.get_by_label("Reason").wait_for()
    if view == "drawer":
        page.get_by_role("button", name="Break it").click()
        page.get_by_role("button", name=CRASH).wait_for()
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('[role=status]').hidden = true")
    if view not in {
        "decide",
        "drawer",
    }:  # as tall as its content: what is out of sight is not drawn
        height = page.evaluate("document.body.scrollHeight")
        page.set_viewport_size(ViewportSize(width=page.evaluate("innerWidth"), height=height))
        page.wait_for_timeout(200)
    keep(page, page.screenshot(), file)


def keep(page: Page, picture: bytes, file: Path) -> None:
    """Write a picture down, small."""
    file.write_bytes(with_few_colors(page, picture))
    print(f"{file} ({file.stat().st_size / 1000:.0f} KB)")


def crash_and_recover(browser: Browser, base_url: str, file: Path) -> None:
    """Three frames: the fault is armed, the invocation is red, the next one has recovered."""
    with a_page(browser, base_url, width=1180) as page:
        page.get_by_role("button", name="Break it").click()
        page.get_by_role("button", name=CRASH).wait_for()
        frames = [("1 · Arm a fault, and place the order it is for", frame(page, "body", 440))]
        page.get_by_role("button", name=CRASH).click()
        invocations = page.get_by_role("list", name="Invocations")
        page.get_by_role("heading", name="Order o").wait_for()
        page.get_by_role("button", name="Close the drawer").click()
        invocations.get_by_text("failed").first.wait_for(timeout=30_000)
        page.context.set_offline(offline=True)  # the page stays as it is while it is looked at
        frames.append(("2 · The process is killed", frame(page, ".board", 330)))
        page.context.set_offline(offline=False)
        invocations.get_by_text("recovered").wait_for(timeout=30_000)
        page.get_by_role("region", name="Summary").get_by_text("Completed").wait_for(timeout=30_000)
        page.wait_for_timeout(1500)
        frames.append(("3 · Another one replays what was stored, and goes on", frame(page, ".board", 480)))
    with a_page(browser, "about:blank", width=900) as page:
        page.evaluate(STRIP, frames)
        keep(page, page.screenshot(full_page=True), file)


def frame(page: Page, part: str, height: int) -> str:
    """Return a picture of the top of a part of the page, in base64."""
    page.evaluate("document.querySelector('[role=status]').hidden = true")
    page.wait_for_timeout(200)
    left, top, width = page.evaluate(PLACE_OF, part)
    clip = FloatRect(x=left, y=top, width=width, height=height)
    return base64.b64encode(page.screenshot(clip=clip, full_page=True)).decode()


def main() -> None:
    """Take the pictures of the README, or all."""
    pictures = Path(sys.argv[1]) if sys.argv[1:] else PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    wanted = product(VIEWS, (NARROW, WIDE), SCHEMES) if sys.argv[1:] else IN_THE_README
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "data") as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        shots = tell_a_story(browser, stack.base_url)
        for view, width, scheme in wanted:
            with a_page(browser, shots[view].url, scheme, width, shots[view].who) as page:
                photograph(page, view, pictures / f"{view}-{width}-{scheme}.png")
        crash_and_recover(browser, stack.base_url, pictures / "crash-and-recovery.png")
        browser.close()


if __name__ == "__main__":
    main()
