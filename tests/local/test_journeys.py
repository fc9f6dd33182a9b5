"""Orders from submission to outcome over HTTP, on the whole stack as `make run` starts it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from tests.orders import ATLAS, LAMP, SMALL, Orders
from tests.stack import ROOT, Stack, eventually


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One stack for every journey that needs nothing special."""
    with Stack(tmp_path_factory.mktemp("journeys") / "data") as stack:
        yield Orders(stack)


def test_an_order_is_placed_approved_and_completed(orders: Orders) -> None:
    before = orders.taken("ATLAS-ED")
    order_id = orders.submit(ATLAS)
    pending = orders.until(order_id, "PENDING_APPROVAL")
    assert (pending["total"], pending["level"], pending["levels"][0]["role"]) == (14_700, 1, "managers")

    decided = orders.decide(order_id, "approve")

    assert decided.status == 200, decided.body
    orders.until(order_id, "COMPLETED")
    assert orders.ledger(order_id) == ["authorise", "capture"]
    assert orders.taken("ATLAS-ED") == before + 3
    assert orders.events(order_id) == ["submitted", "level-opened", "approved", "charge-begun", "completed"]
    orders.until_ended(order_id)
    assert orders.outbox(order_id) == {"request-decision": 1, "outcome": 1}


def test_a_small_order_needs_nobody(orders: Orders) -> None:
    assert orders.until(orders.submit(SMALL), "COMPLETED")["levels"] == []


def test_a_rejection_releases_stock_and_voids_the_payment(orders: Orders) -> None:
    before = orders.taken("ATLAS-ED")
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")

    answer = orders.decide(order_id, "reject", reason="Too dear")

    assert answer.status == 200, answer.body
    assert orders.until(order_id, "REJECTED")["outcomeReason"] == "manager-1 rejected it: Too dear"
    orders.until_ended(order_id)
    assert orders.ledger(order_id) == ["authorise", "void"]
    assert orders.taken("ATLAS-ED") == before


def test_a_withdrawal_releases_stock_and_voids_the_payment(orders: Orders) -> None:
    before = orders.taken("ATLAS-ED")
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")

    answer = orders.withdraw(order_id)

    assert (answer.status, answer.json()["status"]) == (200, "WITHDRAWN")
    orders.until_ended(order_id)
    assert orders.ledger(order_id) == ["authorise", "void"]
    assert orders.taken("ATLAS-ED") == before


@pytest.mark.parametrize(
    ("lines", "customer", "reason"),
    [
        (ATLAS, "card-declined", "declined"),
        (ATLAS, "credit-refused", "credit"),
        ([{"sku": "SOLD-OUT", "quantity": 1}], "acme", "Out of stock: SOLD-OUT"),
    ],
)
def test_what_cannot_be_had_is_refused_with_a_reason_a_person_understands(
    orders: Orders, lines: list[dict[str, object]], customer: str, reason: str
) -> None:
    order = orders.until(orders.submit(lines, customer=customer), "REFUSED")

    assert reason in order["outcomeReason"]


def test_a_job_that_is_claimed_and_reported_at_once_completes_the_order_at_once(orders: Orders) -> None:
    """Two requests of one station, back to back: the result comes before the workflow listens to the station."""
    waited = []
    for _ in range(3):
        order_id = orders.submit(LAMP)
        orders.until(order_id, "FULFILLING")

        began = time.monotonic()
        answers = [orders.pick(order_id, "heartbeat"), orders.pick(order_id, "result", outcome="picked")]
        assert [answer.status for answer in answers] == [200, 200], answers
        orders.until(order_id, "COMPLETED")
        waited.append(time.monotonic() - began)

    assert min(waited) <= 1.0  # the first may start a worker; a heartbeat interval is thirty seconds
    assert max(waited) <= 5.0


def test_one_requester_cannot_hold_a_good_against_everybody_else(orders: Orders) -> None:
    """Orders at once, too: what is beyond the share is refused, by the API or by the workflow, and later fits again."""

    def bulk(thousands: int) -> list[dict[str, object]]:
        return [{"sku": "BULK-0002", "quantity": 10_000}] * (thousands // 10)

    greedy = orders.post(bulk(260))
    assert (greedy.status, greedy.json()["code"]) == (422, "pending-limit")
    assert [each["pointer"] for each in greedy.json()["errors"]] == ["/lines/25/quantity"]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: orders.post(bulk(100)), range(5)))
    taken = [answer.json()["orderId"] for answer in answers if answer.status == 202]
    stands = [orders.until(order_id, "PENDING_APPROVAL", "REFUSED")["status"] for order_id in taken]

    assert {answer.status for answer in answers} <= {202, 422}
    assert stands.count("PENDING_APPROVAL") == 2
    assert orders.post(bulk(60)).json()["code"] == "pending-limit"
    assert orders.post(bulk(60), by="requester-2").status == 202
    first = taken[stands.index("PENDING_APPROVAL")]
    assert orders.withdraw(first).status == 200
    orders.until_ended(first)
    assert orders.until(orders.submit(bulk(60)), "PENDING_APPROVAL")


