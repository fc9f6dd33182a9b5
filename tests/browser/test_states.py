"""What the page shows when the API is empty, slow, broken, out of reach or hostile: against a scripted fake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_server import Answer, Script, serving
from tests.browser.samples import ORDER_ID, a_script, ago, an_audit, an_execution, an_operation, an_order
from tests.browser.views import ALL

OpenPage = Callable[..., Page]
VIEWS = {name: view.address for name, view in ALL.items()}
LANDMARK = {name: view.heading for name, view in ALL.items()}
PROOF = {name: view.proof for name, view in ALL.items()}
MAIN_REQUEST = {name: view.request for name, view in ALL.items()}
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\"'><svg onload=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "javascript:alert(1)",
    "</title><b>&lt;b&gt;",
)
SET_HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def script() -> Script:
    """A server at which everything works, until a test says otherwise."""
    return a_script()


@pytest.fixture
def server(script: Script) -> Iterator[str]:
    """The fake server's address."""
    with serving(script) as url:
        yield url


def heading(page: Page) -> Any:
    """Return the page's one top heading."""
    return page.get_by_role("heading", level=1)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_fits_every_width(server: str, open_page: OpenPage, view: str) -> None:
    """One top heading, landmarks, content, and no sideways scrolling."""
    page = open_page(f"{server}/{VIEWS[view]}", identity=ALL[view].who)
    expect(page.get_by_text(PROOF[view]).last).to_be_visible()
    expect(heading(page)).to_have_text(LANDMARK[view])
    assert page.title() == f"{LANDMARK[view].replace(' of', '')} · Countersign"
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for landmark in ("banner", "main", "navigation"):
            expect(page.get_by_role(landmark).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("view", VIEWS)
def test_a_slow_answer_shows_that_something_is_coming(
    server: str, script: Script, open_page: OpenPage, view: str
) -> None:
    """Nothing flickers at once; after a blink there is a skeleton, then the content."""
    ready = script.answers[MAIN_REQUEST[view]][0]
    script.on(MAIN_REQUEST[view], Answer(ready.body, delay=1.2))
    page = open_page(f"{server}/{VIEWS[view]}", identity=ALL[view].who)
    expect(page.get_by_text("Loading").first).to_be_visible()
    expect(page.get_by_text(PROOF[view]).last).to_be_visible()
    expect(page.get_by_text("Loading")).to_have_count(0)


FAILURES = {
    "offline": (Answer(status=0), "The server could not be reached", "Check the connection"),
    "unauthorized": (Answer({"message": "Unauthorized"}, 401), "You are not signed in any more", "Sign in again"),
    "forbidden": (Answer({"message": "Forbidden"}, 403), "You may not do this", "another role"),
    "missing": (Answer({"code": "not-found"}, 404), "There is nothing here that you may see", "Check the address"),
    "throttled": (Answer({"message": "Too Many Requests"}, 429), "Too many requests at once", "Wait a moment"),
    "broken": (Answer({"code": "internal", "traceId": "1-abc"}, 500), "Something broke on the server", "1-abc"),
    "busy": (Answer({"message": "Service Unavailable"}, 503, {"Retry-After": "30"}), "The server is busy", "Try again"),
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_failure_says_what_happened_and_what_to_do(
    server: str, script: Script, open_page: OpenPage, view: str
) -> None:
    """One failure after another: words a person can act on, and a way to try again that works in the end."""
    ready = script.answers[MAIN_REQUEST[view]][0]
    failures = list(FAILURES.values())
    script.on(MAIN_REQUEST[view], failures[0][0])
    page = open_page(f"{server}/{VIEWS[view]}", identity=ALL[view].who)
    for (_, title, advice), following in zip(failures, [*(each[0] for each in failures[1:]), ready], strict=True):
        expect(page.get_by_text(title).first).to_be_visible()
        expect(page.get_by_text(advice).first).to_be_visible()
        script.on(MAIN_REQUEST[view], following)
        page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_text(PROOF[view]).last).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_the_connection_badge_tells_of_trouble_and_of_its_end(server: str, script: Script, open_page: OpenPage) -> None:
    """Live, reconnecting with what was there before still shown, live again."""
    page = open_page(f"{server}/#/orders")
    expect(page.get_by_role("row").filter(has_text="acme")).to_be_visible()
    expect(page.get_by_text("Live")).to_be_visible()
    script.on("GET /orders", Answer(status=0))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="acme")).to_be_visible()
    script.on("GET /orders", Answer({"items": [], "nextCursor": None}))
    expect(page.get_by_text("Live")).to_be_visible()


