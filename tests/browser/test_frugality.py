"""How little the page asks for: bytes of script for each view, requests while nobody does anything."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.fake_issuer import CLIENT_ID, Issuer, issuing
from tests.browser.fake_server import FRONTEND, Answer, Script, serving
from tests.browser.samples import ORDER_ID, a_job, a_script, an_execution, an_order
from tests.browser.views import ALL

OpenPage = Callable[..., Page]
Mode = Literal["local", "cognito"]
SCRIPT_BYTES = 40_000
GZIP_LEVEL = 9
FIRST_VISIT_REQUESTS = 20
IDLE_REQUESTS_A_MINUTE = 12
CASES = [(mode, view) for mode in ("local", "cognito") for view in ALL if (mode, view) != ("cognito", "outbox")]
SET_HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@contextmanager
def a_place(mode: Mode, who: str) -> Iterator[tuple[str, Script]]:
    """The page over a fake server at which everything works; in the mode for AWS somebody signs in at an issuer."""
    script = a_script()
    if mode == "local":
        with serving(script) as url:
            yield url, script
        return
    issuer = Issuer(username=who, groups=(f"{who.rpartition('-')[0].removesuffix('s')}s",))
    with issuing(issuer) as domain, serving(script, connect=domain) as url:
        script.on("GET /config.json", Answer({"mode": mode, "apiUrl": url, "clientId": CLIENT_ID, "domain": domain}))
        yield url, script


def loads_of(page: Page, url: str) -> list[list[str]]:
    """Collects what each load of the document asks for, from now on: to sign in takes two of them."""
    loads: list[list[str]] = []

    def note(request: Request) -> None:
        if request.is_navigation_request():
            loads.append([])
        if request.url.startswith(url) and loads:
            loads[-1].append(request.url.removeprefix(f"{url}/").partition("?")[0])

    page.on("request", note)
    return loads


def script_bytes(load: list[str]) -> int:
    """The scripts of one load as CloudFront or any other server would send them: each file gzipped by itself."""
    files = {FRONTEND / path for path in load if path.endswith(".js")}
    return sum(len(gzip.compress(Path(file).read_bytes(), GZIP_LEVEL)) for file in files)


@pytest.mark.parametrize(("mode", "view"), CASES)
def test_a_view_loads_little(open_page: OpenPage, mode: Mode, view: str) -> None:
    """The first visit to each view, in both ways to sign in: at most 40,000 bytes of script, all of it our own."""
    wanted = ALL[view]
    with a_place(mode, wanted.who) as (url, _):
        page = open_page("about:blank", identity=wanted.who if mode == "local" else "")
        loads = loads_of(page, url)
        origins: set[str] = set()
        page.on("request", lambda request: origins.add("/".join(request.url.split("/")[:3])))
        page.goto(f"{url}/{wanted.address}")
        expect(page.get_by_text(wanted.proof).last).to_be_visible()
        page.wait_for_load_state("networkidle")
        sizes = [script_bytes(load) for load in loads]
        last = loads[-1]
        print(
            f"{mode:<7} {view:<9} {max(sizes):>6,} bytes of script (gzip -{GZIP_LEVEL}, each file by itself) "
            f"in {sum(path.endswith('.js') for path in last)} files, {len(last)} requests"
        )
    assert sizes[-1] > SCRIPT_BYTES / 4
    assert max(sizes) <= SCRIPT_BYTES
    assert view != "orders" or len(last) <= FIRST_VISIT_REQUESTS
    assert {each for each in origins if not each.startswith(("data:", "http://127.0.0.1:"))} == set()


@pytest.mark.parametrize("view", ALL)
def test_a_tab_that_is_only_looked_at_asks_seldom_and_a_hidden_one_never(open_page: OpenPage, view: str) -> None:
    """Nobody does anything: at most twelve requests in any minute, and none from a tab that nobody sees."""
    wanted = ALL[view]
    with a_place("local", wanted.who) as (url, script):
        script.on("GET /picking", Answer({"items": [a_job(an_order())]}))
        page = open_page("about:blank", identity=wanted.who)
        page.clock.install()
        page.goto(f"{url}/{wanted.address}")
        expect(page.get_by_text(wanted.proof if view != "picking" else "Claim").last).to_be_visible()
        heard = [pass_a_minute(page, script) for _ in range(2)]
        page.evaluate(SET_HIDDEN, arg=True)
        page.clock.run_for(1000)
        hidden = pass_a_minute(page, script)
        print(f"{view}: {heard} requests in each minute of looking on, {hidden} when hidden")
    assert max(heard) <= IDLE_REQUESTS_A_MINUTE
    assert hidden == 0
    assert view in {"new", "history"} or min(heard) >= 5, "a tab that asks for nothing cannot stay true"


def pass_a_minute(page: Page, script: Script) -> int:
    """Let the page's clock go on by a minute; return how many requests came."""
    before = len(script.heard)
    for _ in range(60):
        page.clock.run_for(1000)
        page.wait_for_timeout(20)
    return len(script.heard) - before


def test_what_changes_while_an_order_waits_is_seen_within_six_seconds(open_page: OpenPage) -> None:
    """A decision whose execution sleeps on: the order's row says so, and the page asks for it in time."""
    with a_place("local", "requester-1") as (url, script):
        script.on(f"GET /orders/{ORDER_ID}/execution", Answer(an_execution(nextPollMs=5000)))
        page = open_page(f"{url}/{ALL['order'].address}")
        expect(page.get_by_text(ALL["order"].proof).last).to_be_visible()
        page.wait_for_timeout(1000)
        script.on(f"GET /orders/{ORDER_ID}", Answer(an_order(status="WITHDRAWN", deadline=None, actions=[])))
        expect(page.get_by_role("region", name="Summary")).to_contain_text("Withdrawn", timeout=6000)
