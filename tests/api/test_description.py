"""The OpenAPI description is made from the code: it says what the template routes and what the function answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from local import template
from orders.domain.model import OrderId
from tests.api.world import AUTOMATIC, NOBODYS, ONE_LEVEL, ROUTES, Answer, World, an_event, call, decision

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"


@cache
def description() -> dict[str, Any]:
    """Return what GET /openapi.json answers."""
    document: dict[str, Any] = call(an_event("GET", "/openapi.json")).json
    return document


def operations() -> dict[str, dict[str, Any]]:
    """Return every described operation by its route key."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
    }


def test_the_description_is_valid_openapi(world: World) -> None:
    validate(description())


def test_the_template_routes_what_the_function_describes_and_the_tests_call(world: World) -> None:
    routed = {route.key: route for route in template.read(TEMPLATE).http_api.routes}

    assert set(operations()) == set(routed) - {"$default"} == set(ROUTES)
    for key, operation in operations().items():
        assert ("security" in operation) == (routed[key].authorizer is not None), key


def test_every_post_asks_for_an_idempotency_key_and_says_what_it_refuses(world: World) -> None:
    """Beats are the exception: each is a sign of life of its own."""
    posts = {key: operation for key, operation in operations().items() if key.startswith("POST")}

    assert len(posts) == 7
    for key, operation in posts.items():
        keyed = any(each["name"] == "idempotency-key" and each["required"] for each in operation["parameters"])
        assert keyed != key.endswith("/heartbeat")
        assert {"400", "409", "413", "415", "422", "503"} <= set(operation["responses"])


def test_nothing_described_could_hold_a_callback_id(world: World) -> None:
    assert "callback" not in str(description()["components"]["schemas"]).lower()


def conforms(route: str, answer: Answer) -> None:
    """Check an answer against what the description says of it."""
    described = operations()[route]["responses"][str(answer.status)]
    media = answer.headers["Content-Type"]
    schema = {**described["content"][media]["schema"], "components": description()["components"]}
    jsonschema.validate(answer.json, schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("person", ["requester-1", "manager-1", "auditor-1", "operator-1"])
def test_what_is_read_is_what_was_described(world: World, person: str) -> None:
    order_id = world.pending()
    world.submit(body=AUTOMATIC)
    call(decision(order_id, "manager-2", "reject", reason="Too dear"))

    for route in ROUTES:
        method, path = route.split(" ")
        if method == "GET" and not path.endswith("execution"):
            conforms(route, call(an_event("GET", path.replace("{orderId}", order_id), person=person)))


def test_what_is_written_is_answered_as_described(world: World) -> None:
    submitted = call(an_event("POST", "/orders", body=ONE_LEVEL))
    order_id = submitted.json["orderId"]
    world.open_level(order_id)

    conforms("POST /orders", submitted)
    conforms("POST /orders", call(an_event("POST", "/orders", body={})))
    conforms("POST /orders/{orderId}/decisions", call(decision(order_id, "auditor-1")))
    conforms("POST /orders/{orderId}/decisions", call(decision(order_id)))
    conforms("POST /orders/{orderId}/decisions", call(decision(order_id, "manager-2")))
    withdrawal = f"/orders/{order_id}/withdrawal"
    conforms("POST /orders/{orderId}/withdrawal", call(an_event("POST", withdrawal, body={})))
    nobodys = f"/orders/{NOBODYS}/withdrawal"
    conforms("POST /orders/{orderId}/withdrawal", call(an_event("POST", nobodys, body={})))


def test_what_stations_and_operators_are_answered_is_as_described(world: World) -> None:
    order_id = world.fulfilling()
    reason = {"reason": "It must be"}

    def post(what: str, person: str, body: dict[str, Any]) -> None:
        conforms(
            f"POST /orders/{{orderId}}/{what}",
            call(an_event("POST", f"/orders/{order_id}/{what}", person=person, body=body)),
        )

    conforms("GET /picking", call(an_event("GET", "/picking", person="warehouse-1")))
    for person in ("warehouse-1", "warehouse-2", "requester-1", "requester-2"):
        post("picking/heartbeat", person, {"job": 1})
        post("picking/result", person, {"job": 1, "outcome": "picked"})
    conforms("GET /orders/{orderId}", call(an_event("GET", f"/orders/{order_id}")))
    for person in ("operator-1", "manager-1", "requester-2"):
        post("stop", person, reason)
        post("recovery", person, reason)
    world.services().notification.execution_lost(OrderId(order_id), "STOPPED")
    post("recovery", "operator-1", reason)