def test_an_empty_system_says_where_to_begin(server: str, script: Script, open_page: OpenPage) -> None:
    """Empty lists are invitations."""
    script.on("GET /orders", Answer({"items": [], "nextCursor": None}))
    script.on("GET /inbox", Answer({"items": [], "nextCursor": None}))
    page = open_page(server)
    expect(page.get_by_text("No orders yet.")).to_be_visible()
    for view, words in {
        "inbox": "Nothing waits for requester-1.",
        "picking": "Nothing to pick.",
        "attention": "Nothing needs an operator.",
        "outbox": "No messages yet.",
    }.items():
        script.on(MAIN_REQUEST[view], Answer({"items": [], "nextCursor": None}))
        page.goto(f"{server}/{VIEWS[view]}")
        expect(page.get_by_text(words)).to_be_visible()
    page.goto(f"{server}/#/orders?status=EXPIRED")
    expect(page.get_by_text("No order fits.")).to_be_visible()


def test_field_errors_stand_at_their_fields(server: str, script: Script, open_page: OpenPage) -> None:
    """A 422 marks the inputs its pointers name, lists them, and each item of the list leads to its input."""
    errors = [
        {"pointer": "/customer", "detail": "Name a customer."},
        {"pointer": "/lines/0/quantity", "detail": "Order 1 to 10,000."},
    ]
    script.on("POST /orders", Answer({"code": "validation", "detail": "Two fields are wrong.", "errors": errors}, 422))
    page = open_page(f"{server}/#/new")
    page.get_by_role("button", name="Add Juno mailbox, one year").click()
    page.get_by_label("Quantity of Juno mailbox").fill("0")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("Two fields are wrong.")).to_be_visible()
    expect(page.get_by_label("Customer")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Customer")).to_have_accessible_description(re.compile(r"Name a customer\.$"))
    page.get_by_role("button", name="Juno mailbox, one year: Order 1 to 10,000.").click()
    expect(page.get_by_label("Quantity of Juno mailbox")).to_be_focused()
    expect(page.get_by_role("button", name="Place order")).to_be_enabled()


def test_a_retry_carries_the_same_key_and_another_order_another(
    server: str, script: Script, open_page: OpenPage
) -> None:
    """The key survives a lost answer and a reload; what is changed is a new request; the draft survives too."""
    script.on("POST /orders", Answer(status=0))
    page = open_page(f"{server}/#/new")
    page.get_by_role("button", name="Needs a manager").first.click()
    place = page.get_by_role("button", name="Place order")
    for turn in range(3):
        place.click()
        expect(page.get_by_text("The server could not be reached")).to_be_visible()
        if turn == 0:
            page.reload()
        if turn == 1:
            page.get_by_label("Note").fill("Another order")
    posts = [(headers["Idempotency-Key"], body) for method, _, headers, body in script.heard if method == "POST"]
    keys = {key for key, _ in posts}
    assert len(keys) == 2
    assert all((key == posts[0][0]) == (body == posts[0][1]) for key, body in posts)
    assert [posts[0][0], posts[-1][0]] == [posts[1][0], max(keys - {posts[0][0]})]


def test_somebody_faster_is_told_kindly(server: str, script: Script, open_page: OpenPage) -> None:
    """A 409 names the decision that came first, and the dialog goes away."""
    decision = {"by": "director-1", "verdict": "approve", "at": ago(12)}
    conflict = {"code": "already-decided", "status": 409, "order": {"state": "CHARGING", "decision": decision}}
    script.on(f"POST /orders/{ORDER_ID}/decisions", Answer(conflict, 409))
    page = open_page(f"{server}/#/inbox", identity="manager-1")
    page.get_by_role("button", name="Reject").click()
    page.get_by_label("Reason").fill("Too dear")
    page.get_by_role("button", name="Reject €1,234.00").click()
    expect(page.get_by_role("status")).to_contain_text("Already approved by director-1 1")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_rejection_needs_a_reason_which_outlives_the_dialog(server: str, script: Script, open_page: OpenPage) -> None:
    """Without words nothing is sent; words typed are there again when the dialog opens again."""
    page = open_page(f"{server}/#/inbox", identity="manager-1")
    page.get_by_role("button", name="Reject").click()
    page.get_by_role("button", name="Reject €1,234.00").click()
    expect(page.get_by_text("Say why: the requester will read it.")).to_be_visible()
    expect(page.get_by_label("Reason")).to_be_focused()
    page.get_by_label("Reason").fill("Wrong cost centre")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Reject")).to_be_focused()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_label("Reason")).to_have_value("Wrong cost centre")
    assert not any(method == "POST" for method, *_ in script.heard)


def test_only_offered_actions_are_shown(server: str, script: Script, open_page: OpenPage) -> None:
    """Buttons come from the server's `actions` and from nothing else."""
    script.on(f"GET /orders/{ORDER_ID}", Answer(an_order(actions=["reject"])))
    page = open_page(f"{server}/{VIEWS['order']}")
    expect(page.get_by_role("button", name="Reject")).to_be_visible()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Withdraw")).to_have_count(0)


def test_new_orders_wait_to_be_asked_in(server: str, script: Script, open_page: OpenPage) -> None:
    """A row that is being read stays where it is; its state does change."""
    page = open_page(f"{server}/#/orders")
    row = page.get_by_role("link", name="o3x7kq2mf")
    row.focus()
    newer = [an_order(orderId=f"o{number}newcomer", submittedAt=ago(1)) for number in (1, 2)]
    known = an_order(status="COMPLETED", deadline=None)
    script.on("GET /orders", Answer({"items": [*newer, known], "nextCursor": None}))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("row").filter(has_text="Completed")).to_be_visible()
    expect(row).to_be_focused()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="2 new. Show").click()
    expect(page.get_by_role("row")).to_have_count(4)


