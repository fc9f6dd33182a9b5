"""Executions that began under earlier code end under today's code.

One recorded history for each scenario, cut at every event, is run on today's workflow: each cut is an execution that
waits right there while somebody deploys. Mutants of the workflow show that what must not change would be noticed.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from local.replay import Verdict, recorded, replay
from orders.domain.model import OrderId
from tests.workflow.harness import World, a_world
from tests.workflow.scenarios import BY_NAME, SCENARIOS, Scenario, play

HISTORIES = Path(__file__).parent / "histories"
WORKFLOW = Path(__file__).parents[2] / "functions" / "workflow" / "order_workflow"
# A scenario's history is its order's execution; these are about the recovery that follows it.
RECOVERIES = {"recovery": "recovery-r1", "state-machine-recovered": "state-machine-recovered-r1"}
NAMES = (*BY_NAME, *RECOVERIES.values())
MOMENT = "2026-11-02T12:00:00+00:00"
REMEDY = (
    "Executions in flight that are at this place fail at their next wake-up if they run this code. If that is "
    "intended, delete tests/workflow/histories/{}.json, record it anew with `make record` and explain it in a decision "
    "record."
)
History = list[dict[str, Any]]
Handler = Callable[..., Any]
Record = Callable[[str, object], None]


@pytest.fixture(scope="module", autouse=True)
def services() -> Iterator[World]:
    """Services for the one thing that the workflow asks for outside its steps: the notifier's name."""
    with a_world() as world:
        yield world


def history_of(name: str) -> History:
    """Return a recorded history's events."""
    events: History = json.loads((HISTORIES / f"{name}.json").read_text("utf-8"))
    return events


def record(scenario: Scenario) -> None:
    """Play the scenario and write down what its executions did."""
    with a_world(skip_time=scenario.skip_time, between=scenario.broken, **scenario.waits) as world:
        people = play(scenario, world, scenario.name)
        write(world, people.order_id, scenario.name)
        if scenario.name in RECOVERIES:
            write(world, OrderId(f"{people.order_id}-r1"), RECOVERIES[scenario.name])


def write(world: World, execution: OrderId, name: str) -> None:
    """Write an execution's events, one on a line. Moments play no part in a replay, and callback ids are secrets."""
    arn = world.starter.arns[execution]
    answer = world.runner._executor.get_execution_history(arn, include_execution_data=True, max_items=1000)
    events = (json.dumps(settled(event), separators=(",", ":")) for event in answer.to_dict()["Events"])
    HISTORIES.mkdir(exist_ok=True)
    (HISTORIES / f"{name}.json").write_text("[\n" + ",\n".join(events) + "\n]\n", "utf-8")


def settled(value: Any, name: str = "") -> Any:
    """Return an event without what differs from run to run."""
    if isinstance(value, Mapping):
        return {key: settled(inner, key) for key, inner in value.items()}
    if name.endswith("Timestamp"):
        return MOMENT
    return "callback" if name == "CallbackId" else value


def test_every_scenario_has_its_history(recording: bool) -> None:  # noqa: FBT001  # a fixture
    if recording:
        for scenario in SCENARIOS:
            if not (HISTORIES / f"{scenario.name}.json").exists():
                record(scenario)

    assert {path.stem for path in HISTORIES.glob("*.json")} == {*NAMES}


def misfit(handler: Handler, events: History, cut: int) -> str | None:
    """Return why an execution that got as far as the first `cut` events does not go on as it did, None when it does."""
    verdict = replay(handler, recorded(events[:cut]))
    if verdict.outcome == "diverged":
        return f"after {cut} events it diverges at {verdict.at}: {verdict.why}"
    to_come = {named(event) for event in events[cut:]}
    astray = [begun for begun in verdict.begun if begun not in to_come]
    return f"after {cut} events it begins {', '.join(astray)}" if astray else None


def named(event: Mapping[str, Any]) -> str:
    """Return the operation that an event is about, as a verdict names it."""
    kinds = {"ChainedInvoke": "chained invoke"}
    kind = str(event["EventType"]).removesuffix("Started")
    return f"{kinds.get(kind, kind.lower())} {event.get('Name')}"


@pytest.mark.parametrize("name", NAMES)
def test_an_execution_of_then_goes_on_under_the_code_of_now(name: str, record_testsuite_property: Record) -> None:
    from order_workflow.handler import handler  # noqa: PLC0415  # the mutants below take its place for a while

    events = history_of(name)

    misfits = [found for cut in range(1, len(events) + 1) if (found := misfit(handler, events, cut))]

    record_testsuite_property(f"replays of {name}", f"{len(events)} cuts, {len(misfits)} diverge")
    assert misfits == [], REMEDY.format(name)
    assert replay(handler, recorded(events)).outcome == "same"


