"""The timeline of a workflow that really ran: whatever the SDK and its engine write, the timeline can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.types import StepContext
from aws_durable_execution_sdk_python.waits import (
    WaitForConditionConfig,
    WaitStrategyConfig,
    create_wait_strategy,
)
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from orders.domain.history import Operation, Timeline, timeline_of

TWICE = StepConfig(create_retry_strategy(RetryStrategyConfig(max_attempts=3, initial_delay=Duration.from_seconds(1))))


def a_workflow() -> Callable[..., Any]:
    """Return a workflow with one operation of each kind: retried, awaited, decided, polled, lost and at once."""
    tries: list[int] = []

    def flaky(_: StepContext) -> str:
        tries.append(1)
        if len(tries) < 2:
            raise ConnectionError("not yet")
        return "charged"

    def level(context: DurableContext) -> Any:
        callback = context.create_callback("decision", CallbackConfig(timeout=Duration.from_seconds(30)))
        context.step(lambda _: "opened", name="open-level")
        return callback.result()

    @durable_execution
    def workflow(_event: Any, context: DurableContext) -> str:
        context.step(flaky, name="charge", config=TWICE)
        context.wait(Duration.from_seconds(1), name="cooling-off")
        context.run_in_child_context(level, name="approve-manager")
        context.wait_for_condition(lambda polls, _: polls + 1, name="await-settlement", config=until(2))
        context.map([1, 2], lambda item, value, _index, _all: item.step(lambda _: value), name="reserve-stock")
        return "COMPLETED"

    return workflow


def until(polls: int) -> WaitForConditionConfig[int]:
    """Return a poll each second until there were so many."""
    polling = WaitStrategyConfig[int](lambda so_far: so_far < polls, initial_delay=Duration.from_seconds(1))
    return WaitForConditionConfig(wait_strategy=create_wait_strategy(polling), initial_state=0)


@pytest.fixture(scope="module")
def recorded() -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """One run of the workflow, and what the service would tell of it."""
    with DurableFunctionTestRunner(a_workflow(), poll_interval=0.05, skip_time=True) as runner:
        arn = runner.run_async(input='{"orderId":"o1"}', execution_name="o1")
        runner.send_callback_success(runner.wait_for_callback(arn, name="decision"), b"{}")
        runner.wait_for_result(arn)
        events = [event.to_dict() for event in runner.get_execution_history(arn, include_execution_data=True).events]
    ended = {"StartTimestamp": events[0]["EventTimestamp"], "EndTimestamp": events[-1]["EventTimestamp"]}
    return {"Status": "SUCCEEDED", **ended}, events


@pytest.fixture
def timeline(recorded: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]) -> Timeline:
    """The whole run."""
    description, events = recorded
    return timeline_of(description, events, after=0, now=events[-1]["EventTimestamp"])


def the(timeline: Timeline, name: str) -> Operation:
    """Return the operation of that name."""
    (found,) = (each for each in timeline.operations if each.name == name)
    return found


def test_every_operation_of_the_run_is_there_with_its_type_and_end(timeline: Timeline) -> None:
    named = {each.name: (each.type, each.sub_type, each.status) for each in timeline.operations if each.name}

    assert named["charge"] == ("STEP", "Step", "SUCCEEDED")
    assert named["cooling-off"] == ("WAIT", "Wait", "SUCCEEDED")
    assert named["approve-manager"] == ("CONTEXT", "RunInChildContext", "SUCCEEDED")
    assert named["decision"] == ("CALLBACK", "Callback", "SUCCEEDED")
    assert named["await-settlement"] == ("STEP", "WaitForCondition", "SUCCEEDED")
    assert named["reserve-stock"] == ("CONTEXT", "Map", "SUCCEEDED")
    assert all(each.ended_at is not None for each in timeline.operations)


def test_the_tree_is_the_one_of_the_code(timeline: Timeline) -> None:
    level, stock = the(timeline, "approve-manager"), the(timeline, "reserve-stock")

    assert the(timeline, "open-level").parent_id == the(timeline, "decision").parent_id == level.id
    assert level.parent_id is None
    assert len([each for each in timeline.operations if each.parent_id == stock.id]) == 2


def test_tries_and_polls_are_attempts(timeline: Timeline) -> None:
    charge, polled = the(timeline, "charge"), the(timeline, "await-settlement")

    assert [attempt.error for attempt in charge.attempts] == ["ConnectionError: not yet", None]
    assert charge.attempts[0].next_attempt_at is not None
    assert len(polled.attempts) == 2


def test_the_invocations_add_up(timeline: Timeline) -> None:
    replayed = [each.replayed for each in timeline.invocations]

    assert len(replayed) == 5
    assert replayed == sorted(replayed)
    assert replayed[0] == 0
    assert all(each.started_at <= each.ended_at and each.ran > 0 for each in timeline.invocations)


def test_every_cut_of_the_history_makes_a_timeline_and_the_cuts_add_up_to_the_whole(
    recorded: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]], timeline: Timeline
) -> None:
    description, events = recorded
    known: dict[str, Operation] = {}
    cursor, invocations = 0, 0
    for length in range(1, len(events) + 1):
        news = timeline_of(description, events[:length], after=cursor, now=events[-1]["EventTimestamp"])
        known |= {each.id: each for each in news.operations}
        invocations += len(news.invocations)
        cursor = news.cursor

    assert list(known.values()) == list(timeline.operations)
    assert invocations == len(timeline.invocations)
    assert timeline.next_poll_ms is None
