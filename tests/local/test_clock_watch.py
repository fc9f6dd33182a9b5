"""Timers follow the time of day although they count running time: after a sleep, and after a change of the clock."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from local.clock import FILE
from local.executions.clock_watch import LOOK_SECONDS, TOLERANCE_SECONDS, ClockWatch
from tests.local.executions_harness import DURABLE, Environments, running, until
from tests.local.test_executions_restart import deciding, napping


class Times:
    """The time of day and the machine's running time, set by the test."""

    def __init__(self) -> None:
        self.wall, self.running, self.moves = 1_000_000.0, 50.0, 0
        self.watch = ClockWatch(lambda: self.wall, self.count, lambda: self.running)

    def count(self) -> None:
        """Take one report."""
        self.moves += 1

    def after(self, wall: float, running: float) -> int:
        """Let both go on and look; the reports of this look."""
        before = self.moves
        self.wall += wall
        self.running += running
        self.watch.look()
        return self.moves - before


def test_a_sleep_and_a_changed_clock_are_reported_once() -> None:
    """While the machine sleeps its running time stands still."""
    times = Times()
    assert times.after(wall=1, running=1) == 0
    assert times.after(wall=3600, running=1) == 1
    assert times.after(wall=1, running=1) == 0
    assert times.after(wall=-600, running=1) == 1


def test_small_differences_add_up() -> None:
    """As of a clock that is slowly corrected."""
    times = Times()
    assert sum(times.after(wall=1 + TOLERANCE_SECONDS / 10, running=1) for _ in range(30)) in {2, 3}


def test_a_look_that_fails_is_made_up_for_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has no file descriptor to spare."""
    answers: list[float | OSError] = [0.0, OSError("Too many open files")]
    reported = threading.Event()

    def wall() -> float:
        answer = answers.pop(0) if answers else 3600.0
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr("local.executions.clock_watch.LOOK_SECONDS", 0.01)
    watch = ClockWatch(wall, reported.set, lambda: 0.0)
    watch.start()
    assert reported.wait(5)
    watch.stop()


def test_it_looks_often_enough_for_two_seconds() -> None:
    assert LOOK_SECONDS <= 1


@pytest.mark.parametrize(
    ("function", "payload", "outcome"),
    [
        ("deciding", {"timeout": 1800}, "silence: Callback timed out"),
        ("deciding", {"timeout": 7200, "heartbeat": 1800}, "silence: Callback timed out on heartbeat"),
        ("napping", 1800, "rested"),
    ],
)
def test_what_is_overdue_after_a_jump_of_the_clock_fires_within_two_seconds(
    tmp_path: Path, function: str, payload: object, outcome: str
) -> None:
    """The time of day is put forward beside the process, as a sleep of the machine does; no request tells it so."""
    environments = Environments()
    environments.durable("deciding", deciding)
    environments.durable("napping", napping)
    durable = {name: {**DURABLE, "executionTimeout": 36_000} for name in ("deciding", "napping")}
    with running(tmp_path, environments, durable=durable) as stack:
        arn = stack.start(function, "sleeping", payload)
        until(lambda: len(stack.events(arn)) >= 3)
        fresh = tmp_path / f"{FILE}.test"
        fresh.write_text("3600.0", "ascii")
        fresh.replace(tmp_path / FILE)
        began = time.monotonic()
        assert outcome in stack.ended(arn)["Result"]
        assert time.monotonic() - began < 2
