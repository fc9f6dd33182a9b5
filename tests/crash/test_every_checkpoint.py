"""R1: a worker dies before and after every checkpoint call of every scenario; each order ends as if it had not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.crash.faults import Crash, CrashWith
from tests.crash.field import Played, a_field
from tests.workflow.scenarios import SCENARIOS, Scenario

# How calls are batched varies by one or two from run to run.
SPARE_CALLS = 2
SIDES = (False, True)  # before the service has it, and after


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_no_crash_at_a_checkpoint_changes_an_outcome(
    scenario: Scenario, record_testsuite_property: Callable[[str, object], None]
) -> None:
    with a_field(scenario) as field:
        calm, expected = field.undisturbed()
        told = field.disturbance.checkpoints[calm]
        calls = range(1, len(told) + SPARE_CALLS + 1)
        played = field.play_all([[Crash(call, after)] for call in calls for after in SIDES])
        # The n-th call need not carry the same updates every time: what no crash has met yet gets one of its own.
        missed = unhurt(told, played)
        if missed:
            played += field.play_all([[fault] for fault in missed])

    troubles = [trouble for each in played for trouble in each.trouble(expected)]
    reached = sum(bool(each.struck) for each in played)
    record_testsuite_property(f"crashes in {scenario.name}", f"{reached} points, {len(troubles)} violations")
    assert unhurt(told, played) == [], "these updates never met a crash: the run proves nothing about them"
    assert troubles == []


def unhurt(told: Iterable[Iterable[str]], played: Iterable[Played]) -> list[CrashWith]:
    """Return the crashes, on either side of every update of the undisturbed order, that did not happen."""
    wanted = {CrashWith(update, after) for updates in told for update in updates for after in SIDES}
    for each in played:
        for fault, carried in each.struck.items():
            if isinstance(fault, Crash | CrashWith):
                wanted -= {CrashWith(update, fault.after) for update in carried}
    return sorted(wanted, key=str)
