"""Every way to be refused: its status, its code, and a sentence that says what to do."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from orders.domain.errors import CorruptDocumentError, TransientFaultError, WriteConflictError
from orders.domain.model import OrderId
from tests.api.world import NOBODYS, ONE_LEVEL, Answer, World, a_key, an_event, call, decision


def refused(answer: Answer, status: int, code: str) -> Any:
    """Check that the answer is this problem, in the shape that all have; return its document."""
    document = answer.json
    assert (answer.status, document["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["type"] == f"/problems/{code}"
    assert document["status"] == status
    assert document["traceId"] == "request-1"
    assert document["title"]
    assert document["detail"].endswith(".")
    return document


def submitting(body: Any, **parts: Any) -> Answer:
    """Submit whatever it is."""
    return call(an_event("POST", "/orders", body=body, **parts))


def called(method: str, path: str) -> Any:
    """Return what an address answers."""
    return call(an_event(method, path)).json


def findings(answer: Answer) -> dict[str, str]:
    """Return what must be changed, by pointer."""
    return {each["pointer"]: each["detail"] for each in refused(answer, 422, "validation")["errors"]}


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{", "{'a': 1}", '{"a": 1,}', "nonsense", '{"a": NaN}', '{"a": Infinity}'])
def test_a_body_that_is_no_json_is_malformed(world: World, text: str) -> None:
    refused(submitting(text), 400, "malformed")


@pytest.mark.parametrize(
    "text", ['{"customer": "acme", "customer": "evil"}', '{"lines": [{"sku": "A", "sku": "B", "quantity": 1}]}']
)
def test_a_key_that_is_named_twice_is_malformed_at_any_depth(world: World, text: str) -> None:
    assert "twice" in refused(submitting(text), 400, "malformed")["detail"]


def test_a_number_that_no_computer_should_read_is_malformed(world: World) -> None:
    refused(submitting('{"quantity": ' + "9" * 5000 + "}"), 400, "malformed")


@pytest.mark.parametrize("body", ["%%%", base64.b64encode(b"\xff\xfe").decode()])
def test_bytes_that_are_no_text_are_malformed(world: World, body: str) -> None:
    event = an_event("POST", "/orders", body=body) | {"isBase64Encoded": True}

    refused(call(event), 400, "malformed")


def test_a_body_may_come_in_base64(world: World) -> None:
    encoded = base64.b64encode(json.dumps(ONE_LEVEL).encode()).decode()

    assert call(an_event("POST", "/orders", body=encoded) | {"isBase64Encoded": True}).status == 202


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space in it......", "ümlaut-ümlaut-ümlaut"])
def test_a_post_needs_a_usable_idempotency_key(world: World, key: str) -> None:
    answer = submitting(ONE_LEVEL, headers={"idempotency-key": key})

    assert "16 to 64" in refused(answer, 400, "idempotency-key-invalid")["detail"]


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"]
)
def test_a_body_that_does_not_call_itself_json_is_not_taken(world: World, media: str) -> None:
    refused(submitting(ONE_LEVEL, headers={"content-type": media}), 415, "unsupported-media-type")


def test_a_body_that_does_not_say_what_it_is_is_not_taken(world: World) -> None:
    refused(submitting(ONE_LEVEL, headers={"content-type": ""}), 415, "unsupported-media-type")


def test_json_may_name_its_character_set(world: World) -> None:
    assert submitting(ONE_LEVEL, headers={"content-type": "application/json; charset=utf-8"}).status == 202


def test_a_body_may_have_a_million_bytes(world: World) -> None:
    """The number is part of the contract; space around JSON counts."""
    assert submitting(json.dumps(ONE_LEVEL).ljust(1_000_000)).status == 202


def test_a_body_over_the_limit_is_too_large(world: World) -> None:
    problem = refused(submitting(json.dumps(ONE_LEVEL).ljust(1_000_001)), 413, "too-large")

    assert problem["detail"] == "Send at most 1,000,000 bytes. Split the order."
    assert called("GET", "/openapi.json")["paths"]["/orders"]["post"]["responses"]["413"]["description"] == (
        "The body has more than 1,000,000 bytes"
    )


def test_the_limit_counts_bytes_and_not_characters(world: World) -> None:
    text = json.dumps({**ONE_LEVEL, "note": "\u00fc" * 100}, ensure_ascii=False)

    refused(submitting(text.ljust(999_901)), 413, "too-large")
    assert submitting(text.ljust(999_900)).status == 202


# --- what must be changed ---------------------------------------------------------------------------------------------


def test_every_finding_has_its_pointer_and_its_sentence(world: World) -> None:
    body = {
        "customer": "",
        "currency": 978,
        "lines": [{"sku": "ATLAS-ED", "quantity": True}, {"sku": "x" * 65}, 3],
        "total": 1,
        "__proto__": {},
        "a/b~c": 1,
    }

    assert findings(submitting(body)) == {
        "/customer": "Enter a value; this cannot be empty.",
        "/currency": "Use a string, in quotes.",
        "/lines/0/quantity": "Use a whole number, without quotes or a decimal point.",
        "/lines/1/sku": "Use at most 64 characters.",
        "/lines/1/quantity": "Add this member; it is required.",
        "/lines/2": "Use an object, in curly brackets.",
        "/total": "Remove this member; the API does not define it.",
        "/__proto__": "Remove this member; the API does not define it.",
        "/a~1b~0c": "Remove this member; the API does not define it.",
    }


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("customer", "x" * 101, "Use at most 100 characters."),
        ("customer", None, "Use a string, in quotes."),
        ("customer", "half \ud800", "Use complete Unicode characters; this text contains half of a surrogate pair."),
        ("note", "x" * 2001, "Use at most 2000 characters."),
        ("lines", [], "Use at least 1 entry."),
        ("lines", {}, "Use a list, in square brackets."),
        ("lines", [{"sku": "BULK-0001", "quantity": 1}] * 10_001, "Use at most 10000 entries."),
        ("currency", "USD", "The catalogue is in EUR; use that."),
    ],
)
def test_each_limit_of_a_submission_is_named(world: World, field: str, value: Any, sentence: str) -> None:
    assert findings(submitting({**ONE_LEVEL, field: value})) == {f"/{field}": sentence}


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        (0, "Use 1 or more."),
        (10_001, "Use 10000 or less."),
        (1.5, "Use a whole number, without quotes or a decimal point."),
        ("1", "Use a whole number, without quotes or a decimal point."),
    ],
)
def test_a_quantity_is_a_whole_number_in_its_limits(world: World, quantity: Any, sentence: str) -> None:
    body = {**ONE_LEVEL, "lines": [{"sku": "ATLAS-ED", "quantity": quantity}]}

    assert findings(submitting(body)) == {"/lines/0/quantity": sentence}


def test_missing_goods_are_named_line_by_line(world: World) -> None:
    body = {**ONE_LEVEL, "lines": [{"sku": "ATLAS-ED", "quantity": 1}, {"sku": "NO-SUCH", "quantity": 1}]}

    assert "pick one it has" in findings(submitting(body))["/lines/1/sku"]


def test_an_order_over_the_cap_is_refused(world: World) -> None:
    body = {**ONE_LEVEL, "lines": [{"sku": "MERIDIAN-GIS", "quantity": 10_000}]}

    assert "Order less" in findings(submitting(body))["/lines"]


@pytest.mark.parametrize("body", ["[]", '"text"', "3", "true", '[{"customer": "acme"}]', "null"])
def test_a_body_is_an_object(world: World, body: str) -> None:
    assert findings(submitting(body)) == {"": "Use an object, in curly brackets."}


def test_a_post_without_a_body_asks_for_one(world: World) -> None:
    assert findings(submitting(None)) == {"": "Send a JSON object; this request has no body."}


@pytest.mark.parametrize("depth", [21, 100_000])
def test_nesting_has_an_end(world: World, depth: int) -> None:
    text = '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)

    assert findings(submitting(text)) == {"": "Nest at most 20 objects and lists."}


def test_twenty_levels_are_read_and_then_judged(world: World) -> None:
    text = '{"a":' * 19 + "{}" + "}" * 19

    assert "/a" in findings(submitting(text))


def test_many_findings_are_cut_at_a_hundred(world: World) -> None:
    assert len(findings(submitting({**ONE_LEVEL, "lines": [{}] * 200}))) == 100


def test_a_rejection_needs_a_reason(world: World) -> None:
    order_id = world.pending()
    expected = {"/reason": "Enter the reason for the rejection; the requester will read it."}

    assert findings(call(decision(order_id, verdict="reject"))) == expected
    assert findings(call(decision(order_id, verdict="reject", reason="  "))) == expected
    assert findings(call(decision(order_id, verdict="reject", reason="x" * 2001))) == {
        "/reason": "Use at most 2000 characters."
    }


def test_a_verdict_is_one_of_two_words_and_a_level_one_of_the_orders(world: World) -> None:
    order_id = world.pending()

    assert findings(call(decision(order_id, verdict="maybe"))) == {"/verdict": "Use 'approve' or 'reject'."}
    assert "/level" in findings(call(decision(order_id, level=2)))
    assert findings(call(decision(order_id, level=0))) == {"/level": "Use 1 or more."}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"limit": 101}, "/limit"), ({"limit": 0}, "/limit"), ({"status": "DONE"}, "/status"), ({"mine": "x"}, "/mine")],
)
def test_query_parameters_are_checked_too(world: World, query: dict[str, Any], pointer: str) -> None:
    assert list(findings(call(an_event("GET", "/orders", query=query)))) == [pointer]


def test_a_cursor_that_was_never_given_out_is_refused(world: World) -> None:
    assert findings(call(an_event("GET", "/orders", query={"cursor": "garbage"}))) == {
        "/cursor": "Use a cursor from an earlier page, or none."
    }


# --- who, where, how --------------------------------------------------------------------------------------------------


def test_a_route_that_came_without_a_verified_token_refuses(world: World) -> None:
    refused(call(an_event("GET", "/orders", person=None)), 401, "unauthenticated")
    refused(submitting(ONE_LEVEL, person=None), 401, "unauthenticated")


def test_an_unknown_address_is_not_found(world: World) -> None:
    assert "/openapi.json" in refused(call(an_event("GET", "/nowhere")), 404, "not-found")["detail"]
    refused(call(an_event("POST", "/orders/x/y/z", body="not json")), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/orders", "GET, POST"),
        ("PUT", f"/orders/{NOBODYS}", "GET"),
        ("GET", f"/orders/{NOBODYS}/decisions", "POST"),
        ("HEAD", "/health", "GET"),
        ("POST", "/openapi.json", "GET"),
    ],
)
def test_a_wrong_method_is_answered_with_the_right_ones(world: World, method: str, path: str, allow: str) -> None:
    answer = call(an_event(method, path, person=None))

    refused(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == allow


# --- what the state does not allow ------------------------------------------------------------------------------------


def test_a_decided_level_names_the_decision_that_won(world: World) -> None:
    order_id = world.pending()
    world.clock.move(seconds=1)
    call(decision(order_id, "manager-1"))

    problem = refused(call(decision(order_id, "manager-2", "reject", reason="No")), 409, "already-decided")

    won = {"by": "manager-1", "verdict": "approve", "at": "2026-11-02T12:00:01.000Z"}
    assert problem["order"] == {"state": "PENDING_APPROVAL", "decision": won}


def test_a_person_who_changes_their_mind_is_shown_their_first_decision(world: World) -> None:
    order_id = world.pending()
    call(decision(order_id))

    problem = refused(call(decision(order_id, verdict="reject", reason="No")), 409, "already-decided")

    assert problem["order"]["decision"]["verdict"] == "approve"


def test_a_decision_after_the_deadline_expires_the_order_on_the_spot(world: World) -> None:
    order_id = world.pending()
    world.clock.move(seconds=600)

    problem = refused(call(decision(order_id)), 409, "order-expired")

    assert problem["order"] == {"state": "EXPIRED"}
    assert call(an_event("GET", f"/orders/{order_id}")).json["status"] == "EXPIRED"


def test_a_withdrawn_order_cannot_be_decided(world: World) -> None:
    order_id = world.pending()
    call(an_event("POST", f"/orders/{order_id}/withdrawal", body={}))

    refused(call(decision(order_id)), 409, "order-withdrawn")


def test_a_level_that_is_not_open_yet_says_so(world: World) -> None:
    refused(call(decision(world.submit())), 409, "not-open-yet")


def test_it_is_too_late_to_withdraw_what_is_being_charged(world: World) -> None:
    order_id = world.pending()
    call(decision(order_id))
    world.services().closing.begin_charge(OrderId(order_id))

    problem = refused(call(an_event("POST", f"/orders/{order_id}/withdrawal", body={})), 409, "too-late")

    assert problem["order"] == {"state": "CHARGING"}


# --- what broke -------------------------------------------------------------------------------------------------------


def failing(error: Exception) -> Any:
    """Return a start that fails so."""

    def start(*_: object) -> str:
        raise error

    return start


def test_a_start_that_could_not_be_confirmed_asks_to_try_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key = a_key()
    with monkeypatch.context() as broken:
        broken.setattr(type(world.starter), "start", failing(TransientFaultError("Lambda is busy; try again.")))
        answer = submitting(ONE_LEVEL, key=key)

    refused(answer, 503, "temporarily-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert submitting(ONE_LEVEL, key=key).status == 202


def test_a_decision_that_others_keep_overtaking_asks_to_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = decision(world.pending())
    with monkeypatch.context() as crowded:
        crowded.setattr(type(world.orders), "commit", failing(WriteConflictError("Somebody else wrote first.")))
        answer = call(approval)

    refused(answer, 503, "write-conflict")
    assert int(answer.headers["Retry-After"]) > 0
    assert call(approval).status == 200


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), CorruptDocumentError("orders/secret-key")])
def test_a_defect_tells_nothing_about_the_inside(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(type(world.starter), "start", failing(error))

    answer = submitting(ONE_LEVEL)

    refused(answer, 500, "internal")
    assert str(error) not in answer.text
    assert str(error) in caplog.text


# --- every answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/orders", "/nowhere", "/orders/nonsense", "/health"])
def test_no_answer_is_sniffed_framed_or_stored(world: World, path: str) -> None:
    headers = call(an_event("GET", path)).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_what_is_the_same_for_everybody_may_be_kept_by_the_browser(world: World) -> None:
    assert call(an_event("GET", "/catalogue")).headers["Cache-Control"] == "private, max-age=300"