def test_back_returns_to_the_filtered_list(server: str, script: Script, open_page: OpenPage) -> None:
    """Filters and pages are addresses."""
    page = open_page(f"{server}/#/orders")
    page.get_by_label("State").select_option("Waiting for approval")
    page.get_by_label("Only mine").check()
    page.get_by_role("link", name="o3x7kq2mf").click()
    expect(heading(page)).to_have_text(LANDMARK["order"])
    expect(heading(page)).to_be_focused()
    page.go_back()
    expect(page.get_by_label("State")).to_have_value("PENDING_APPROVAL")
    expect(page.get_by_label("Only mine")).to_be_checked()


def test_the_timeline_shows_operations_attempts_and_waits(server: str, open_page: OpenPage) -> None:
    """Three lanes; twelve operations as a tree with states; details on request; contexts fold."""
    page = open_page(f"{server}/{VIEWS['order']}")
    timeline = page.get_by_role("region", name="Execution timeline")
    lane = timeline.get_by_role("list", name="Operations")
    expect(lane.get_by_role("listitem")).to_have_count(12)
    expect(timeline.get_by_text("12 operations")).to_be_visible()
    timeline.get_by_role("button", name="authorize-payment").click()
    attempts = timeline.get_by_role("list", name="Attempts")
    expect(attempts).to_contain_text("GatewayUnavailable: no answer from the gateway")
    timeline.get_by_role("button", name="callback decision").click()
    expect(timeline.get_by_text("Waits until")).to_be_visible()
    timeline.get_by_role("button", name="Operations inside screen-order").click()
    expect(timeline.get_by_text("check-credit")).to_have_count(0)
    invocations = timeline.get_by_role("list", name="Invocations")
    expect(invocations).to_contain_text("#2 · 1.0 s · replayed 7, ran 5")
    expect(timeline.get_by_role("list", name="People")).to_contain_text("requester-1 placed the order")


