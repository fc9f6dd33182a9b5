"""Requests as tools, editors and proxies write them: on the wire, through the gateway, to the function.

Whatever HTTP and JSON call the same is the same here, and what is refused says what to do.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from approval_api.idempotency import fingerprint_of
from approval_api.requests import SubmissionBody
from orders.wiring import installed
from tests.api.gateway import Gateway, Reply, listening
from tests.api.world import ONE_LEVEL, World, a_key

BODY = json.dumps(ONE_LEVEL).encode()
JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def gateway(requests_table: str) -> Iterator[Gateway]:
    """One gateway for all the requests, in front of the function, which has a world of its own."""
    with installed(World().services()), listening() as gateway:
        yield gateway


def ordering(gateway: Gateway, *headers: str, body: bytes = BODY, key: str | None = None) -> Reply:
    """Place an order as requester-1."""
    keyed = (
        [] if any(line.startswith("Idempotency-Key") for line in headers) else [f"Idempotency-Key: {key or a_key()}"]
    )
    return gateway.send("POST", "/orders", [gateway.token(), *headers, *keyed], body)


# --- media types and bodies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: Application/JSON",
        "CONTENT-TYPE: APPLICATION/JSON; Charset=UTF-8",
        "content-type:application/json;charset=utf-8",
        'Content-Type: application/json ; charset="utf-8"; profile=x',
    ],
)
def test_a_media_type_has_no_case_and_may_have_parameters(gateway: Gateway, header: str) -> None:
    assert ordering(gateway, header).status == 202


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/json",
        "Content-Type: application/json, application/json",
        f"{JSON}\r\n{JSON}",
        "Content-Type: application/json-patch+json",
        "X-Content-Type: application/json",
    ],
)
def test_another_media_type_is_told_the_right_one(gateway: Gateway, header: str) -> None:
    reply = ordering(gateway, header)

    assert (reply.status, reply.code) == (415, "unsupported-media-type")
    assert "`Content-Type: application/json`" in reply.json["detail"]


def test_a_byte_order_mark_has_no_meaning(gateway: Gateway) -> None:
    """Editors on Windows write one; the request is the same with and without."""
    key = a_key()
    marked = ordering(gateway, JSON, body=b"\xef\xbb\xbf" + BODY, key=key)
    plain = ordering(gateway, JSON, body=BODY, key=key)

    assert (marked.status, plain.status) == (202, 202)
    assert (plain.headers["Idempotent-Replayed"], plain.body) == ("true", marked.body)


@pytest.mark.parametrize(
    "body", [json.dumps(ONE_LEVEL).encode("utf-16"), gzip.compress(BODY), b'{"customer": "M\xfcller"}']
)
def test_bytes_that_are_not_utf_8_are_told_so(gateway: Gateway, body: bytes) -> None:
    """UTF-16, compressed, Latin-1."""
    reply = ordering(gateway, JSON, body=body)

    assert (reply.status, reply.code) == (400, "malformed")
    assert reply.json["detail"] == "The body is not UTF-8 text. Send uncompressed JSON in UTF-8."


@pytest.mark.parametrize("headers", [[JSON], []])
def test_a_missing_body_is_named(gateway: Gateway, headers: list[str]) -> None:
    reply = ordering(gateway, *headers, body=b"")

    assert reply.status == 422
    assert reply.json["errors"] == [{"pointer": "", "detail": "Send a JSON object; this request has no body."}]


def test_a_body_may_come_in_chunks(gateway: Gateway) -> None:
    halves = [BODY[:20], BODY[20:]]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(half), half) for half in halves) + b"0\r\n\r\n"

    assert ordering(gateway, JSON, "Transfer-Encoding: chunked", body=chunks).status == 202


def test_a_caller_may_ask_before_it_sends_the_body(gateway: Gateway) -> None:
    assert ordering(gateway, JSON, "Expect: 100-continue").status == 202


@pytest.mark.parametrize("header", ["Accept: text/html", "Accept: application/xml;q=0.1", "Accept-Encoding: gzip, br"])
def test_the_answer_is_json_whatever_the_caller_prefers(gateway: Gateway, header: str) -> None:
    reply = ordering(gateway, JSON, header)

    assert (reply.status, reply.headers.get_content_type()) == (202, "application/json")
    assert reply.json["status"] == "SUBMITTED"


def test_a_content_length_that_is_no_number_is_refused(gateway: Gateway) -> None:
    assert ordering(gateway, JSON, "Content-Length: many").status == 400


# --- one request, however it is written -------------------------------------------------------------------------------

LINE = '{"sku":"ATLAS-ED","quantity":3}'
SPELLINGS = {
    "members in another order": '{"lines":[{"quantity":3,"sku":"ATLAS-ED"}],"currency":"EUR","customer":"acme"}',
    "space": '\r\n{ "customer" :\t"acme", "currency": "EUR", "lines": [ ' + LINE + " ] }\n",
    "escapes": '{"customer":"\\u0061cme","currency":"EUR","lines":[' + LINE + "]}",
    "null for a member that may be left out": '{"customer":"acme","currency":"EUR","note":null,"lines":[' + LINE + "]}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_retry_may_spell_the_same_request_in_another_way(gateway: Gateway, spelling: str) -> None:
    key = a_key()
    first = ordering(gateway, JSON, key=key)

    again = ordering(gateway, JSON, body=SPELLINGS[spelling].encode(), key=key)

    assert (again.status, again.body) == (first.status, first.body) == (202, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("changed", [{"note": ""}, {"customer": "acme "}, {"lines": [*ONE_LEVEL["lines"] * 2]}])
def test_a_request_that_asks_for_something_else_needs_another_key(gateway: Gateway, changed: dict[str, Any]) -> None:
    key = a_key()
    ordering(gateway, JSON, key=key)

    reply = ordering(gateway, JSON, body=json.dumps({**ONE_LEVEL, **changed}).encode(), key=key)

    assert (reply.status, reply.code) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("number", ["3.0", "3e0", '"3"', "3.5", "true"])
def test_a_quantity_in_another_form_is_told_the_right_one(gateway: Gateway, number: str) -> None:
    """Also as a retry: what is wrong with it is said, and not that its key is taken."""
    key = a_key()
    ordering(gateway, JSON, key=key)
    reply = ordering(gateway, JSON, body=BODY.replace(b": 3", f": {number}".encode()), key=key)

    detail = "Use a whole number, without quotes or a decimal point."
    assert (reply.status, reply.json.get("errors")) == (422, [{"pointer": "/lines/0/quantity", "detail": detail}])


def test_a_reason_may_be_null_or_left_out(gateway: Gateway) -> None:
    key, address = a_key(), f"{ordering(gateway, JSON).headers['Location']}/withdrawal"
    headers = [gateway.token(), JSON, f"Idempotency-Key: {key}"]
    first = gateway.send("POST", address, headers, b"{}")

    again = gateway.send("POST", address, headers, b'{"reason": null}')

    assert (first.status, again.status, again.body) == (200, 200, first.body)


def test_requests_answered_by_earlier_versions_are_recognized() -> None:
    """Their answers are kept for a day under the sha256 of the request's own JSON, its members sorted."""
    body = SubmissionBody.model_validate({**ONE_LEVEL, "note": "f\u00fcr acme"})
    kept = json.dumps({**ONE_LEVEL, "note": "f\u00fcr acme"}, sort_keys=True, separators=(",", ":"))

    assert fingerprint_of(body) == hashlib.sha256(kept.encode()).hexdigest()


