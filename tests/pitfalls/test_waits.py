"""Waiting: what a signal can end, what misses its signal, and which timeout has begun already."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import (
    BatchResult,
    CallbackError,
    DurableContext,
    ParallelBranch,
    WaitForConditionError,
)
from aws_durable_execution_sdk_python.config import (
    CallbackConfig,
    CompletionConfig,
    Duration,
    NestingType,
    ParallelConfig,
    WaitForCallbackConfig,
    complete_batch,
    continue_batch,
)
from aws_durable_execution_sdk_python.types import WaitForConditionCheckContext
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig

from order_workflow import retries
from tests.pitfalls.durable_function import DurableFunction, ask, deployed

WAIT_SECONDS = 2
AT_ONCE = 1.0
A_WAIT = Duration.from_seconds(WAIT_SECONDS)
Record = Callable[[str, object], None]


def seconds_to_the_end(function: DurableFunction, arn: str, since: float) -> float:
    """Wait for the execution's end and return how long that took."""
    function.result(arn)
    return time.monotonic() - since


def test_a_signal_ends_a_callback_but_not_a_wait(record_testsuite_property: Record) -> None:
    """Both wait for at most two seconds and then read the row, which has the withdrawal from the beginning."""

    def sleep(_event: Any, context: DurableContext) -> None:
        context.wait(A_WAIT, name="cooling-off")

    def listen(_event: Any, context: DurableContext) -> None:
        ask(context, WAIT_SECONDS).result()

    with deployed(sleep, skip_time=False) as function:
        arn = function.start()
        function.asleep(arn)
        withdrawn = time.monotonic()  # in the row; a wait has nothing to signal
        waited = seconds_to_the_end(function, arn, withdrawn)
    with deployed(listen, skip_time=False) as function:
        callback_id = function.callback(arn := function.start())
        withdrawn = time.monotonic()
        function.runner.send_callback_success(callback_id)
        listened = seconds_to_the_end(function, arn, withdrawn)

    record_testsuite_property("from withdrawal to end", f"wait {waited:.1f} s, callback {listened:.1f} s")
    assert waited > WAIT_SECONDS / 2
    assert listened < AT_ONCE


# --- a callback raced against a reminder ----------------------------------------------------------------------------

FIRST_TO_END = CompletionConfig(
    should_complete=lambda batch: complete_batch() if batch.completed_count else continue_batch()
)


def race(
    context: DurableContext, looked: threading.Event, callback_id: list[str], ends: CompletionConfig
) -> BatchResult[None]:
    """Race the decision against a reminder; `looked` is set once the decision's branch has found nothing."""
    callback = ask(context)
    callback_id.append(callback.callback_id)

    def decision(_branch: DurableContext) -> None:
        try:
            callback.result()
        finally:
            looked.set()

    def remind(branch: DurableContext) -> None:
        branch.wait(A_WAIT, name="reminder")

    config = ParallelConfig(completion_config=ends, nesting_type=NestingType.FLAT)
    branches: list[ParallelBranch[None]] = [ParallelBranch(remind), ParallelBranch(decision)]
    return context.parallel(branches, name="first-of-both", config=config)


def seconds_to_wake_from_a_race() -> float:
    """Signal while the race's own START is on its way; return the seconds until the order woke."""
    looked, callback_id, signalled = threading.Event(), list[str](), list[float]()

    def handler(_event: Any, context: DurableContext) -> None:
        race(context, looked, callback_id, FIRST_TO_END)

    with deployed(handler, skip_time=False) as function:

        def observe(updates: set[str]) -> None:
            if "WAIT reminder START" in updates and not signalled:
                assert looked.wait(5)
                signalled.append(time.monotonic())
                function.runner.send_callback_success(callback_id[0])

        function.tap(observe)
        arn = function.start()
        function.result(arn)
        return time.monotonic() - signalled[0]


def seconds_to_wake_from_a_callback(moment: str) -> float:
    """Signal just before the service has an update of a look; return the seconds until the order woke."""
    callback_id, signalled = list[str](), list[float]()

    def handler(_event: Any, context: DurableContext) -> None:
        callback = ask(context, WAIT_SECONDS)
        callback_id.append(callback.callback_id)
        context.step(lambda _: None, name="open-level")
        callback.result()

    with deployed(handler, skip_time=False) as function:

        def observe(updates: set[str]) -> None:
            if moment in updates and not signalled:
                signalled.append(time.monotonic())
                function.runner.send_callback_success(callback_id[0])

        function.tap(observe)
        arn = function.start()
        function.result(arn)
        return time.monotonic() - signalled[0]


def test_a_callback_raced_against_a_reminder_misses_its_signal_and_one_awaited_directly_does_not(
    record_testsuite_property: Record,
) -> None:
    """The response to the race's START contains the signal, but the branch has checked its callback already."""
    raced = seconds_to_wake_from_a_race()
    awaited = max(seconds_to_wake_from_a_callback(f"STEP open-level {moment}") for moment in ("START", "SUCCEED"))

    figure = f"raced {raced:.1f} s (the reminder), awaited directly {awaited:.1f} s"
    record_testsuite_property("from an unlucky signal to waking", figure)
    assert raced > WAIT_SECONDS - 0.5
    assert awaited < AT_ONCE


