"""Lanes: what happens to one execution happens one after the other, and a waiting execution costs no thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from aws_durable_execution_sdk_python_testing.worker.lane import SerialTaskLane
from aws_durable_execution_sdk_python_testing.worker.registry import ExecutionRegistry

from local.executions.lanes import PooledLane, PooledLanes

LANES = 100


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for the lanes of a test."""
    with ThreadPoolExecutor(16) as threads:
        yield threads


def test_tasks_run_in_the_order_of_their_submission_and_never_two_at_once(pool: ThreadPoolExecutor) -> None:
    lane, done, running, most = PooledLane(pool), [], [0], [0]

    def task(number: int) -> int:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.0005)
        done.append(number)
        running[0] -= 1
        return number

    futures = [lane.submit(lambda number=number: task(number)) for number in range(200)]  # type: ignore[misc]
    assert [future.result(10) for future in futures] == list(range(200))
    assert done == list(range(200))
    assert most == [1]


def test_many_submitters_lose_nothing(pool: ThreadPoolExecutor) -> None:
    """The moment at which a lane runs out of tasks is the one at which a task could be forgotten."""
    lane, count = PooledLane(pool), [0]

    def add() -> None:
        count[0] += 1

    def submitter() -> None:
        for _ in range(500):
            lane.submit(add).result(10)

    threads = [threading.Thread(target=submitter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == [4_000]


def test_what_a_task_raises_is_its_submitters_and_the_lane_goes_on(pool: ThreadPoolExecutor) -> None:
    lane = PooledLane(pool)
    failed = lane.submit(lambda: 1 / 0)
    assert lane.submit(lambda: "next").result(10) == "next"
    with pytest.raises(ZeroDivisionError):
        failed.result(10)


def test_a_stopped_lane_finishes_and_takes_nothing_more(pool: ThreadPoolExecutor) -> None:
    lane, gate = PooledLane(pool), threading.Event()
    lane.submit(gate.wait)
    last = lane.submit(lambda: "last")
    lane.stop(wait=False)
    with pytest.raises(RuntimeError, match="stopped"):
        lane.submit(lambda: "too late")
    assert lane.is_running()
    gate.set()
    lane.stop()
    assert last.result(0) == "last"
    assert not lane.is_running()


def threads_of_lanes_at_rest(registry: type[ExecutionRegistry]) -> int:
    """How many threads a hundred executions keep that have done something and now wait."""
    before, lanes = threading.active_count(), registry(Mock(), Mock())
    for number in range(LANES):
        lane: SerialTaskLane = lanes.get_or_create(f"arn-{number}")._lane
        assert lane.submit(lambda: "done").result(10) == "done"
    kept = threading.active_count() - before
    lanes.shutdown()
    return kept


def test_waiting_executions_cost_no_threads() -> None:
    """The stock registry keeps one for each."""
    assert threads_of_lanes_at_rest(ExecutionRegistry) == LANES
    assert threads_of_lanes_at_rest(PooledLanes) < LANES / 10