def test_the_same_submission_twenty_times_at_once_is_one_order(orders: Orders) -> None:
    key = "the-same-key-for-everybody"
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: orders.post(ATLAS, key=key), range(20)))

    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 1
    replayed = sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers)
    assert replayed == 19
    workers = [each for each in orders.stack.environments() if each["function"] == "countersign-ApprovalApi"]
    assert len(workers) >= 2
    order_id = answers[0].json()["orderId"]
    aws = boto3.Session("test", "test", region_name="us-east-1")
    endpoints = orders.stack.endpoints
    executions = aws.client("lambda", endpoint_url=endpoints["lambda"]).list_durable_executions_by_function(
        FunctionName="countersign-OrderWorkflow", Qualifier="live", DurableExecutionName=order_id
    )["DurableExecutions"]
    assert [execution["DurableExecutionName"] for execution in executions] == [order_id]
    listing = aws.client("s3", endpoint_url=endpoints["data"]).list_object_versions(
        Bucket="countersign-documentsbucket", Prefix=f"orders/{order_id}/document"
    )
    assert len(listing["Versions"]) == 1


def test_the_timeline_of_a_one_level_order_shows_every_operation_with_start_and_end(orders: Orders) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    orders.decide(order_id, "approve")
    orders.until(order_id, "COMPLETED")

    execution = orders.until_ended(order_id)

    timed = [each for each in execution["operations"] if each["startedAt"] and each["endedAt"]]
    assert len(timed) >= 12
    assert {"register-order", "approve-manager", "decision", "capture-payment"} <= {each["name"] for each in timed}
    assert len(execution["invocations"]) in {3, 4}  # three when the manager is faster than the messenger
    assert all(each["startedAt"] <= each["endedAt"] for each in execution["invocations"])


def test_every_line_of_a_workflow_names_function_request_and_execution(orders: Orders) -> None:
    order_id = orders.submit(SMALL)
    orders.until(order_id, "COMPLETED")
    orders.until_ended(order_id)

    lines = [json.loads(line) for line in orders.stack.log.read_text("utf-8").splitlines()]

    workflow = [line for line in lines if line["source"] == "countersign-OrderWorkflow" and "requestId" in line]
    mine = [line for line in workflow if f"/durable-execution/{order_id}/" in line["execution"]]
    assert {"order registered", "order complete"} <= {line.get("message") for line in mine}
    assert all(line["requestId"] for line in mine)


def test_a_callback_id_never_leaves_the_server(orders: Orders) -> None:
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    row = orders._query(f"ORDER#{order_id}", "ORDER")[0]
    callback_id = row["levels"][0]["callbackId"]

    said = [
        orders.stack.request("GET", f"/orders/{order_id}{part}", identity=person).body.decode()
        for person in ("auditor-1", "manager-1", "requester-1", "operator-1")
        for part in ("", "/audit", "/execution", "/document")
    ]
    orders.decide(order_id, "approve")
    orders.until(order_id, "COMPLETED")

    assert callback_id
    assert not [answer for answer in said if callback_id in answer]
    assert callback_id not in orders.stack.log.read_text("utf-8")


def test_silence_expires_an_order(tmp_path: Path) -> None:
    with Stack(tmp_path / "data", environment={"DECISION_WINDOW_SECONDS": "5"}) as stack:
        orders = Orders(stack)
        began = time.monotonic()
        order_id = orders.submit(ATLAS)

        orders.until(order_id, "EXPIRED")

        assert 5 <= time.monotonic() - began <= 10
        late = orders.decide(order_id, "approve")
        assert (late.status, late.json()["code"]) == (409, "order-expired")
        orders.until_ended(order_id)
        assert orders.ledger(order_id) == ["authorise", "void"]


def test_waiting_orders_survive_a_restart_with_their_old_deadlines(tmp_path: Path) -> None:
    with Stack(tmp_path / "data", environment={"DECISION_WINDOW_SECONDS": "15"}) as stack:
        orders = Orders(stack)
        approved, silent = orders.submit(ATLAS), orders.submit(ATLAS)
        deadline = orders.until(silent, "PENDING_APPROVAL")["deadline"]
        orders.until(approved, "PENDING_APPROVAL")

        stack.restart()

        assert orders.get(silent)["deadline"] == deadline
        assert orders.decide(approved, "approve").status == 200
        orders.until(approved, "COMPLETED")
        orders.until(silent, "EXPIRED", seconds=40)
        expired = orders.get(silent, "/audit")["items"][-1]
        assert expired["at"] >= deadline
        orders.until_ended(silent)


def test_a_notifier_that_raises_fails_no_order(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    text = re.sub(r"MESSAGES_TOPIC_ARN: .*", "MESSAGES_TOPIC_ARN: not-a-topic", (ROOT / "template.yaml").read_text())
    broken.write_text(text.replace("CodeUri: ", f"CodeUri: {ROOT}/").replace("ContentUri: ", f"ContentUri: {ROOT}/"))
    with Stack(tmp_path / "data", template=broken) as stack:
        orders = Orders(stack)
        order_id = orders.submit(ATLAS)
        eventually(lambda: "notification-failed" in orders.events(order_id), 20)

        assert orders.decide(order_id, "approve").status == 200

        orders.until(order_id, "COMPLETED")
        assert orders.events(order_id)[-1] == "completed"
