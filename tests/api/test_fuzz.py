"""Requests that nobody would write, made by schemathesis from our own description: no defect, no surprise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from orders.wiring import installed
from tests.api.world import World, an_event, call, route_of
from tests.builders import NOON

EXAMPLES = 200
FEWER = {"GET /catalogue", "GET /health", "GET /me", "GET /openapi.json", "GET /policy"}
"""Operations without anything to vary: there are only a few different requests."""
EVERYTHING = "[requesters managers directors finance warehouse operators auditors]"
# What is for sale, and which cursors were given out, no schema can say: a request of the right form may be refused.
TOKEN = {"Authorization": "Bearer checked-by-the-gateway"}
Environ = dict[str, Any]


def gateway(environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
    """A WSGI application in the place of API Gateway: it asks for a token and hands the request to the function."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
    open_to_all = route_of(method, path) in {"GET /health", "$default"}
    if not open_to_all and environ.get("HTTP_AUTHORIZATION") != TOKEN["Authorization"]:
        start_response("401 Unauthorized", [("Content-Type", "application/json")])
        return [b'{"message":"Unauthorized"}']
    answer = call(event_from(environ, method, path))
    start_response(f"{answer.status} -", list(answer.headers.items()))
    return [answer.text.encode()]


def event_from(environ: Environ, method: str, path: str) -> dict[str, Any]:
    """Return the event of a request; a header or a parameter that comes twice is joined with commas."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode(errors="surrogateescape")
    query: dict[str, str] = {}
    for name, value in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    event = an_event(method, path, person="pat", groups=EVERYTHING, body=body or None, query=query)
    sent = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    event["headers"] = sent | ({"content-type": environ["CONTENT_TYPE"]} if environ.get("CONTENT_TYPE") else {})
    return event


def described() -> dict[str, Any]:
    """Return the description; it needs no world."""
    document: dict[str, Any] = call(an_event("GET", "/openapi.json")).json
    return document


made: Counter[str] = Counter()
schema = schemathesis.openapi.from_dict(described())
schema.app = gateway
schema.config.generation.update(with_security_parameters=False)


@pytest.fixture(scope="module")
def order_id(requests_table: str) -> Iterator[str]:
    """One world with one open order for all the requests."""
    world = World()
    with installed(world.services()):
        made = world.pending()
        arn = world.row(made).execution_arn
        assert arn is not None
        world.history.tell(arn, {"Status": "RUNNING", "StartTimestamp": NOON}, [])
        yield made


@pytest.mark.timeout(300)  # making two hundred requests takes seconds, on a machine that is busy a minute
@schema.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_meets_a_defect_or_an_undescribed_answer(case: schemathesis.Case[Any], order_id: str) -> None:
    """Half of the requests that may be about an order are about one that exists.

    Query parameters that the API does not know are ignored, as everywhere on the web.
    """
    known = {parameter.name for parameter in case.operation.query}
    assume(set(case.query or {}) <= known)
    if "orderId" in (case.path_parameters or {}) and len(json.dumps(case.path_parameters)) % 2:
        case.path_parameters["orderId"] = order_id
    made[case.operation.label] += 1
    case.call_and_validate(headers=TOKEN, excluded_checks=[positive_data_acceptance])


def test_every_operation_was_asked_two_hundred_times(record_testsuite_property: Callable[[str, object], None]) -> None:
    """Counted after everything that was made and then not sent; the tests above come first."""
    record_testsuite_property("requests of the fuzzer", f"{made.total()}, {min(made.values())} to {max(made.values())}")
    paths = described()["paths"]

    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} == {*made}
    assert {label: count for label, count in made.items() if count < EXAMPLES and label not in FEWER} == {}