# --- headers ----------------------------------------------------------------------------------------------------------


def test_space_around_a_key_does_not_belong_to_it(gateway: Gateway) -> None:
    key = a_key()
    first = ordering(gateway, JSON, f"Idempotency-Key: \t {key}  ")

    assert first.status == 202
    assert ordering(gateway, JSON, key=key).body == first.body


def test_two_keys_are_no_key(gateway: Gateway) -> None:
    reply = ordering(gateway, JSON, f"Idempotency-Key: {a_key()}", f"Idempotency-Key: {a_key()}")

    assert (reply.status, reply.code) == (400, "idempotency-key-invalid")


# --- addresses and methods --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize(
    "address",
    [
        "/orders%2f{id}",
        "/orders%2F{id}",
        "/orders%2F{id}%2Faudit",
        "/orders/",
        "/orders/{id}/",
        "//orders",
        "/ORDERS",
        "/orders/../health",
        "/health/",
        "/catalogue%2F",
    ],
)
def test_an_address_that_is_not_ours_is_not_found(gateway: Gateway, address: str, *, signed_in: bool) -> None:
    """With and without a token: an encoded slash is part of a name, and API Gateway knows no route for it."""
    order_id = ordering(gateway, JSON).json["orderId"]

    reply = gateway.send("GET", address.format(id=order_id), [gateway.token()] if signed_in else [])

    assert (reply.status, reply.code) == (404, "not-found")
    assert "GET /openapi.json" in reply.json["detail"]


@pytest.mark.parametrize(
    "address", ["/orders/{id}%2Faudit", "/orders/{id}%2fdocument", "/orders/{id}%00", "/orders/%ff"]
)
def test_an_id_that_hides_another_address_is_no_id(gateway: Gateway, address: str) -> None:
    """API Gateway takes it for an order's id; the function must not take it for another route."""
    order_id = ordering(gateway, JSON).json["orderId"]

    reply = gateway.send("GET", address.format(id=order_id), [gateway.token()])

    assert (reply.status, reply.code) == (404, "not-found")
    assert gateway.send("GET", address.format(id=order_id)).status == 401


def test_an_id_may_be_percent_encoded(gateway: Gateway) -> None:
    order_id = ordering(gateway, JSON).json["orderId"]

    reply = gateway.send("GET", f"/orders/%6F{order_id[1:]}?unknown=%ff#", [gateway.token()])

    assert (reply.status, reply.json["orderId"]) == (200, order_id)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
def test_another_method_is_told_the_right_ones(gateway: Gateway, method: str) -> None:
    """Methods have a case. An answer to HEAD has no body."""
    reply = gateway.send(method, "/orders", [gateway.token()])

    assert (reply.status, reply.headers["Allow"]) == (405, "GET, POST")
    assert bool(reply.body) is (method != "HEAD")


def test_a_very_long_query_is_named(gateway: Gateway) -> None:
    reply = gateway.send("GET", f"/orders?cursor={'x' * 20_000}", [gateway.token()])

    assert (reply.status, reply.json["errors"]) == (
        422,
        [{"pointer": "/cursor", "detail": "Use at most 500 characters."}],
    )


def test_a_target_with_raw_bytes_is_refused(gateway: Gateway) -> None:
    request = b"GET /orders/\xff HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % gateway.port

    assert gateway.raw(request).status == 400
