"""Reading requests: whatever comes in, it is read as it was written or refused with a pointer that leads somewhere."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import jsonpointer
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approval_api.requests import parse_json
from orders.domain.errors import CountersignError
from tests.api.world import ONE_LEVEL, World, an_event, call, decision

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=4)
FIELDS = ("customer", "currency", "lines", "note")
BODIES = st.fixed_dictionaries({}, optional={name: VALUES | st.just(ONE_LEVEL.get(name)) for name in FIELDS})
FREELY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(OBJECTS)
def test_an_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert parse_json(json.dumps(value)) == value


@given(st.text())
def test_a_text_is_read_or_refused_in_our_words(text: str) -> None:
    with suppress(CountersignError):
        assert isinstance(parse_json(text), dict)


@FREELY
@given(st.one_of(BODIES, OBJECTS, st.builds(lambda body, more: {**body, **more}, BODIES, OBJECTS)))
def test_every_pointer_leads_to_what_is_wrong_or_to_where_something_is_missing(
    world: World, body: dict[str, Any]
) -> None:
    answer = call(an_event("POST", "/orders", body=body))

    assert answer.status in {202, 422}
    for finding in answer.json.get("errors", []):
        pointer = jsonpointer.JsonPointer(finding["pointer"])
        place = pointer.resolve(body, None)
        if place is None and pointer.parts:
            assert isinstance(jsonpointer.JsonPointer.from_parts(pointer.parts[:-1]).resolve(body), (dict, list))
        assert finding["detail"].endswith(".")


def test_every_log_line_about_an_order_names_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    order_id = world.pending()
    call(decision(order_id))
    call(an_event("GET", "/me"))

    logged = [(vars(each)["route"], vars(each)["order_id"]) for each in caplog.records if each.message == "answered"]
    assert logged == [("POST /orders", order_id), ("POST /orders/{orderId}/decisions", order_id), ("GET /me", None)]


def test_no_log_line_holds_what_people_wrote(world: World, caplog: pytest.LogCaptureFixture) -> None:
    order_id = world.pending(body={**ONE_LEVEL, "customer": "canary-customer", "note": "canary-note"})
    call(decision(order_id, verdict="reject", reason="canary-reason"))
    call(decision(order_id, "manager-2", verdict="canary-verdict"))
    call(an_event("POST", "/orders", person="canary-person", groups="[requesters]", body={"canary-field": 1}))

    assert len(caplog.records) >= 4
    assert "canary" not in str([vars(record) for record in caplog.records])
