"""The execution as the page polls it: news since a cursor, payloads for auditors only, never a callback id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from orders.adapters.durable_lambda import without_callback_ids
from orders.wiring import assemble, installed
from tests.api.world import Answer, World, an_event, call
from tests.builders import NOON, at

SECRET = "Y2FsbGJhY2staWQtdGhhdC1ub2JvZHktbWF5LXNlZQ=="


class ToldHistory:
    """One history for every execution, as the adapter hands it on: without callback ids, with data only if asked."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def tell(self, kind: str, seconds: float, subject: str, **details: Any) -> None:
        """Add an event."""
        event = {"EventType": kind, "EventId": len(self.told) + 1, "EventTimestamp": at(seconds)}
        self.told.append({**event, "Id": subject, "Name": subject, f"{kind}Details": details})

    def events(self, _execution_arn: str, /, *, payloads: bool) -> Sequence[Mapping[str, Any]]:
        """Return what was told."""
        told = without_callback_ids(self.told)
        return told if payloads else [{**event, f"{event['EventType']}Details": {}} for event in told]

    def describe(self, _execution_arn: str, /) -> Mapping[str, Any]:
        """Return that it runs."""
        return {"Status": "RUNNING", "StartTimestamp": NOON}


@pytest.fixture
def history(world: World) -> Iterator[ToldHistory]:
    """The history that every order of this test has."""
    told = ToldHistory()
    told.tell("ExecutionStarted", 0, "order", Input={"Payload": '{"orderId":"o1"}'})
    told.tell("StepStarted", 1, "open-level")
    told.tell("StepSucceeded", 2, "open-level", Result={"Payload": f'{{"callback":"{SECRET}"}}'})
    told.tell("CallbackStarted", 2, "decision", CallbackId=SECRET, Timeout=120)
    settings = world.services()
    ports = replace(world.ports(), history=told)
    with installed(assemble(settings.settings, settings.catalogue, settings.policy, ports)):
        yield told


def execution(order_id: str, person: str = "requester-1", after: int | None = None) -> Answer:
    """Ask for the execution."""
    query = None if after is None else {"after": after}
    return call(an_event("GET", f"/orders/{order_id}/execution", person=person, query=query))


def test_the_first_look_brings_everything(world: World, history: ToldHistory) -> None:
    seen = execution(world.submit())

    assert seen.status == 200
    assert seen.headers["ETag"] == '"4"'
    assert {name: seen.json[name] for name in ("status", "startedAt", "endedAt", "cursor", "invocations")} == {
        "status": "RUNNING",
        "startedAt": "2026-11-02T12:00:00.000Z",
        "endedAt": None,
        "cursor": 4,
        "invocations": [],
    }
    assert seen.json["operations"][0] == {
        "id": "open-level",
        "parentId": None,
        "type": "STEP",
        "subType": None,
        "name": "open-level",
        "status": "SUCCEEDED",
        "startedAt": "2026-11-02T12:00:01.000Z",
        "endedAt": "2026-11-02T12:00:02.000Z",
        "attempts": [{"startedAt": "2026-11-02T12:00:01.000Z", "endedAt": "2026-11-02T12:00:02.000Z"}],
    }


def test_nothing_new_is_304_without_a_body(world: World, history: ToldHistory) -> None:
    seen = execution(world.submit(), after=4)

    assert (seen.status, seen.text, seen.headers["ETag"]) == (304, "", '"4"')


def test_news_are_only_what_was_touched(world: World, history: ToldHistory) -> None:
    order_id = world.submit()
    history.tell("CallbackSucceeded", 9, "decision")

    seen = execution(order_id, after=4)

    assert [each["name"] for each in seen.json["operations"]] == ["decision"]
    assert seen.json["cursor"] == 5


def test_only_auditors_see_payloads_and_nobody_sees_a_callback_id(world: World, history: ToldHistory) -> None:
    order_id = world.submit()

    audited, own = execution(order_id, "auditor-1"), execution(order_id)

    assert audited.json["input"] == '{"orderId":"o1"}'
    assert "callback" in audited.json["operations"][0]["result"]
    assert audited.json["operations"][1]["deadline"] == "2026-11-02T12:02:02.000Z"
    assert "input" not in own.json
    assert "result" not in own.json["operations"][0]
    assert SECRET not in audited.text + own.text


def test_an_execution_that_the_service_has_let_go_is_told_from_an_order_that_is_not_there(world: World) -> None:
    answer = execution(world.submit())

    assert (answer.status, answer.json["code"]) == (404, "no-history")


def test_a_cursor_that_is_no_number_is_told_so(world: World, history: ToldHistory) -> None:
    answer = call(an_event("GET", f"/orders/{world.submit()}/execution", query={"after": "soon"}))

    assert answer.status == 422
    assert answer.json["errors"] == [{"pointer": "/after", "detail": "Use a whole number."}]
