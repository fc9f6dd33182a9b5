"""Every view in every state, held against axe, in extreme looks; all of them with `--whole-matrix`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import FilePayload, Page, ViewportSize, expect

from tests.browser.fake_server import Answer, Script, serving
from tests.browser.samples import ORDER_ID, a_script, ago, an_order
from tests.browser.views import ALL, View

OpenPage = Callable[..., Page]
State = Literal["full", "empty", "loading", "error"]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALWAYS_FULL = {"new", "order", "history"}
LARGE_TEXT = """() => Object.assign(document.documentElement.style,
    {fontSize: "200%", lineHeight: "1.5", letterSpacing: "0.12em", wordSpacing: "0.16em"})"""
COUNT_WORDS_SAID = """() => {
    window.said = 0;
    const options = {subtree: true, childList: true, characterData: true};
    for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]"))
        new MutationObserver(() => (said += 1)).observe(region, options);
}"""
STATES: tuple[State, ...] = ("full", "empty", "loading", "error")
CASES = [(name, state) for name, state in product(ALL, STATES) if state != "empty" or name not in ALWAYS_FULL]
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, select, summary, textarea")]
    .filter((each) => each.checkVisibility() && !each.closest("p, dd, q") && !each.matches(".skip"))
    .map((each) => [each.outerHTML.slice(0, 90), (each.closest("label") ?? each).getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24))
    .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""


@dataclass(frozen=True, slots=True)
class Look:
    """How the browser shows it."""

    width: int
    colours: Literal["light", "dark", "forced"]

    def put_on(self, page: Page) -> None:
        """Let the page look so, from its top: axe takes what is scrolled half under the header for a small target."""
        scheme: Literal["light", "dark"] = "light" if self.colours == "light" else "dark"
        page.emulate_media(color_scheme=scheme, forced_colors="active" if self.colours == "forced" else "none")
        page.set_viewport_size(ViewportSize(width=self.width, height=900))
        page.evaluate("scrollTo(0, 0)")


COLOURS: tuple[Literal["light", "dark", "forced"], ...] = ("light", "dark", "forced")
EVERY_LOOK = [Look(width, colours) for width, colours in product((320, 768, 1280), COLOURS)]
EXTREMES = [Look(320, "dark"), Look(1280, "light")]


@dataclass(frozen=True, slots=True)
class Scene:
    """A page over a scripted server, and the looks in which it is held against axe."""

    url: str
    script: Script
    open_page: OpenPage
    axe: str
    looks: list[Look]

    def open(self, view: View, width: int = 1280) -> Page:
        """Open a view as the person it is for."""
        page: Page = self.open_page(f"{self.url}/{view.address}", identity=view.who, width=width)
        return page

    def complaints(self, page: Page) -> dict[Look, list[tuple[str, str]]]:
        """What axe has against the page in each look, with the first place of each complaint."""
        found = {}
        for look in self.looks:
            look.put_on(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= look.width
            if broken := self._violations(page):
                found[look] = broken
        return found

    def _violations(self, page: Page) -> list[tuple[str, str]]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(f"{self.axe}; 0")
        result = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
        assert len(result["passes"]) > 12
        return [(each["id"], each["nodes"][0]["html"]) for each in result["violations"]]


@pytest.fixture
def scene(request: pytest.FixtureRequest, open_page: OpenPage, tools: Path) -> Iterator[Scene]:
    """A server at which everything works, and two extreme looks or all."""
    looks = EVERY_LOOK if request.config.getoption("--whole-matrix") else EXTREMES
    script = a_script()
    with serving(script) as url:
        yield Scene(url, script, open_page, (tools / "axe-core" / "axe.min.js").read_text(), looks)


def prepare(script: Script, view: View, state: State) -> str:
    """Script a state of a view; return what shows that it is there."""
    if state == "empty":
        script.on(view.request, Answer({"items": [], "nextCursor": None}))
        return "hero-line"
    if state == "loading":
        script.on(view.request, Answer(script.answers[view.request][0].body, delay=30))
        return "loading"
    if state == "error":
        script.on(view.request, Answer({"code": "internal", "traceId": "1-abc"}, 500))
        return "problem"
    return ""


@pytest.mark.parametrize(("name", "state"), CASES)
def test_axe_finds_nothing(scene: Scene, name: str, state: State) -> None:
    """No violation of WCAG 2.0 to 2.2 A and AA or of best practice, and no sideways scrolling."""
    view = ALL[name]
    sign = prepare(scene.script, view, state)
    page = scene.open(view)
    expect(page.locator(f".{sign}").first if sign else page.get_by_text(view.proof).last).to_be_visible()
    assert scene.complaints(page) == {}


def _dialog(page: Page) -> None:
    page.goto(page.url.partition("#")[0] + "#/inbox")
    page.get_by_label("Acting as").select_option("manager-1")
    page.get_by_role("button", name="Reject").click()
    page.get_by_role("button", name="Reject €").click()
    expect(page.get_by_text("Say why")).to_be_visible()


def _drawer(page: Page) -> None:
    page.get_by_role("button", name="Break it").click()
    expect(page.get_by_role("heading", name="What broke")).to_be_visible()


def _details(page: Page) -> None:
    page.get_by_text("Filter", exact=True).click()
    for name in ("authorize-payment", "callback decision"):
        page.get_by_role("button", name=name).click()
    expect(page.get_by_role("list", name="Attempts")).to_be_visible()


def _csv(page: Page) -> None:
    page.goto(page.url.partition("#")[0] + "#/new")
    page.get_by_role("button", name="Take the lines from a CSV file").click()
    page.get_by_label("Lines from a CSV file").wait_for()


def _without_notice(page: Page) -> None:
    """Wait until the notice is gone, so that every look of a state is judged alike."""
    expect(page.get_by_role("status")).to_have_attribute("data-shown", "false")


def _csv_preview(page: Page) -> None:
    _csv(page)
    page.get_by_role("button", name="Needs a manager").first.click()
    rows = "".join(f"{'GHOST-' * 20}{number},1\n" for number in range(30))
    content = f"sku,quantity\nJUNO-MAIL,3\nFJORD-DB,2\nJUNO-MAIL,1\n{rows}".encode()
    file = FilePayload(name=f"{'long-' * 30}name.csv", mimeType="text/csv", buffer=content)
    page.get_by_label("Lines from a CSV file").set_input_files(file)
    expect(page.get_by_role("button", name="Take 3 lines")).to_be_visible()
    _without_notice(page)


def _csv_refused(page: Page) -> None:
    _csv(page)
    file = FilePayload(name="order.xlsx", mimeType="application/zip", buffer=b"PK\x03\x04\x14\x00")
    page.get_by_label("Lines from a CSV file").set_input_files(file)
    expect(page.get_by_label("Lines from a CSV file")).to_have_attribute("aria-invalid", "true")
    _without_notice(page)


def _quantity_refused(page: Page) -> None:
    _csv(page)
    page.get_by_label("Customer").fill("typed")
    page.get_by_role("button", name="Needs a manager").first.click()
    page.get_by_label("Quantity of").fill("12,5" + "0" * 60)
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("list", name="What to correct")).to_be_visible()
    _without_notice(page)


@pytest.mark.parametrize("opening", [_dialog, _drawer, _details, _csv, _csv_preview, _csv_refused, _quantity_refused])
def test_axe_finds_nothing_in_what_opens(scene: Scene, opening: Callable[[Page], None]) -> None:
    """Dialog, drawer, details of an operation, the import of a file with its results, and a sheet to correct."""
    broke = {"kind": "crash-at-next-checkpoint", "orderId": ORDER_ID, "at": ago(3), "detail": "killed before"}
    armed = {"kind": "lose-next-signal", "orderId": None, "when": None, "armedAt": ago(1)}
    scene.script.on("GET /local/faults", Answer({"armed": armed, "fired": [broke]}))
    page = scene.open(ALL["order"])
    opening(page)
    assert scene.complaints(page) == {}


@pytest.mark.parametrize("name", ALL)
def test_targets_are_large_enough_and_text_may_be(scene: Scene, name: str) -> None:
    """At least 24 by 24 pixels, except links inside a sentence; text of 200 % with wide spacing loses nothing."""
    page = scene.open(ALL[name], width=640)
    expect(page.get_by_text(ALL[name].proof).last).to_be_visible()
    assert page.evaluate(SMALL_TARGETS) == []
    page.evaluate(LARGE_TEXT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_a_countdown_is_not_announced_each_second(scene: Scene) -> None:
    """The one live region keeps still while a deadline comes nearer."""
    page = scene.open(ALL["order"])
    countdown = page.get_by_role("region", name="Summary").locator(".countdown")
    expect(countdown).to_contain_text("left")
    page.evaluate(COUNT_WORDS_SAID)
    before = countdown.inner_text()
    page.wait_for_timeout(2500)
    assert countdown.inner_text() != before
    assert page.evaluate("said") == 0


def test_who_wants_no_motion_gets_none(scene: Scene) -> None:
    """With reduced motion nothing is animated, not even while loading."""
    scene.script.on("GET /orders", Answer({"items": [an_order()], "nextCursor": None}, delay=30))
    page = scene.open(ALL["orders"])
    expect(page.get_by_text(re.compile("^Loading"))).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
