"""Signing in as on AWS: authorization code with PKCE at a small issuer, the page and the API being the fake's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_issuer import CLIENT_ID, Issuer, issuing
from tests.browser.fake_server import Answer, Script, serving
from tests.browser.samples import ORDER_ID, a_script

OpenPage = Callable[..., Page]
UNAUTHORIZED = Answer({"message": "Unauthorized"}, 401)


@dataclass(frozen=True, slots=True)
class Place:
    """A page that signs in at an issuer."""

    url: str
    script: Script
    issuer: Issuer


@pytest.fixture
def place() -> Iterator[Place]:
    """The page in its mode for AWS, whose policy names the issuer as `make publish` writes it."""
    issuer, script = Issuer(), a_script()
    with issuing(issuer) as domain, serving(script, connect=domain) as url:
        pool = {"region": "eu-central-1", "userPoolId": "eu-central-1_x", "clientId": CLIENT_ID, "domain": domain}
        script.on("GET /config.json", Answer({"mode": "cognito", "apiUrl": url, **pool}))
        yield Place(url, script, issuer)


def test_a_visitor_signs_in_and_comes_back_to_where_they_wanted(place: Place, open_page: OpenPage) -> None:
    """The code is exchanged with its proof, the address is clean again, and nothing local is offered."""
    page = open_page(f"{place.url}/#/orders/{ORDER_ID}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Order o3x7kq2mf")
    expect(page.get_by_role("banner")).to_contain_text("requester-1")
    assert page.url == f"{place.url}/#/orders/{ORDER_ID}"
    assert place.issuer.grants == ["authorization_code"]
    for name in ("Break it", "Acting as"):
        expect(page.get_by_text(name)).to_have_count(0)
    expect(page.get_by_role("link", name="Outbox")).to_have_count(0)
    asked = [headers for _, path, headers, _ in place.script.heard if path.startswith("/orders")]
    assert asked
    assert all(headers["Authorization"].startswith("Bearer e30.") for headers in asked)
    page.goto(f"{place.url}/#/outbox")
    expect(page.get_by_text("This address leads nowhere.")).to_be_visible()


def test_a_reload_keeps_the_session_and_leaving_ends_it(place: Place, open_page: OpenPage) -> None:
    """Tokens live as long as the tab; signing out forgets them and tells the issuer."""
    page = open_page(place.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders")
    assert place.issuer.sign_ins == 1
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/logout?**")
    assert place.issuer.signed_out == 1
    page.goto(place.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders")
    assert place.issuer.sign_ins == 2


def test_a_refused_token_is_renewed_in_silence(place: Place, open_page: OpenPage) -> None:
    """One refusal costs one renewal, which the person never sees."""
    ready = place.script.answers["GET /orders"][0]
    place.script.on("GET /orders", UNAUTHORIZED, ready)
    page = open_page(place.url)
    expect(page.get_by_role("row").filter(has_text="acme")).to_be_visible()
    assert place.issuer.grants == ["authorization_code", "refresh_token"]


def test_what_was_typed_survives_the_end_of_the_session(place: Place, open_page: OpenPage) -> None:
    """No renewal any more: the page says so, leads to the issuer and back, and the reason is still there."""
    place.issuer.username, place.issuer.groups = "manager-1", ("managers",)
    path = f"POST /orders/{ORDER_ID}/decisions"
    place.script.on(path, UNAUTHORIZED)
    page = open_page(f"{place.url}/#/inbox")
    page.get_by_role("button", name="Reject").click()
    page.get_by_label("Reason").fill("Wrong cost centre")
    place.issuer.renews = False
    page.get_by_role("button", name="Reject €").click()
    expect(page.get_by_text("You are not signed in any more")).to_be_visible()
    page.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_label("Reason")).to_have_value("Wrong cost centre")
    assert page.url == f"{place.url}/#/inbox"


@pytest.mark.parametrize("brought", ["code=forged&state=forged", "error=access_denied&error_description=Not+you"])
def test_what_nobody_asked_for_signs_nobody_in(place: Place, open_page: OpenPage, brought: str) -> None:
    """A code without our state is not exchanged; a refusal of the issuer is told."""
    page = open_page(f"{place.url}/?{brought}")
    if "error" in brought:
        expect(page.get_by_text("Not you. Reload the page to try again.")).to_be_visible()
    else:
        expect(page.get_by_role("heading", level=1)).to_have_text("Orders")
        assert place.issuer.sign_ins == 1
    assert "forged" not in page.url
