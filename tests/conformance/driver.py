"""Runs requirements against a local stack, through boto3 as any client would."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from tests.conformance.matching import differences
from tests.conformance.requirements import Callback, Requirement
from tests.conformance.service_model import model_differences
from tests.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

TEMPLATE = Path(__file__).parent / "template.yaml"
FUNCTION, LONG_FUNCTION = "countersign-Requirements", "countersign-LongRequirements"
POLL_SECONDS = 0.1
LIMIT_SECONDS = 90
FINAL = {"SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a requirement; it passed if nothing differs."""

    requirement: Requirement
    differences: list[str]

    @property
    def passed(self) -> bool:
        """Whether the execution is as required."""
        return not self.differences


class Driver:
    """Starts executions on a running stack, answers their callbacks and reads what happened."""

    def __init__(self, stack: Stack) -> None:
        self._log = stack.log
        self._lambda: LambdaClient = boto3.client(
            "lambda",
            endpoint_url=stack.endpoints["lambda"],
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(read_timeout=LIMIT_SECONDS, retries={"max_attempts": 0}, max_pool_connections=50),
        )

    def run(self, requirement: Requirement) -> Verdict:
        """Run one requirement; an error of ours is a difference as well."""
        try:
            return Verdict(requirement, self._differences(requirement))
        except Exception as error:  # noqa: BLE001 - a requirement that cannot be run has failed, and the others go on
            return Verdict(requirement, [f"{type(error).__name__}: {error}"])

    def _differences(self, requirement: Requirement) -> list[str]:
        arn = self._start(requirement)
        execution = self._follow(requirement, arn)
        events = self._events(arn)
        logs = list(self._records(arn)) if requirement.logs else []
        return [
            *differences(requirement, execution, events, logs),
            *model_differences("GetDurableExecution", execution),
            *model_differences("GetDurableExecutionHistory", {"Events": events}),
        ]

    def _start(self, requirement: Requirement) -> str:
        function = FUNCTION if requirement.status is not None else LONG_FUNCTION
        started = self._lambda.invoke(
            FunctionName=f"{function}:live",
            InvocationType="Event" if requirement.asynchronous else "RequestResponse",
            DurableExecutionName=f"{requirement.number}-{uuid.uuid4().hex[:8]}",
            Payload=json.dumps(requirement.input),
        )
        return started["DurableExecutionArn"]

    def _follow(self, requirement: Requirement, arn: str) -> dict[str, Any]:
        """Answer the execution's callbacks until it ends, or until its history is as long as expected."""
        waiting, answered = list(requirement.callbacks), set[str]()
        expected = max(event["EventId"] for event in requirement.events)
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            execution = dict(self._lambda.get_durable_execution(DurableExecutionArn=arn))
            events = self._events(arn)
            if execution["Status"] in FINAL or (requirement.status is None and len(events) >= expected):
                return execution
            self._answer(events, waiting, answered)
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{requirement.number} did not end within {LIMIT_SECONDS} s")

    def _answer(self, events: list[dict[str, Any]], waiting: list[Callback], answered: set[str]) -> None:
        for event in events:
            if event["EventType"] != "CallbackStarted":
                continue
            callback_id = event["CallbackStartedDetails"]["CallbackId"]
            if callback_id in answered:
                continue
            fitting = [action for action in waiting if action.name in ("*", event.get("Name", ""))]
            while fitting:
                action = fitting.pop(0)
                waiting.remove(action)
                time.sleep(action.delay)
                self._send(callback_id, action)
                if action.operation != "heartbeat":
                    answered.add(callback_id)
                    break

    def _send(self, callback_id: str, action: Callback) -> None:
        if action.operation == "heartbeat":
            self._lambda.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
        elif action.operation == "failure":
            self._lambda.send_durable_execution_callback_failure(CallbackId=callback_id, Error=action.payload)
        elif action.payload is None:
            self._lambda.send_durable_execution_callback_success(CallbackId=callback_id)
        else:
            result = json.dumps(action.payload).encode()
            self._lambda.send_durable_execution_callback_success(CallbackId=callback_id, Result=result)

    def _events(self, arn: str) -> list[dict[str, Any]]:
        pages = self._lambda.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=arn, IncludeExecutionData=True
        )
        return [dict(event) for page in pages for event in page["Events"]]

    def _records(self, arn: str) -> Iterator[dict[str, Any]]:
        """Yield the execution's JSON log records, as a filter on `executionArn` finds them in CloudWatch."""
        for line in self._log.read_text("utf-8").splitlines():
            if line.startswith("{"):
                record = json.loads(line)
                if record.get("executionArn") == arn:
                    yield record
