"""Waiting: what can be woken, what sleeps through its signal, and which clock has begun already."""

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

REST_SECONDS = 2
AT_ONCE = 1.0
REST = Duration.from_seconds(REST_SECONDS)
Record = Callable[[str, object], None]


def seconds_to_the_end(function: DurableFunction, arn: str, since: float) -> float:
    """Wait for the execution's end and return how long that took."""
    function.result(arn)
    return time.monotonic() - since


def test_a_wait_cannot_be_woken_and_a_callback_can(record_testsuite_property: Record) -> None:
    """Both rest for two seconds and then read the row, in which the withdrawal is from the first moment on."""

    def rest(_event: Any, context: DurableContext) -> None:
        context.wait(REST, name="cooling-off")

    def listen(_event: Any, context: DurableContext) -> None:
        ask(context, REST_SECONDS).result()

    with deployed(rest, skip_time=False) as function:
        arn = function.start()
        function.asleep(arn)
        withdrawn = time.monotonic()  # the row says so; there is nothing that could be signalled
        waited = seconds_to_the_end(function, arn, withdrawn)
    with deployed(listen, skip_time=False) as function:
        callback_id = function.callback(arn := function.start())
        withdrawn = time.monotonic()
        function.runner.send_callback_success(callback_id)
        listened = seconds_to_the_end(function, arn, withdrawn)

    record_testsuite_property("from withdrawal to end", f"wait {waited:.1f} s, callback {listened:.1f} s")
    assert waited > REST_SECONDS / 2
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
        branch.wait(REST, name="reminder")

    config = ParallelConfig(completion_config=ends, nesting_type=NestingType.FLAT)
    branches: list[ParallelBranch[None]] = [ParallelBranch(remind), ParallelBranch(decision)]
    return context.parallel(branches, name="first-of-both", config=config)


def sleep_through_a_signal() -> float:
    """Signal while the race's own START is on its way; return the seconds until the order woke."""
    looked, callback_id, signalled = threading.Event(), list[str](), list[float]()

    def handler(_event: Any, context: DurableContext) -> None:
        race(context, looked, callback_id, FIRST_TO_END)

    with deployed(handler, skip_time=False) as function:

        def glance(updates: set[str]) -> None:
            if "WAIT reminder START" in updates and not signalled:
                assert looked.wait(5)
                signalled.append(time.monotonic())
                function.runner.send_callback_success(callback_id[0])

        function.tap(glance)
        arn = function.start()
        function.result(arn)
        return time.monotonic() - signalled[0]


def hear_a_signal(moment: str) -> float:
    """Signal just before the service has an update of a look; return the seconds until the order woke."""
    callback_id, signalled = list[str](), list[float]()

    def handler(_event: Any, context: DurableContext) -> None:
        callback = ask(context, REST_SECONDS)
        callback_id.append(callback.callback_id)
        context.step(lambda _: None, name="open-level")
        callback.result()

    with deployed(handler, skip_time=False) as function:

        def glance(updates: set[str]) -> None:
            if moment in updates and not signalled:
                signalled.append(time.monotonic())
                function.runner.send_callback_success(callback_id[0])

        function.tap(glance)
        arn = function.start()
        function.result(arn)
        return time.monotonic() - signalled[0]


def test_a_callback_raced_against_a_reminder_sleeps_through_its_signal_and_one_awaited_directly_does_not(
    record_testsuite_property: Record,
) -> None:
    """The answer to the race's START carries the signal, and a branch that has looked already looks no more."""
    slept = sleep_through_a_signal()
    heard = max(hear_a_signal(f"STEP open-level {moment}") for moment in ("START", "SUCCEED"))

    figure = f"raced {slept:.1f} s (the reminder), awaited directly {heard:.1f} s"
    record_testsuite_property("from an unlucky signal to waking", figure)
    assert slept > REST_SECONDS - 0.5
    assert heard < AT_ONCE


