"""The break-it drawer on the whole stack: what is broken breaks really, and every order comes to its right end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.exceptions import CallbackTimeoutError

from local.clock import StackClock
from local.environments.variables import variables_for
from local.faults import KINDS, Faults, UnknownFaultError
from local.template import read
from tests.local.executions_harness import DURABLE, Environments, running
from tests.orders import ATLAS, Orders
from tests.stack import ROOT, Answer, Stack, eventually, fetch


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One stack for all faults; no wait of it ends by itself while a test runs."""
    waits = {"DECISION_WINDOW_SECONDS": "7200", "REMINDER_SECONDS": "3600", "ESCALATION_SECONDS": "7000"}
    with Stack(tmp_path_factory.mktemp("faults") / "data", environment=waits) as stack:
        yield Orders(stack)


def arm(stack: Stack, kind: str, **options: str) -> None:
    """Arm a fault, which the stack must confirm."""
    answer = stack.request("POST", "/local/faults", {"kind": kind, **options})
    assert answer.status == 200, answer.body
    assert answer.json()["armed"]["kind"] == kind


def fired(stack: Stack) -> dict[str, Any]:
    """The fault that fired last, once nothing is armed any more."""

    def spent() -> dict[str, Any] | None:
        state = stack.request("GET", "/local/faults").json()
        return state["fired"][0] if state["armed"] is None else None

    found: dict[str, Any] = eventually(spent)
    return found


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_a_checkpoint_kills_the_process_and_changes_no_outcome(orders: Orders, when: str) -> None:
    stack = orders.stack
    eventually(lambda: [each for each in stack.environments() if each["function"].endswith("OrderWorkflow")])
    arm(stack, "crash-at-next-checkpoint", when=when)
    order_id = orders.submit(ATLAS)

    orders.until(order_id, "PENDING_APPROVAL")

    happened = fired(stack)
    assert (happened["kind"], happened["orderId"]) == ("crash-at-next-checkpoint", order_id)
    assert happened["detail"].startswith(f"killed {when} the checkpoint was stored")
    orders.decide(order_id, "approve")
    orders.until(order_id, "COMPLETED")
    failures = [each["error"] for each in orders.until_ended(order_id)["invocations"] if each.get("error")]
    assert len(failures) == 1
    assert "signal: killed" in failures[0]
    assert orders.ledger(order_id) == ["authorise", "capture"]
    assert orders.events(order_id) == ["submitted", "level-opened", "approved", "charge-begun", "completed"]


def test_a_crash_waits_for_the_order_that_was_named(orders: Orders) -> None:
    named = orders.submit(ATLAS)
    orders.until(named, "PENDING_APPROVAL")
    arm(orders.stack, "crash-at-next-checkpoint", orderId=named)
    other = orders.submit(ATLAS)
    orders.until(other, "PENDING_APPROVAL")
    orders.decide(other, "approve")
    assert not [each for each in orders.until_ended(other)["invocations"] if each.get("error")]

    orders.decide(named, "approve")

    orders.until(named, "COMPLETED")
    assert fired(orders.stack)["orderId"] == named
    assert [each for each in orders.until_ended(named)["invocations"] if each.get("error")]


def test_a_decision_whose_signal_is_lost_counts_at_the_next_look(orders: Orders) -> None:
    stack = orders.stack
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    arm(stack, "lose-next-signal", orderId=order_id)

    assert orders.decide(order_id, "approve").status == 200

    assert fired(stack)["orderId"] == order_id
    time.sleep(0.5)
    assert orders.get(order_id, "/execution")["status"] == "RUNNING"
    assert stack.request("POST", "/local/time/jump", {"orderId": order_id}).status == 200
    stack._tokens.clear()
    orders.until(order_id, "COMPLETED")
    assert orders.ledger(order_id) == ["authorise", "capture"]


