"""The sample events under events/approval_api: each is a request that works, in the order of an order's life."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orders.domain.model import OrderId
from orders.domain.submission import order_id_for
from tests.api.world import World, call

FOLDER = Path(__file__).resolve().parents[2] / "events" / "approval_api"
USED = {"health", "submit", "list", "read", "approve", "reject", "withdraw"} | {
    "jobs",
    "beat",
    "picked",
    "stop",
    "recover",
}


def sample(name: str, order_id: str | None = None) -> dict[str, Any]:
    """Return a sample; those about one order are told which."""
    text = (FOLDER / f"{name}.json").read_text()
    event: dict[str, Any] = json.loads(text)
    named = event.get("pathParameters", {}).get("orderId")
    return event if not named or not order_id else dict(json.loads(text.replace(named, order_id)))


def test_every_sample_is_used_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == USED


def test_the_function_is_healthy_and_lists(world: World) -> None:
    assert call(sample("health")).status == 200
    assert call(sample("list")).status == 200


def test_the_sample_submission_makes_the_order_that_the_other_samples_are_about(world: World) -> None:
    submission = sample("submit")
    username = submission["requestContext"]["authorizer"]["jwt"]["claims"]["username"]

    submitted = call(submission)

    order_id = order_id_for(username, submission["headers"]["idempotency-key"])
    assert (submitted.status, submitted.json["orderId"]) == (202, order_id)
    assert call(sample("read")).json["orderId"] == order_id
    world.open_level(order_id)
    assert call(sample("approve", order_id)).json["verdict"] == "approve"


def test_the_sample_rejection_rejects(world: World) -> None:
    assert call(sample("reject", world.pending())).json["outcome"] == "rejected"


def test_the_sample_withdrawal_withdraws(world: World) -> None:
    assert call(sample("withdraw", world.pending())).json["status"] == "WITHDRAWN"


def test_the_sample_station_claims_the_job_it_was_shown_and_picks_it(world: World) -> None:
    order_id = world.fulfilling()

    assert [job["orderId"] for job in call(sample("jobs")).json["items"]] == [order_id]
    assert call(sample("beat", order_id)).json["claimedBy"] == "warehouse-1"
    assert call(sample("picked", order_id)).json["state"] == "picked"


def test_the_sample_operator_stops_an_order_and_recovers_it(world: World) -> None:
    order_id = world.pending()

    assert call(sample("stop", order_id)).status == 200
    world.services().notification.execution_lost(OrderId(order_id), "STOPPED")
    assert call(sample("recover", order_id)).status == 202