def test_a_crash_is_red_and_the_recovery_stands_beside_it(server: str, script: Script, open_page: OpenPage) -> None:
    """The failed invocation names its error, the next one is marked as what recovered from it."""
    history = an_execution()
    crashed = {"requestId": "x", "startedAt": ago(112.6), "endedAt": ago(112.4), "replayed": 7, "ran": 1}
    error = "local.errors.RuntimeExited: the process was killed"
    history["invocations"].insert(1, {**crashed, "error": error})
    script.on(f"GET /orders/{ORDER_ID}/execution", Answer(history))
    page = open_page(f"{server}/{VIEWS['order']}")
    invocations = page.get_by_role("list", name="Invocations").get_by_role("listitem")
    expect(invocations.nth(1)).to_contain_text("#2 · 200 ms · replayed 7, ran 1 · failed")
    expect(invocations.nth(1)).to_contain_text("✕RuntimeExited: the process was killed")
    expect(invocations.nth(2)).to_contain_text("recovered")
    expect(page.get_by_text("1 failed of 3")).to_be_visible()


def test_what_a_race_left_behind_does_not_run(server: str, script: Script, open_page: OpenPage) -> None:
    """A branch that nobody waits for any more is told as left behind, with no clock that goes on."""
    history = an_execution()
    abandoned = {"parentId": "op-2", "status": "STARTED", "endedAt": None, "deadline": ago(-480)}
    history["operations"].append(an_operation(13, "loser", "CALLBACK", **abandoned))
    script.on(f"GET /orders/{ORDER_ID}/execution", Answer(history))
    page = open_page(f"{server}/{VIEWS['order']}")
    row = page.get_by_role("list", name="Operations").get_by_role("listitem").filter(has_text="loser")
    expect(row).to_contain_text("Left behind")
    expect(row.locator(".countdown, .deadline, [data-open=true]")).to_have_count(0)


def test_the_timeline_can_be_narrowed(server: str, open_page: OpenPage) -> None:
    """By name, by what failed or waits, by kind and by what it is inside of; what contains a find stays."""
    page = open_page(f"{server}/{VIEWS['order']}")
    names = page.get_by_role("list", name="Operations").locator(".row > .name")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Name", exact=True).fill("credit")
    expect(names).to_have_text([re.compile("screen-order"), re.compile("check-credit")])
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("combobox", name="Show", exact=True).select_option("failed")
    expect(names).to_have_text([re.compile("authorize-payment")])
    page.get_by_role("combobox", name="Show", exact=True).select_option("waiting")
    expect(names).to_have_text([re.compile("approve-manager"), re.compile("decision")])
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("combobox", name="Inside").select_option("approve-manager")
    page.get_by_role("combobox", name="Kind").select_option("step")
    expect(names).to_have_text([re.compile("approve-manager"), re.compile("open-level")])
    page.get_by_label("Name", exact=True).fill("nothing like it")
    expect(page.get_by_text("No operation fits the filter.")).to_be_visible()


