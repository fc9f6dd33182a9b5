"""Who may do what with whose order: every role, every route, an own order, another's, and one that does not exist."""

from __future__ import annotations

import json

import pytest

from orders.domain.model import OrderId
from tests.api.world import NOBODYS, ONE_LEVEL, World, an_event, call, decision
from tests.builders import NOON

PEOPLE = (
    "requester-1",
    "requester-2",
    "manager-1",
    "director-1",
    "finance-1",
    "warehouse-1",
    "operator-1",
    "auditor-1",
)
SEES = {"requester-1", "manager-1", "operator-1", "auditor-1"}
SEES_DOCUMENT = SEES - {"operator-1"}


@pytest.fixture
def order_id(world: World) -> str:
    """An order of requester-1 that waits for a manager."""
    made = world.pending()
    arn = world.row(made).execution_arn
    assert arn is not None
    world.history.tell(arn, {"Status": "RUNNING", "StartTimestamp": NOON}, [])
    return made


def get(order_id: str, what: str, person: str) -> int:
    """Return the status of a look at the order; a history without events is 304, which is as good as seen."""
    status = call(an_event("GET", f"/orders/{order_id}{what}", person=person)).status
    return 200 if status == 304 else status


@pytest.mark.parametrize("person", PEOPLE)
def test_an_order_is_placed_by_requesters_alone(world: World, person: str) -> None:
    answer = call(an_event("POST", "/orders", person=person, body=ONE_LEVEL))

    assert answer.status == (202 if person.startswith("requester") else 403)
    assert len(world.starter.started) == (1 if answer.status == 202 else 0)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("what", ["", "/audit", "/execution", "/document"])
def test_an_order_is_seen_by_its_people_and_by_nobody_else(order_id: str, person: str, what: str) -> None:
    sees = SEES_DOCUMENT if what == "/document" else SEES

    assert get(order_id, what, person) == (200 if person in sees else 404)
    assert get(NOBODYS, what, person) == 404


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("requester-1", 403),
        ("requester-2", 404),
        ("manager-1", 200),
        ("director-1", 404),
        ("finance-1", 404),
        ("warehouse-1", 404),
        ("operator-1", 403),
        ("auditor-1", 403),
    ],
)
def test_a_level_is_decided_by_its_role_alone(order_id: str, person: str, status: int) -> None:
    assert call(decision(order_id, person)).status == status
    assert call(decision(NOBODYS, person)).status == 404


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("requester-1", 200),
        ("requester-2", 404),
        ("manager-1", 403),
        ("director-1", 404),
        ("finance-1", 404),
        ("warehouse-1", 404),
        ("operator-1", 403),
        ("auditor-1", 403),
    ],
)
def test_an_order_is_withdrawn_by_its_requester_alone(order_id: str, person: str, status: int) -> None:
    def withdrawing(target: str) -> int:
        return call(an_event("POST", f"/orders/{target}/withdrawal", person=person, body={})).status

    assert withdrawing(order_id) == status
    assert withdrawing(NOBODYS) == 404


def picking(target: str, person: str, what: str) -> int:
    """Return the status of a beat, or of a result."""
    body = {"job": 1} | ({"outcome": "picked"} if what == "result" else {})
    return call(an_event("POST", f"/orders/{target}/picking/{what}", person=person, body=body)).status


@pytest.mark.parametrize("what", ["heartbeat", "result"])
@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("requester-1", 403),
        ("requester-2", 404),
        ("manager-1", 403),
        ("director-1", 404),
        ("finance-1", 404),
        ("warehouse-1", 200),
        ("operator-1", 403),
        ("auditor-1", 403),
    ],
)
def test_a_job_is_worked_on_by_the_warehouse_alone(world: World, person: str, status: int, what: str) -> None:
    """An order without a job is nothing that the warehouse knows of."""
    order_id, without_a_job = world.fulfilling(), world.pending()
    if what == "result":
        picking(order_id, "warehouse-1", "heartbeat")

    assert picking(order_id, person, what) == status
    assert picking(without_a_job, person, what) == (404 if status == 200 else status)
    assert picking(NOBODYS, person, what) == 404


@pytest.mark.parametrize("person", PEOPLE)
def test_jobs_are_listed_for_the_warehouse_alone(world: World, person: str) -> None:
    order_id = world.fulfilling()

    answer = call(an_event("GET", "/picking", person=person))

    assert answer.status == (200 if person == "warehouse-1" else 403)
    assert (order_id in answer.text) == (answer.status == 200)


@pytest.mark.parametrize("what", ["", "/audit", "/execution", "/document"])
def test_the_warehouse_sees_jobs_and_nothing_else_of_an_order(world: World, what: str) -> None:
    order_id = world.fulfilling()
    picking(order_id, "warehouse-1", "heartbeat")

    assert get(order_id, what, "warehouse-1") == 404
    assert call(an_event("GET", "/orders", person="warehouse-1")).json["items"] == []