# --- would it be noticed? -------------------------------------------------------------------------------------------

# What somebody might do to the workflow: the file, what stands there, and what they put in its place.
MUTANTS: dict[str, tuple[str, str, str]] = {
    "a step renamed": ("charge.py", 'name="begin-charge"', 'name="start-charge"'),
    "a step inserted": (
        "handler.py",
        "    screening = screen_order(context, order)",
        '    context.step(lambda _: None, name="note-start")\n    screening = screen_order(context, order)',
    ),
    "two undo steps reordered": (
        "compensation.py",
        "for each in reversed(undos)",
        "for each in undos",
    ),
    "a wait made a step": (
        "charge.py",
        'context.wait(Duration.from_seconds(seconds), name="cooling-off")',
        'context.step(lambda _: None, name="cooling-off")',
    ),
    "the last operation removed": ("handler.py", "    announce_outcome(context, order, status)\n", ""),
    "a step of a branch renamed": ("preparation.py", '"check-credit"', '"check-solvency"'),
    "a context of another sub-type": (
        "approval.py",
        "context.run_in_child_context(looks, name=",
        'context.run_in_child_context(looks, config=ChildConfig(sub_type="Level"), name=',
    ),
    "a step made a context": (
        "charge.py",
        'context.step(steps.begin_charge(order), name="begin-charge", config=retries.STORAGE)',
        'context.run_in_child_context(lambda c: c.step(steps.begin_charge(order)), name="begin-charge")',
    ),
    "branches nested": ("preparation.py", "FLAT = NestingType.FLAT", "FLAT = NestingType.NESTED"),
    "a key of a checkpoint renamed": ("approval.py", 'look["wakeInSeconds"]', 'look["wakeSeconds"]'),
}
IMPORTS = {"approval.py": ("import CallbackConfig, Duration", "import CallbackConfig, ChildConfig, Duration")}
HARMLESS = {
    "more tries": ("retries.py", "_attempts(6,", "_attempts(7,"),
    "another message in the log": ("handler.py", "the outcome could not be announced", "no outcome was announced"),
}


@contextmanager
def mutated(folder: Path, file: str, old: str, new: str) -> Iterator[Handler]:
    """Load the workflow with one change, in place of the real one."""
    shutil.copytree(WORKFLOW, folder / "order_workflow", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "order_workflow" / file
    source = path.read_text("utf-8")
    assert source.count(old) == 1, f"{file} has changed: write this mutant anew"
    path.write_text(source.replace(old, new).replace(*IMPORTS.get(file, ("", ""))), "utf-8")
    kept = {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "order_workflow"}
    sys.path.insert(0, str(folder))
    try:
        yield import_module("order_workflow.handler").handler
    finally:
        sys.path.remove(str(folder))
        for name in [*sys.modules]:
            if name.partition(".")[0] == "order_workflow":
                del sys.modules[name]
        sys.modules.update(kept)


def first_misfit(handler: Handler) -> str | None:
    """Return the first cut of any history that does not go on under this handler: whole histories first."""
    histories = {name: history_of(name) for name in NAMES}
    for name, events in histories.items():
        if replay(handler, recorded(events)).outcome != "same":
            return f"{name}, whole: {misfit(handler, events, len(events)) or 'it goes on where it had ended'}"
    for name, events in histories.items():
        for cut in range(1, len(events)):
            if found := misfit(handler, events, cut):
                return f"{name}: {found}"
    return None


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_change_that_waiting_executions_would_not_survive_is_noticed(
    mutant: str, tmp_path: Path, record_testsuite_property: Record
) -> None:
    with mutated(tmp_path, *MUTANTS[mutant]) as handler:
        found = first_misfit(handler)

    record_testsuite_property(f"mutant, {mutant}", (found or "NOT noticed").partition(": Non-determ")[0])
    assert found is not None


@pytest.mark.parametrize("change", HARMLESS)
def test_a_change_that_they_do_not_feel_is_none(change: str, tmp_path: Path) -> None:
    with mutated(tmp_path, *HARMLESS[change]) as handler:
        assert first_misfit(handler) is None


def test_a_wrong_verdict_would_be_seen() -> None:
    """A history that ends where today's code goes on is told apart from one that is whole."""
    from order_workflow.handler import handler  # noqa: PLC0415  # as above

    events = history_of("automatic")

    assert replay(handler, recorded(events)) == Verdict("same", 13)
    assert replay(handler, recorded(events[:2])).outcome in {"same", "appended"}
    foreign = [{**event, "Name": "something-else"} if event.get("Name") else event for event in events]
    assert replay(handler, recorded(foreign)).outcome == "diverged"