def test_an_event_delivered_twice_is_told_once(orders: Orders) -> None:
    stack = orders.stack
    order_id = orders.submit(ATLAS)
    orders.until(order_id, "PENDING_APPROVAL")
    arm(stack, "duplicate-next-event", orderId=order_id)
    orders.decide(order_id, "approve")
    orders.until_ended(order_id)

    assert fired(stack)["detail"] == "the event SUCCEEDED was delivered twice"

    def asked() -> list[str]:
        lines = [line for line in stack.log.read_text("utf-8").splitlines() if order_id in line]
        return [line for line in lines if '"request": "StatusChange"' in line]

    assert len(eventually(lambda: asked() if len(asked()) >= 2 else None)) == 2
    assert orders.outbox(order_id) == {"request-decision": 1, "outcome": 1}


def test_what_makes_no_sense_is_refused_and_disarming_disarms(orders: Orders) -> None:
    def ask(method: str, body: object = None) -> Answer:
        return orders.stack.request(method, "/local/faults", body)

    refused = ask("POST", {"kind": "earthquake"})
    assert refused.status == 400
    assert "crash-at-next-checkpoint" in refused.json()["message"]
    assert ask("POST", {"kind": "lose-next-signal", "when": "after"}).status == 400
    assert ask("POST", ["lose-next-signal"]).status == 400
    assert ask("PUT", {}).status == 405

    arm(orders.stack, "stop-warehouse-beats")
    assert ask("DELETE").json()["armed"] is None


def test_beats_are_kept_back_from_one_station_until_disarmed() -> None:
    faults = Faults(StackClock())
    faults.arm({"kind": "stop-warehouse-beats"})

    kept_back = [
        faults.silences("order-a", "job-1"),
        faults.silences("order-b", "job-2"),
        faults.silences("x", "job-1"),
    ]
    faults.disarm()

    assert kept_back == [True, False, True]
    assert not faults.silences("order-a", "job-1")
    assert [each["kind"] for each in faults.described()["fired"]] == ["stop-warehouse-beats"]


def test_a_station_whose_beats_are_kept_back_is_found_silent(tmp_path: Path) -> None:
    """The API's heartbeat calls go on succeeding; the callback times out all the same."""

    def listening(_: Any, context: Any) -> Any:
        config = CallbackConfig(heartbeat_timeout=Duration.from_seconds(2))
        try:
            return context.create_callback(name="station", config=config).result()
        except CallbackTimeoutError as error:
            return error.message

    environments = Environments()
    environments.durable("listening", listening)
    with running(tmp_path, environments, durable={"listening": DURABLE}) as service:
        assert fetch("POST", f"{service.url}/local/faults", {"kind": "stop-warehouse-beats"}).status == 200
        arn = service.start("listening", "order-1")
        callback_id = service.callback_id(arn)

        def refused() -> bool:
            try:
                service.api.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
            except service.api.exceptions.CallbackTimeoutException:
                return True
            return False

        eventually(refused)
        assert json.loads(service.ended(arn)["Result"]) == "Callback timed out on heartbeat"


@pytest.mark.parametrize("document", [{}, {"kind": "x"}, {"kind": "lose-next-signal", "orderId": 7}])
def test_a_request_must_name_a_fault(document: dict[str, object]) -> None:
    with pytest.raises(UnknownFaultError):
        Faults(StackClock()).arm(document)


def test_no_deployed_function_can_reach_the_drawer() -> None:
    template = read(ROOT / "template.yaml")
    words = [*KINDS, "/local/", "local.faults", "local.clock"]

    for function in template.functions:
        for root in (function.code, *function.layers):
            assert not (root / "local").exists()
            for file in root.rglob("*"):
                packaged = file.is_file() and "__pycache__" not in file.parts
                text = file.read_text("utf-8", "ignore") if packaged else ""
                assert [word for word in words if word in text] == [], file
        environment = variables_for(function, "nowhere", {})
        found = "import importlib.util, sys; sys.exit(importlib.util.find_spec('local') is not None)"
        assert (
            subprocess.run([sys.executable, "-P", "-c", found], cwd="/", env=environment, check=False).returncode == 0
        )
    assert "/local/" not in (ROOT / "template.yaml").read_text("utf-8")
