"""The warehouse's routes: jobs without amounts, claimed by the first beat, reported once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orders.domain.errors import JobNotUnderWayError
from orders.domain.model import OrderId
from orders.domain.rules import Change
from tests.api.world import NOBODYS, Answer, World, a_key, an_event, call


@pytest.fixture
def order_id(world: World) -> str:
    """An order whose lamp waits for a station; the e-mail account needs nobody."""
    return world.fulfilling()


def beat(order_id: str, person: str = "warehouse-1", job: int = 1) -> Answer:
    """Give a sign of life."""
    return call(an_event("POST", f"/orders/{order_id}/picking/heartbeat", person=person, body={"job": job}))


def report(order_id: str, outcome: str, person: str = "warehouse-1", key: str | None = None, **body: Any) -> Answer:
    """Say what became of job 1."""
    path = f"/orders/{order_id}/picking/result"
    return call(an_event("POST", path, person=person, body={"job": 1, "outcome": outcome, **body}, key=key))


def test_the_list_shows_what_to_pick_and_no_amounts(world: World, order_id: str) -> None:
    answer = call(an_event("GET", "/picking", person="warehouse-1"))

    (job,) = answer.json["items"]
    assert (job["orderId"], job["job"], job["state"], job["claimedBy"]) == (order_id, 1, "open", None)
    assert job["lines"] == [{"sku": "QUARTZ-LAMP", "name": "Quartz desk lamp", "quantity": 1}]
    assert "mount" not in answer.text
    assert "rice" not in answer.text


def test_the_first_beat_claims_and_wakes_the_workflow(world: World, order_id: str) -> None:
    answer = beat(order_id)

    assert (answer.status, answer.json["state"], answer.json["claimedBy"]) == (200, "claimed", "warehouse-1")
    assert world.signaller.woken[-1] == f"callback-of-{order_id}-job-1"
    assert beat(order_id).json["beats"] == 2


def test_another_persons_job_is_theirs(world: World, order_id: str) -> None:
    beat(order_id)

    assert (beat(order_id, "warehouse-2").status, beat(order_id, "warehouse-2").json["code"]) == (409, "job-claimed")
    assert report(order_id, "picked", "warehouse-2").json["code"] == "job-claimed"


def test_a_station_that_lost_its_job_is_told(world: World, order_id: str) -> None:
    beat(order_id)
    world.clock.move(seconds=world.services().settings.waits.beat + 1)
    world.services().picking.settle_job(OrderId(order_id), 1)

    for answer in (beat(order_id), report(order_id, "picked")):
        assert (answer.status, answer.json["code"]) == (409, "job-superseded")


def test_a_result_before_the_workflow_listens_wakes_the_wait_for_the_claim(world: World, order_id: str) -> None:
    """A claim and its result, back to back: the signal of the claim may be lost, so the result sends it again."""
    beat(order_id)

    assert report(order_id, "picked").status == 200

    claim = f"callback-of-{order_id}-job-1"
    assert world.signaller.signals == (f"callback-of-{order_id}-1", claim, claim)


def test_a_result_of_a_job_without_callbacks_signals_nothing(world: World, order_id: str) -> None:
    """Rows of earlier releases may lack them; the workflow then finds the result at its next look."""
    beat(order_id)
    row = world.orders.get(OrderId(order_id))
    assert row is not None
    bare = replace(row, version=row.version + 1, jobs=(replace(row.jobs[0], claim_callback_id=None),))
    world.orders.commit(Change(row, bare, None))
    before = world.signaller.signals

    assert report(order_id, "picked").status == 200
    assert world.signaller.signals == before


@pytest.mark.parametrize("outcome", ["picked", "failed"])
def test_the_workflow_does_not_listen_to_a_job_that_has_its_result(world: World, order_id: str, outcome: str) -> None:
    beat(order_id)
    report(order_id, outcome, reason="Not there")

    with pytest.raises(JobNotUnderWayError):
        world.services().picking.listen(OrderId(order_id), 1, f"picking-of-{order_id}")

    assert world.row(order_id).jobs[0].picking_callback_id is None
    assert world.services().picking.settle_job(OrderId(order_id), 1).outcome == outcome


def test_the_workflow_does_not_listen_to_a_job_of_an_order_that_is_held(world: World, order_id: str) -> None:
    beat(order_id)
    world.services().notification.execution_lost(OrderId(order_id), "STOPPED")

    with pytest.raises(JobNotUnderWayError):
        world.services().picking.listen(OrderId(order_id), 1, f"picking-of-{order_id}")


def test_a_result_is_taken_once_and_wakes_the_workflow(world: World, order_id: str) -> None:
    beat(order_id)
    world.services().picking.listen(OrderId(order_id), 1, f"picking-of-{order_id}")
    key = a_key()

    first, again = report(order_id, "picked", key=key), report(order_id, "picked", key=key)

    assert (first.status, first.json["state"]) == (200, "picked")
    assert (again.text, again.headers["Idempotent-Replayed"]) == (first.text, "true")
    assert world.signaller.woken[-1] == f"picking-of-{order_id}"
    assert call(an_event("GET", "/picking", person="warehouse-1")).json["items"] == []


def test_a_failure_says_why(world: World, order_id: str) -> None:
    beat(order_id)

    silent = report(order_id, "failed")
    said = report(order_id, "failed", reason="The box was empty")

    assert (silent.status, silent.json["errors"][0]["pointer"]) == (422, "/reason")
    assert (said.status, said.json["state"]) == (200, "failed")


@pytest.mark.parametrize("person", ["requester-1", "manager-1", "operator-1", "auditor-1"])
def test_only_the_warehouse_picks(world: World, order_id: str, person: str) -> None:
    assert call(an_event("GET", "/picking", person=person)).status == 403
    assert beat(order_id, person).status == 403
    assert report(order_id, "picked", person).status == 403


def test_an_order_without_a_job_does_not_exist_for_the_warehouse(world: World) -> None:
    untouched = world.pending()

    assert [beat(each).status for each in (untouched, NOBODYS)] == [404, 404]
    assert beat(untouched).json["detail"] == beat(NOBODYS).json["detail"]


def test_a_job_the_order_does_not_have_is_a_mistake_in_the_request(world: World, order_id: str) -> None:
    answer = beat(order_id, job=2)

    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/job")


def test_the_requester_sees_whose_job_it_is(world: World, order_id: str) -> None:
    beat(order_id)

    (job,) = call(an_event("GET", f"/orders/{order_id}")).json["jobs"]

    assert (job["state"], job["claimedBy"]) == ("claimed", "warehouse-1")
    assert "callback" not in str(job).lower()