def seconds_to_hear_a_rejection(ends: CompletionConfig) -> float:
    """Reject an order whose decision is raced like this; return the seconds until it ended."""

    def handler(_event: Any, context: DurableContext) -> None:
        race(context, threading.Event(), [], ends)

    with deployed(handler, skip_time=False) as function:
        callback_id = function.callback(arn := function.start())
        rejected = time.monotonic()
        function.runner.send_callback_failure(callback_id)
        return seconds_to_the_end(function, arn, rejected)


def test_a_race_for_the_first_success_does_not_hear_a_rejection(record_testsuite_property: Record) -> None:
    """A callback that failed is no success, so the race goes on until the reminder wins it."""
    deaf = seconds_to_hear_a_rejection(CompletionConfig(min_successful=1))  # what first_successful() returns
    heard = seconds_to_hear_a_rejection(FIRST_TO_END)

    figure = f"first_successful {deaf:.1f} s (the reminder), should_complete {heard:.1f} s"
    record_testsuite_property("from a rejection to waking", figure)
    assert deaf > REST_SECONDS - 0.5
    assert heard < AT_ONCE


# --- polling --------------------------------------------------------------------------------------------------------


def settle(poll: Callable[[bool, WaitForConditionCheckContext], bool]) -> Callable[[Any, DurableContext], str]:
    """Return a handler that has taken the money and polls until it has arrived."""

    def handler(_event: Any, context: DurableContext) -> str:
        config = WaitForConditionConfig(wait_strategy=retries.SETTLEMENT, initial_state=False)
        try:
            arrived = context.wait_for_condition(poll, config, name="await-settlement")
        except WaitForConditionError:
            arrived = False
        return "settled" if arrived else "needs attention"

    return handler


def test_one_poll_that_raises_is_the_last_one() -> None:
    """A poll is no step: nothing tries it again. The money was there at the second look that never came."""
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
        return len(polls) > 1  # an unanswered poll returns what it knows: not yet

    with deployed(settle(poll)) as function:
        assert function.run() == "settled"
    assert len(polls) == 2


# --- heartbeats -----------------------------------------------------------------------------------------------------

SILENCE = Duration.from_seconds(1)
WALK_SECONDS = 1.5


def listen_to_station(context: DurableContext) -> str:
    """Wait for the goods as long as the station beats."""
    config = WaitForCallbackConfig(heartbeat_timeout=SILENCE, retry_strategy=retries.STORAGE.retry_strategy)
    try:
        context.wait_for_callback(lambda _callback_id, _context: None, name="pick-order", config=config)
    except CallbackError:
        return "lost"
    return "picked"


def test_a_heartbeat_clock_runs_before_anybody_has_the_job() -> None:
    """A station may be silent for one second, and somebody needs a second and a half to walk there."""

    def handler(_event: Any, context: DurableContext) -> str:
        return listen_to_station(context)

    with deployed(handler, skip_time=False) as function:
        begun = time.monotonic()

        assert function.run() == "lost"
    assert time.monotonic() - begun < WALK_SECONDS


def test_a_claim_without_a_heartbeat_comes_first() -> None:
    def handler(_event: Any, context: DurableContext) -> str:
        claim = context.create_callback(name="await-claim", config=CallbackConfig(timeout=Duration.from_seconds(10)))
        claim.result()
        return listen_to_station(context)

    with deployed(handler, skip_time=False) as function:
        claim = function.callback(arn := function.start(), "await-claim")
        time.sleep(WALK_SECONDS)
        function.runner.send_callback_success(claim)
        picking = function.callback(arn, "pick-order create callback id")
        function.runner.send_callback_heartbeat(picking)
        function.runner.send_callback_success(picking)

        assert function.answer(arn) == "picked"


def test_a_sleep_inside_a_step_keeps_the_invocation_running_and_a_wait_ends_it() -> None:
    """Lambda bills the one and not the other, and ends the one after fifteen minutes at the latest."""

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
