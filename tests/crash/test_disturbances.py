"""Crashes, refused calls, lost responses and duplicates do not change the outcome of an order.

Each experiment also reports the places that it did not reach; a run that missed one proves nothing and fails.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable

import pytest

from tests.crash.experiments import (
    Finding,
    crash_everywhere,
    die_behind_every_effect,
    pairs_of_faults,
    throttle_every_call,
)
from tests.crash.faults import Crash, Death, LostSignal, Repeat, Throttle
from tests.crash.field import a_field
from tests.workflow.scenarios import BY_NAME, SCENARIOS

Record = Callable[[str, object], None]
# Every service and every port is called in these.
THROTTLED = (
    "manager-approves",
    "finance-and-cooling-off",
    "sold-out",
    "capture-declined",
    "picked",
    "recovery",
    "state-machine",
)
PAIRED = (
    "automatic",
    "manager-approves",
    "manager-rejects",
    "withdrawn",
    "manager-then-director",
    "finance-and-cooling-off",
    "sold-out",
    "capture-declined",
    "picked",
    "picking-failed-twice",
)
# A failing run is repeated with the seed that it printed, a longer one asked for by the number of pairs.
SEED = int(os.environ.get("CRASH_SEED") or secrets.randbits(32))
PAIRS = int(os.environ.get("CRASH_PAIRS") or 50)
# The experiments share two cores with whatever else runs.
pytestmark = pytest.mark.timeout(240 + PAIRS)


def each_on(experiment: Callable[[str], Finding], *names: str) -> list[object]:
    """Return a parameter for each scenario, with the experiment as its mark."""
    return [pytest.param(name, id=name, marks=pytest.mark.experiment(experiment, name)) for name in names]


def settle(what: str, name: str, findings: list[Finding], record: Record) -> None:
    """Note the figures of one experiment; then nothing may be missed and nothing wrong."""
    [finding] = findings
    record(f"{what} in {name}", f"{finding.points} points, {len(finding.troubles)} violations")
    assert finding.points
    assert finding.missed == (), "these places never met their fault: the run proves nothing about them"
    assert finding.troubles == ()


@pytest.mark.parametrize("name", each_on(crash_everywhere, *(each.name for each in SCENARIOS)))
def test_no_crash_at_a_checkpoint_changes_an_outcome(
    name: str, findings: list[Finding], record_testsuite_property: Record
) -> None:
    settle("crashes at checkpoints", name, findings, record_testsuite_property)


@pytest.mark.parametrize("name", each_on(die_behind_every_effect, *(each.name for each in SCENARIOS)))
def test_no_death_behind_an_outside_call_doubles_its_effect(
    name: str, findings: list[Finding], record_testsuite_property: Record
) -> None:
    """Effects are counted where they happen: in the payment provider's ledger, on the shelves, in the outbox."""
    settle("deaths behind effects", name, findings, record_testsuite_property)


@pytest.mark.parametrize("name", each_on(throttle_every_call, *THROTTLED))
def test_no_throttled_call_changes_an_outcome(
    name: str, findings: list[Finding], record_testsuite_property: Record
) -> None:
    settle("throttled calls", name, findings, record_testsuite_property)


def paired() -> list[pytest.MarkDecorator]:
    """Return the experiments with two faults, spread over their scenarios."""
    count = -(-PAIRS // len(PAIRED))
    return [pytest.mark.experiment(pairs_of_faults, name, SEED, count) for name in PAIRED]


def marked(marks: list[pytest.MarkDecorator]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Put several experiments on one test."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        for mark in marks:
            test = mark(test)
        return test

    return decorate


@marked(paired())
def test_two_faults_at_once_break_no_rule(findings: list[Finding], record_testsuite_property: Record) -> None:
    print(f"CRASH_SEED={SEED}")
    came = Counter[str]()
    for finding in findings:
        came.update(finding.came)
    troubles = [trouble for finding in findings for trouble in finding.troubles]
    record_testsuite_property("pairs of faults, seed", SEED)
    figures = f"{sum(finding.played for finding in findings)}, {dict(came)}, {len(troubles)} violations"
    record_testsuite_property("pairs of faults", figures)
    assert {*came} == {kind.__name__ for kind in (Crash, Death, Throttle, LostSignal, Repeat)}
    assert came.total() > PAIRS, "most pairs must be pairs"
    assert troubles == [], f"repeat with CRASH_SEED={SEED}"


def test_a_receiver_that_is_asked_again_counts_once() -> None:
    """The suites above would also pass if nobody ever asked twice: here somebody must, with the same key."""
    effects = ("gateway.authorize", "gateway.capture", "quotas.claim", "quotas.release", "warehouse.reserve")
    with a_field(BY_NAME["manager-approves"]) as field:
        calm, expected = field.undisturbed()
        played = field.play_all([[Death(effect, 1)] for effect in effects])
        calls = field.disturbance.calls

        asked = {effect: calls[each.order_id][effect] for effect, each in zip(effects, played, strict=True)}
        assert asked == {effect: calls[calm][effect] + 1 for effect in effects}
        assert field.troubles(played, expected) == ()


def test_publishing_is_at_least_once_and_the_outbox_has_one_item() -> None:
    """The notifier dies between publishing the outcome and noting that it did; the status event publishes again."""
    with a_field(BY_NAME["automatic"]) as field:
        _, expected = field.undisturbed()
        [played] = field.play_all([[Death("publisher.publish", 1)]])
        key = f"{played.order_id}#outcome#0#0"

        assert [each.key for each in field.world.ports.outbox.messages].count(key) == 1  # type: ignore[attr-defined]  # memory
        assert field.world.messages(played.order_id) == [key, key]
        assert played.trouble(expected) == []