@pytest.mark.parametrize(
    ("person", "stopped", "recovered"),
    [
        ("requester-1", 403, 403),
        ("requester-2", 404, 404),
        ("manager-1", 403, 403),
        ("director-1", 404, 404),
        ("finance-1", 404, 404),
        ("warehouse-1", 404, 404),
        ("operator-1", 200, 202),
        ("auditor-1", 403, 403),
    ],
)
def test_executions_are_stopped_and_recovered_by_operators_alone(
    world: World, person: str, stopped: int, recovered: int
) -> None:
    def step_in(target: str, what: str) -> int:
        body = {"reason": "It must be"}
        return call(an_event("POST", f"/orders/{target}/{what}", person=person, body=body)).status

    assert step_in(world.pending(), "stop") == stopped
    assert step_in(world.held(), "recovery") == recovered
    assert (step_in(NOBODYS, "stop"), step_in(NOBODYS, "recovery")) == (404, 404)
    assert bool(world.starter.stopped) == (person == "operator-1")


BODIES: dict[str, dict[str, object]] = {
    "/decisions": {"level": 1, "verdict": "approve"},
    "/withdrawal": {},
    "/picking/heartbeat": {"job": 1},
    "/picking/result": {"job": 1, "outcome": "picked"},
    "/stop": {"reason": "It must be"},
    "/recovery": {"reason": "It must be"},
}


@pytest.mark.parametrize("path", ["", "/document", "/audit", "/execution", *BODIES])
@pytest.mark.parametrize("stranger", ["requester-2", "warehouse-1"])
def test_an_order_that_is_not_yours_looks_like_one_that_is_not_there(order_id: str, path: str, stranger: str) -> None:
    def told(target: str) -> str:
        method = "POST" if path in BODIES else "GET"
        answer = call(an_event(method, f"/orders/{target}{path}", person=stranger, body=BODIES.get(path)))
        assert answer.status == 404
        return json.dumps({"headers": answer.headers, "body": answer.json}).replace(target, "ORDER")

    assert told(order_id) == told(NOBODYS)


def test_nobody_decides_an_order_of_their_own_whatever_their_role(world: World) -> None:
    order_id = world.pending("manager-1")

    answer = call(decision(order_id, "manager-1"))

    assert (answer.status, answer.json["code"]) == (403, "segregation-of-duties")
    assert call(an_event("GET", "/inbox", person="manager-1")).json["items"] == []


def test_a_role_comes_from_the_token_and_from_nothing_else(order_id: str) -> None:
    body = {"level": 1, "verdict": "approve"}
    path = f"/orders/{order_id}/decisions"

    for groups in ("[nonsense]", "[]", "", "[Managers]", "managers-of-nothing"):
        assert call(an_event("POST", path, person="pat", groups=groups, body=body)).status == 404
    smuggled = {"x-groups": "managers", "cognito:groups": "[managers]"}
    assert call(an_event("POST", path, person="pat", groups="[]", body=body, headers=smuggled)).status == 404
    assert call(an_event("POST", path, person="pat", groups="[nonsense managers]", body=body)).status == 200


@pytest.mark.parametrize("person", PEOPLE)
def test_a_list_has_exactly_what_its_reader_could_open(world: World, person: str) -> None:
    own = world.submit(person)
    others = world.pending("requester-9")

    listed = {item["orderId"] for item in call(an_event("GET", "/orders", person=person)).json["items"]}

    assert listed == {each for each in (own, others) if get(each, "", person) == 200}


def test_no_answer_ever_carries_a_callback_id(world: World, order_id: str) -> None:
    answers = [
        call(an_event("GET", f"/orders/{order_id}{what}", person="auditor-1"))
        for what in ("", "/document", "/audit", "/execution")
    ]
    answers += [call(an_event("GET", path, person="manager-1")) for path in ("/orders", "/inbox")]
    answers += [call(decision(order_id)), call(decision(order_id, "manager-2"))]
    picked = world.fulfilling()
    for what in ("heartbeat", "result"):
        path = f"/orders/{picked}/picking/{what}"
        answers.append(call(an_event("POST", path, person="warehouse-1", body=BODIES[f"/picking/{what}"])))
        answers += [call(an_event("GET", f"/orders/{picked}{each}", person="auditor-1")) for each in ("", "/audit")]
        answers.append(call(an_event("GET", "/picking", person="warehouse-1")))
        if what == "heartbeat":
            world.services().picking.listen(OrderId(picked), 1, f"callback-of-{picked}-picking")

    assert not any("callback-of-" in answer.text + str(answer.headers) for answer in answers)
    assert f"callback-of-{order_id}-1" in world.signaller.woken
    assert f"callback-of-{picked}-picking" in world.signaller.woken
