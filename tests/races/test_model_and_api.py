"""The API and a small model of its rules, driven with the same commands, always agree.

Hypothesis makes up what people, stations, operators, the workflow and the clock do, and in which order. After every
step the rows are what the model says, and so is every answer, offer, list and audit. What made them disagree is printed
as the shortest story that does. The stories are the same in every run; MODEL_SEED=7 makes up others.
"""

from __future__ import annotations

import ast
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from approval_api.handler import logger
from orders.domain.refusals import _REFUSALS
from tests.crash.invariants import _MOVES
from tests.races.machine import ApiAndModel
from tests.races.model import STATES
from tests.races.stage import Reached

# A killed invocation publishes none of its metrics, which is no wonder.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

SEED = int(os.environ.get("MODEL_SEED", "20261121"))
# After ten stories Hypothesis begins to vary those it has told, which reaches less: so a few times ten, from new seeds,
# and a few more where a change of the sources, which Hypothesis takes values from, has made a rare event rarer.
TIMES, MOST_TIMES, STORIES, STEPS = 8, 24, 10, 50
LEAST_STEPS = 2_000
ROOT = Path(__file__).resolve().parents[2]
STATES_WITH_LEVELS = STATES - {"PENDING_APPROVAL"} | {"PENDING_APPROVAL(1)", "PENDING_APPROVAL(2)"}
# Every 409 that a person can be told.
REFUSALS = {
    *("not-open-yet", "already-decided", "order-expired", "order-withdrawn", "too-late"),
    *("job-claimed", "job-superseded", "not-held", "request-in-flight"),
}
# What only the workflow's steps are told: that they must not go on, whatever is behind it.
FENCE, BEHIND_THE_FENCE = "order-fenced", {"not-due", "not-approved", "not-picked"}
# States are written in capitals and events in small letters, so nothing here is two things.
TO_REACH = STATES_WITH_LEVELS | {"submitted", *_MOVES} | {f"409 {code}" for code in REFUSALS}
# The second of two operators finds the first one's recovery and asks for no other; the table guards it all the same.
NEVER_TOLD = {"already-recovering"}


@pytest.mark.timeout(300)  # when they disagree, the shortest way to that is looked for
def test_two_thousand_steps_of_people_and_workflow_agree_with_the_model(
    record_testsuite_property: Callable[[str, object], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Fails as toothless unless every state, every event of the audit and every 409 was reached."""
    caplog.set_level(logging.ERROR, logger.name)
    print(f"MODEL_SEED={SEED}")
    reached = ApiAndModel.reached = Reached()
    stories = settings(
        max_examples=STORIES,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow],
    )

    told = 0
    while told < TIMES or (told < MOST_TIMES and TO_REACH - seen(reached)):
        run_state_machine_as_test(seed(SEED * MOST_TIMES + told)(ApiAndModel), settings=stories)
        told += 1

    figures = {
        "model and API": f"{reached.steps} steps from seed {SEED}, 0 disagreements",
        "states reached": times(reached.states),
        "events reached": times(reached.events),
        "answers reached": times(reached.answers),
        "refusals of the workflow reached": times(reached.refusals_of_steps),
    }
    for name, figure in figures.items():
        record_testsuite_property(name, figure)
        print(f"{name}: {figure}")
    assert reached.steps >= LEAST_STEPS
    assert seen(reached) == TO_REACH
    assert reached.refusals_of_steps[FENCE]


def seen(reached: Reached) -> set[str]:
    """Return the states, the events of the audit and the 409s that the stories came by."""
    refusals = {answer for answer in reached.answers if answer.startswith("409")}
    return {*reached.states} | {*reached.events} | refusals


def times(counts: Counter[str]) -> str:
    """Return how often each was reached."""
    return ", ".join(f"{name} {count}x" for name, count in sorted(counts.items()))


def test_every_code_of_a_refusal_is_hunted() -> None:
    """A new code fails here until somebody has said who is told it."""
    assert {*codes()} == REFUSALS - {"request-in-flight"} | BEHIND_THE_FENCE | NEVER_TOLD


def codes() -> Iterator[str]:
    """Return every code that a move is refused with."""
    for path in sorted((ROOT / "layers/orders/orders").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name("TransitionRefusedError"), args=[ast.Constant(str(code)), *_]):
                    yield code
    yield from (code for code, _ in _REFUSALS.values())
