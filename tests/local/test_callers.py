"""Who may call a port: the rule that every server of the stack asks."""

from collections.abc import Mapping

import pytest

from local.callers import Call, Callers

PORT = 8000
HERE = f"127.0.0.1:{PORT}"
PROGRAMS = Callers()
PAGE = Callers(page=True)
SITE = Callers(page=True, site=("https://page.example",))
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
PREFLIGHT = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}


def a_call(
    headers: Mapping[str, str] | None = None, *, method: str = "GET", port: int = PORT, peer: str = "127.0.0.1"
) -> Call:
    """A call as a program on this machine makes it, except for what the test gives."""
    sent = {"Host": f"127.0.0.1:{port}", **(headers or {})}
    return Call(("127.0.0.1", port), peer, method, "/", tuple(sent.items()))


def admits(callers: Callers, call: Call) -> bool:
    """Whether a port answers a call."""
    return callers.refusal(call) is None


@pytest.mark.parametrize("callers", [PROGRAMS, PAGE, SITE])
@pytest.mark.parametrize("host", [HERE, f"localhost:{PORT}", f"LocalHost:{PORT}"])
def test_a_program_on_this_machine_is_answered(callers: Callers, host: str) -> None:
    assert admits(callers, a_call({"Host": host}, method="POST"))


@pytest.mark.parametrize("callers", [PROGRAMS, PAGE, SITE])
@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "::ffff:10.0.0.1", "", "localhost"])
def test_other_machines_are_refused_even_where_something_made_the_port_reachable(callers: Callers, peer: str) -> None:
    assert not admits(callers, a_call(peer=peer))


def test_a_service_for_containers_answers_to_the_address_and_the_name_they_know() -> None:
    """`python -m local.data --bind ADDRESS --name NAME`, for the containers of `make sam-check`."""

    def call(host: str) -> Call:
        return Call(("172.17.0.1", PORT), "172.17.0.2", "POST", "/", (("host", host),))

    callers = Callers(names=frozenset({"host.docker.internal"}))
    assert admits(callers, call(f"172.17.0.1:{PORT}"))
    assert admits(callers, call(f"host.docker.internal:{PORT}"))
    assert not admits(callers, call(f"localhost:{PORT}"))
    assert not admits(callers, call(f"evil.example:{PORT}"))


def test_the_default_port_is_left_out_by_browsers() -> None:
    assert admits(PAGE, a_call({"Host": "localhost", "Origin": "http://localhost"}, port=80))
    assert not admits(PAGE, a_call({"Host": "evil.example"}, port=80))


@pytest.mark.parametrize("callers", [PROGRAMS, PAGE, SITE])
def test_a_forwarded_port_is_refused_with_what_to_do(callers: Callers) -> None:
    refusal = callers.refusal(a_call({"Host": "localhost:9000"}))

    assert refusal is not None
    assert refusal.status == 403
    assert "names localhost:9000 as its Host" in refusal.message
    assert f"ssh -L {PORT}:{HERE} MACHINE" in refusal.message


def test_a_page_that_is_refused_is_named_and_a_long_name_is_cut() -> None:
    refusal = PROGRAMS.refusal(a_call({"Origin": f"https://{'evil' * 1000}.example"}))

    assert refusal is not None
    assert refusal.message.startswith("A page of https://evilevil")
    assert len(refusal.message) < 300


def test_the_page_of_a_port_may_call_it_and_no_other_port() -> None:
    own = {"Origin": f"http://{HERE}", "Sec-Fetch-Site": "same-origin"}

    assert admits(PAGE, a_call(own, method="POST"))
    assert admits(SITE, a_call(own, method="POST"))
    assert not admits(PROGRAMS, a_call(own, method="POST"))
    assert not admits(PAGE, a_call(own, method="POST", port=PORT + 1))


def test_a_page_that_the_template_permits_may_call_the_api_and_not_the_sign_in() -> None:
    permitted = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"}

    assert admits(SITE, a_call(permitted, method="POST"))
    assert admits(Callers(page=True, site=("*",)), a_call(permitted, method="POST"))
    assert not admits(PAGE, a_call(permitted, method="POST"))
    assert not admits(SITE, a_call({"Origin": "https://page.example.evil.example"}, method="POST"))


def test_a_link_leads_to_the_page_and_to_nothing_that_answers_programs() -> None:
    """A person follows it from a chat or another site; a frame, an image or a form of a page is not a link."""
    assert admits(SITE, a_call(LINK))
    assert not admits(PAGE, a_call(LINK))
    assert not admits(PROGRAMS, a_call(LINK))
    assert not admits(SITE, a_call(LINK, method="POST"))
    assert not admits(SITE, a_call({**LINK, "Origin": "null"}))
    for member in ("iframe", "image", "script"):
        assert not admits(SITE, a_call({**LINK, "Sec-Fetch-Dest": member}))


def test_a_preflight_is_left_to_the_cross_origin_rules_of_the_api() -> None:
    """API Gateway answers every preflight; one that it does not permit gets no headers."""
    call = a_call(PREFLIGHT, method="OPTIONS")

    assert admits(SITE, call)
    assert not admits(PAGE, call)
    assert not admits(PROGRAMS, call)