def seconds_to_notice_a_rejection(ends: CompletionConfig) -> float:
    """Reject an order whose race completes like this; return the seconds until it ended."""

    def handler(_event: Any, context: DurableContext) -> None:
        race(context, threading.Event(), [], ends)

    with deployed(handler, skip_time=False) as function:
        callback_id = function.callback(arn := function.start())
        rejected = time.monotonic()
        function.runner.send_callback_failure(callback_id)
        return seconds_to_the_end(function, arn, rejected)


def test_a_race_for_the_first_success_does_not_notice_a_rejection(record_testsuite_property: Record) -> None:
    """A failed callback is not a success, so the race goes on until the reminder wins it."""
    first_successful = seconds_to_notice_a_rejection(
        CompletionConfig(min_successful=1)
    )  # what first_successful() returns
    awaited = seconds_to_notice_a_rejection(FIRST_TO_END)

    figure = f"first_successful {first_successful:.1f} s (the reminder), should_complete {awaited:.1f} s"
    record_testsuite_property("from a rejection to waking", figure)
    assert first_successful > WAIT_SECONDS - 0.5
    assert awaited < AT_ONCE


# --- polling --------------------------------------------------------------------------------------------------------


def settle(poll: Callable[[bool, WaitForConditionCheckContext], bool]) -> Callable[[Any, DurableContext], str]:
    """Return a handler that polls until the payment has arrived."""

    def handler(_event: Any, context: DurableContext) -> str:
        config = WaitForConditionConfig(wait_strategy=retries.SETTLEMENT, initial_state=False)
        try:
            arrived = context.wait_for_condition(poll, config, name="await-settlement")
        except WaitForConditionError:
            arrived = False
        return "settled" if arrived else "needs attention"

    return handler


def test_one_poll_that_raises_is_the_last_one() -> None:
    """A poll is not a step, so it is not retried. The payment would have been there at a second poll."""
    polls: list[str] = []

    def poll(_arrived: bool, _check: WaitForConditionCheckContext) -> bool:  # noqa: FBT001  # by position, from the SDK
        polls.append("asked")
        if len(polls) == 1:
            raise TimeoutError("no answer")
        return True

    with deployed(settle(poll)) as function:
        assert function.run() == "needs attention"
    assert len(polls) == 1


def test_a_poll_that_found_nothing_is_followed_by_another() -> None:
    polls: list[str] = []

    def poll(_arrived: bool, _check: WaitForConditionCheckContext) -> bool:  # noqa: FBT001  # as above
        polls.append("asked")
        return len(polls) > 1  # an unanswered poll returns that the payment has not arrived

    with deployed(settle(poll)) as function:
        assert function.run() == "settled"
    assert len(polls) == 2


# --- heartbeats -----------------------------------------------------------------------------------------------------

SILENCE = Duration.from_seconds(1)
CLAIM_SECONDS = 1.5


def listen_to_station(context: DurableContext) -> str:
    """Wait for the goods as long as the station sends heartbeats."""
    config = WaitForCallbackConfig(heartbeat_timeout=SILENCE, retry_strategy=retries.STORAGE.retry_strategy)
    try:
        context.wait_for_callback(lambda _callback_id, _context: None, name="pick-order", config=config)
    except CallbackError:
        return "lost"
    return "picked"


def test_a_heartbeat_timeout_begins_before_a_station_has_the_job() -> None:
    """The heartbeat timeout is one second, and a station needs a second and a half to claim the job."""

    def handler(_event: Any, context: DurableContext) -> str:
        return listen_to_station(context)

    with deployed(handler, skip_time=False) as function:
        begun = time.monotonic()

        assert function.run() == "lost"
    assert time.monotonic() - begun < CLAIM_SECONDS


def test_a_claim_without_a_heartbeat_comes_first() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        claim = context.create_callback(name="await-claim", config=CallbackConfig(timeout=Duration.from_seconds(10)))
        claim.result()
        return listen_to_station(context)

    with deployed(handler, skip_time=False) as function:
        claim = function.callback(arn := function.start(), "await-claim")
        time.sleep(CLAIM_SECONDS)
        function.runner.send_callback_success(claim)
        picking = function.callback(arn, "pick-order create callback id")
        function.runner.send_callback_heartbeat(picking)
        function.runner.send_callback_success(picking)

        assert function.answer(arn) == "picked"


def test_a_sleep_inside_a_step_keeps_the_invocation_running_and_a_wait_ends_it() -> None:
    """Lambda bills the sleep but not the wait, and ends a sleeping invocation after fifteen minutes."""

    def sleeps(_event: Any, context: DurableContext) -> None:
        context.step(lambda _: time.sleep(0.2), name="cooling-off")

    def waits(_event: Any, context: DurableContext) -> None:
        context.wait(SILENCE, name="cooling-off")

    invocations = []
    for handler in (sleeps, waits):
        with deployed(handler, skip_time=False) as function:
            function.result(arn := function.start())
            invocations.append(function.invocations(arn))

    assert invocations == [1, 2]