def test_the_timeline_is_walked_with_the_arrow_keys(server: str, open_page: OpenPage) -> None:
    """One stop of the Tab key for all rows; arrows move, fold and unfold; Enter opens."""
    page = open_page(f"{server}/{VIEWS['order']}")
    lane = page.get_by_role("list", name="Operations")
    row = lane.get_by_role("button", name="step register-order")
    expect(row).to_be_visible()
    row.focus()
    for key in ("ArrowDown", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    expect(lane.get_by_role("button", name="map reserve-stock")).to_be_focused()
    expect(lane.get_by_role("listitem")).to_have_count(9)
    for key in ("ArrowUp", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "End", "Enter"):
        page.keyboard.press(key)
    expect(lane.get_by_role("button", name="invoke request-decision")).to_be_focused()
    expect(lane.get_by_role("listitem")).to_have_count(12)
    expect(lane.get_by_text("Began", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.operations')") is None


def test_a_waiting_order_is_followed_without_haste(server: str, script: Script, open_page: OpenPage) -> None:
    """The execution is asked for what is new as often as the server said, and the order only when it moved."""
    script.on(f"GET /orders/{ORDER_ID}/execution", Answer(an_execution(nextPollMs=500)))
    page = open_page(f"{server}/{VIEWS['order']}")
    expect(page.get_by_text("open-level")).to_be_visible()
    page.wait_for_timeout(2500)
    path = f"GET /orders/{ORDER_ID}"
    assert 3 <= script.times_heard(f"{path}/execution") <= 7
    assert script.times_heard(path) == 1
    decided = an_execution(status="SUCCEEDED", cursor="c2", nextPollMs=None, operations=[])
    script.on(f"{path}/execution", Answer(decided))
    script.on(path, Answer(an_order(status="COMPLETED", actions=[], deadline=None)))
    expect(page.get_by_text("Completed")).to_be_visible()
    heard = len(script.heard)
    page.wait_for_timeout(1500)
    assert len(script.heard) == heard, "what has ended is not asked again"


def test_a_hidden_tab_is_silent(server: str, script: Script, open_page: OpenPage) -> None:
    """Nobody looks: nothing is asked. Somebody looks again: it is asked at once."""
    script.on(f"GET /orders/{ORDER_ID}/execution", Answer(an_execution(nextPollMs=200)))
    page = open_page(f"{server}/{VIEWS['order']}")
    expect(page.get_by_text("open-level")).to_be_visible()
    page.evaluate(SET_HIDDEN, arg=True)
    expect(page.get_by_text("Paused")).to_be_visible()
    page.wait_for_timeout(300)
    heard = len(script.heard)
    page.wait_for_timeout(1500)
    assert len(script.heard) == heard
    page.evaluate(SET_HIDDEN, arg=False)
    expect(page.get_by_text("Live")).to_be_visible()
    page.wait_for_timeout(300)
    assert len(script.heard) > heard


def test_hostile_text_is_shown_as_text(server: str, script: Script, open_page: OpenPage) -> None:
    """Markup in any field of any answer is letters on the page and nothing else."""
    for text in HOSTILE:
        order = an_order(customer=text, note=text, requester=text, outcomeReason=text, actions=["approve", text])
        decision = {"by": text, "verdict": "approve", "reason": text, "at": ago(3)}
        order["levels"] = [{**order["levels"][0], "role": text, "decisions": [decision]}]
        entry = {**an_audit()["items"][0], "actor": text, "event": text, "to": text, "data": {"reason": text}}
        execution = an_execution()
        execution["operations"][0] = {**execution["operations"][0], "name": text, "error": {"message": text}}
        script.on("GET /orders", Answer({"items": [order], "nextCursor": None}))
        script.on("GET /inbox", Answer({"items": [order], "nextCursor": None}))
        script.on(f"GET /orders/{ORDER_ID}", Answer(order))
        script.on(f"GET /orders/{ORDER_ID}/audit", Answer({"items": [entry]}))
        script.on(f"GET /orders/{ORDER_ID}/execution", Answer(execution))
        for view in ("orders", "inbox", "order"):
            page = open_page(f"{server}/{VIEWS[view]}")
            page.on("dialog", lambda dialog: pytest.fail(f"executed: {dialog.message}"))
            expect(page.get_by_text(text).first).to_be_visible()
            assert page.locator("main img, main script, main svg, main b:not([aria-hidden] b)").count() == 0
            page.context.close()


def test_a_page_that_cannot_start_says_so(server: str, script: Script, open_page: OpenPage) -> None:
    """Without its configuration there is still a heading and advice."""
    script.on("GET /config.json", Answer(status=0))
    page = open_page(server)
    expect(page.get_by_text("The server could not be reached")).to_be_visible()
