"""Status-change events: one for every status, at least once, kept until they were taken."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python.config import CallbackConfig, Duration

from tests.local.executions_harness import DURABLE, Environments, running, until


def deciding(event: Any, context: Any) -> Any:
    """Wait for a decision; fail when it says so."""
    config = CallbackConfig(timeout=Duration.from_seconds(600))
    if context.create_callback(name="approval", config=config).result() == "fail":
        raise ValueError("asked to fail")
    return "done"


def environments(refuse: int = 0) -> Environments:
    """One function that waits, in two configurations."""
    made = Environments(refuse=refuse)
    made.durable("deciding", deciding)
    made.durable("brief", deciding)
    return made


CONFIGURED = {"deciding": DURABLE, "brief": {"executionTimeout": 1, "retentionDays": 1}}


def test_every_status_is_announced_once(tmp_path: Path) -> None:
    """Documentation, "Monitoring durable functions": RUNNING, then how it ended, in EventBridge's shape."""
    with running(tmp_path, environments(), durable=CONFIGURED) as stack:
        arns = {status: stack.start("deciding", status) for status in ("SUCCEEDED", "FAILED", "STOPPED")}
        arns["TIMED_OUT"] = stack.start("brief", "TIMED_OUT")
        ids = {status: stack.callback_id(arn) for status, arn in arns.items()}
        stack.api.send_durable_execution_callback_success(CallbackId=ids["SUCCEEDED"], Result=b"yes")
        stack.api.send_durable_execution_callback_success(CallbackId=ids["FAILED"], Result=b"fail")
        stack.api.stop_durable_execution(DurableExecutionArn=arns["STOPPED"])
        for status, arn in arns.items():
            until(lambda arn=arn, status=status: stack.environments.statuses(arn) == ["RUNNING", status])  # type: ignore[misc]
        last = next(event for event in stack.environments.events if event["detail"]["status"] == "SUCCEEDED")
    assert {name: last[name] for name in ("version", "detail-type", "source", "account", "region", "resources")} == {
        "version": "0",
        "detail-type": "Durable Execution Status Change",
        "source": "aws.lambda",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [],
    }
    detail = last["detail"]
    assert detail["durableExecutionArn"] == arns["SUCCEEDED"]
    assert detail["durableExecutionName"] == "SUCCEEDED"
    assert detail["functionArn"] == "arn:aws:lambda:us-east-1:123456789012:function:deciding:1"
    assert detail["startTimestamp"] < detail["endTimestamp"]
    assert detail["endTimestamp"].endswith("Z")


def test_an_event_that_was_refused_comes_again_with_the_same_id(tmp_path: Path) -> None:
    """At least once: the bus answers 500 twice, then takes it."""
    with running(tmp_path, environments(refuse=2), durable=CONFIGURED) as stack:
        arn = stack.start("deciding", "refused")
        until(lambda: stack.environments.statuses(arn) == ["RUNNING"])
        assert stack.environments.refuse == 0


def test_events_survive_the_process(tmp_path: Path) -> None:
    """Nobody takes events, the process is killed, another one delivers them."""
    with running(tmp_path, environments(refuse=1_000_000), durable=CONFIGURED) as stack:
        arn = stack.start("deciding", "kept")
        stack.api.stop_durable_execution(DurableExecutionArn=arn)
        time.sleep(0.3)
        assert stack.environments.events == []
        stack.executions.kill()
        stack.environments.refuse = 0
        stack.executions.start()
        until(lambda: len(stack.environments.events) == 2)
        assert sorted(stack.environments.statuses(arn)) == ["RUNNING", "STOPPED"]
        ids = {event["id"] for event in stack.environments.events}
        assert len(ids) == 2
