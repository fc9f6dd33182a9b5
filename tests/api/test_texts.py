"""What people write comes in through one rule: every field and every way in accepts and refuses the same texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from approval_api.requests import QueuedBody
from orders.domain.submission import register
from orders.domain.texts import canonical
from orders.wiring import installed
from tests.api.world import ONE_LEVEL, Answer, World, a_message, an_event, call, decision, order_of, take
from tests.builders import A_REF, a_document
from tests.hostile_texts import CUSTOMER, HOSTILE, NOTE, REASON

Sends = Callable[[World, str], Answer]


def submits(field: str) -> Sends:
    return lambda _, text: call(an_event("POST", "/orders", body={**ONE_LEVEL, field: text}))


def decides(verdict: str) -> Sends:
    return lambda world, text: call(decision(world.pending(), verdict=verdict, reason=text))


def withdraws(world: World, text: str) -> Answer:
    return call(an_event("POST", f"/orders/{world.submit()}/withdrawal", body={"reason": text}))


def picks(outcome: str) -> Sends:
    def send(world: World, text: str) -> Answer:
        order_id = world.fulfilling()
        path = f"/orders/{order_id}/picking"
        call(an_event("POST", f"{path}/heartbeat", person="warehouse-1", body={"job": 1}))
        body = {"job": 1, "outcome": outcome, "reason": text}
        return call(an_event("POST", f"{path}/result", person="warehouse-1", body=body))

    return send


def operates(what: str) -> Sends:
    def send(world: World, text: str) -> Answer:
        order_id = world.pending() if what == "stop" else world.held()
        return call(an_event("POST", f"/orders/{order_id}/{what}", person="operator-1", body={"reason": text}))

    return send


FIELDS: dict[str, tuple[str, Sends]] = {
    "POST /orders /customer": (CUSTOMER, submits("customer")),
    "POST /orders /note": (NOTE, submits("note")),
    "POST /orders/{orderId}/decisions /reason": (REASON, decides("reject")),
    "POST /orders/{orderId}/decisions /reason when approving": (NOTE, decides("approve")),
    "POST /orders/{orderId}/withdrawal /reason": (NOTE, withdraws),
    "POST /orders/{orderId}/picking/result /reason": (REASON, picks("failed")),
    "POST /orders/{orderId}/picking/result /reason when picked": (NOTE, picks("picked")),
    "POST /orders/{orderId}/stop /reason": (REASON, operates("stop")),
    "POST /orders/{orderId}/recovery /reason": (REASON, operates("recovery")),
}
# The domain's rule is held against the whole table; a field whose request needs an order of its own, against these.
TELLING = {
    *("word-of-300-letters", "text-of-2001-letters", "hebrew", "right-to-left-override", "end-of-an-isolate"),
    *("emoji-family", "decomposed-umlaut", "escape-sequence", "null", "newline", "windows-newline", "tab"),
    *("zero-width-space", "spaces", "punctuation-alone", "html"),
}
# Texts that must be one of the catalogue's: none that a person makes up is ever stored.
CHOSEN = {"POST /orders /currency", "POST /orders /lines/*/sku"}


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_accepts_and_refuses_by_the_one_table(world: World, field: str) -> None:
    kind, send = FIELDS[field]
    pointer = field.split()[2]

    for name in sorted(HOSTILE if field.startswith("POST /orders /") else TELLING):
        each = HOSTILE[name]
        answer = send(world, each.text)

        assert answer.status in ({200, 202} if kind in each.accepted else {422}), (name, answer.text)
        if kind not in each.accepted:
            assert [found["pointer"] for found in answer.json["errors"]] == [pointer], name
            assert answer.json["errors"][0]["detail"].endswith("."), name


def test_a_refusal_names_the_character_and_where_it_is(world: World) -> None:
    answer = submits("customer")(world, "acme \u202e00.1€ latot")

    assert answer.json["errors"] == [
        {
            "pointer": "/customer",
            "detail": "Remove U+202E RIGHT-TO-LEFT OVERRIDE at character 6; this field does not accept it.",
        }
    ]


def test_what_is_stored_and_shown_is_the_canonical_form(world: World) -> None:
    order = submits("customer")(world, "  Mu\u0308ller [/Bau] GmbH ").json
    rejected = decides("reject")(world, "Too\r\ndear\u0308 ").json
    withdrawn = withdraws(world, " Not\rneeded ").json

    assert order["customer"] == "Müller [/Bau] GmbH"
    assert rejected["reason"] == "Too\ndear\u0308"
    assert withdrawn["outcomeReason"] == "Withdrawn: Not\nneeded"


def test_a_reason_that_reaches_the_service_of_executions_is_canonical(world: World) -> None:
    operates("stop")(world, " It\r\nmust be ")

    assert list(world.starter.stopped.values()) == ["It\nmust be"]


@pytest.mark.parametrize("field", ["customer", "note"])
def test_the_queue_refuses_what_http_refuses(world: World, field: str) -> None:
    for number, (name, each) in enumerate(HOSTILE.items()):
        token = f"token-{number}"
        content = a_message({**ONE_LEVEL, field: each.text}, taskToken=token)

        assert take(content) == []
        if field in each.accepted:
            assert getattr(world.row(order_of(content)), field) == canonical(each.text), name
        else:
            problem = json.loads(world.tasks.reports[token].cause or "")
            assert [found["pointer"] for found in problem["errors"]] == [f"/order/{field}"], name
            assert world.orders.get(order_of(content)) is None


def strings_in(schema: dict[str, Any], known: dict[str, Any], pointer: str = "") -> Iterator[str]:
    """Return the pointers to texts of any content: those without a pattern, and that are no choice of a few."""
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        yield from strings_in(choice, known, pointer)
    if schema.get("type") == "string" and not {"pattern", "enum", "const"} & schema.keys():
        yield pointer
    for name, inner in schema.get("properties", {}).items():
        yield from strings_in(inner, known, f"{pointer}/{name}")
    if "items" in schema:
        yield from strings_in(schema["items"], known, f"{pointer}/*")


def test_no_field_that_takes_any_text_is_forgotten() -> None:
    """A new field of a request fails here until the table above holds it against the hostile texts."""
    document = call(an_event("GET", "/openapi.json")).json
    known = document["components"]["schemas"]
    bodies = {
        f"{method.upper()} {path}": operation["requestBody"]["content"]["application/json"]["schema"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }
    found = {f"{route} {pointer}" for route, body in bodies.items() for pointer in strings_in(body, known)}

    assert found == {" ".join(field.split()[:3]) for field in FIELDS} | CHOSEN
    queued = QueuedBody.model_json_schema()
    assert {each for each in strings_in(queued, queued["$defs"]) if not each.startswith("/order/")} == {
        "/requester",  # a username: see test_identity
        "/taskToken",  # a secret of Step Functions, shown nowhere
    }


def test_a_text_that_was_stored_before_the_rule_is_returned_as_it_is(world: World) -> None:
    """JSON has no effect where it is read; the page and the command line isolate what they show."""
    for name, each in HOSTILE.items():
        earlier = World()
        order = earlier.orders.create(register(a_document(customer=each.text, note=each.text), A_REF, "arn:execution"))
        with installed(earlier.services()):
            answer = call(an_event("GET", f"/orders/{order.order_id}", person="auditor-1"))

        assert (answer.json["customer"], answer.json["note"]) == (each.text, each.text), name
