"""The state machine of docs/costs is one that Step Functions would take, and the walker counts as it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.template.deployed import complaints
from tests.workflow.as_state_machine import DEFINITION, definition
from tests.workflow.state_machine import Json, TaskFailedError, Walk, machines, targets

STANDARD_STATES = {"Task", "Choice", "Parallel", "Map", "Wait", "Succeed"}
ENDS = {"Succeed", "Fail"}


def reached(machine: Json) -> set[str]:
    """Return every state that can be reached from the start."""
    found: set[str] = set()
    ahead = [machine["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += targets(machine["States"][name])
    return found


@pytest.mark.parametrize("machine", [*machines(definition())], ids=lambda machine: machine["StartAt"])
def test_every_state_is_reached_and_leads_somewhere(machine: Json) -> None:
    assert reached(machine) == {*machine["States"]}
    for name, state in machine["States"].items():
        ways_out = [state["Type"] in ENDS, state.get("End", False), "Next" in state, state["Type"] == "Choice"]
        assert sum(ways_out) == 1, name
        assert state["Type"] in STANDARD_STATES, name


@pytest.mark.parametrize("machine", [*machines(definition())], ids=lambda machine: machine["StartAt"])
def test_an_end_can_be_reached_from_every_state(machine: Json) -> None:
    ends = {name for name, state in machine["States"].items() if state["Type"] in ENDS or state.get("End")}
    for name in machine["States"]:
        assert ends & reached({**machine, "StartAt": name}), name


def test_cloudformation_would_take_it() -> None:
    """Against the schema of the States Language that cfn-lint carries."""
    assert complaints(stack_with(definition())) == []


def test_what_cloudformation_would_not_take_is_noticed() -> None:
    broken = definition()
    del broken["States"]["cooling-off"]["Next"]

    assert complaints(stack_with(broken)) != []


def stack_with(machine: Json) -> Json:
    """Return a stack that consists of the machine, its functions' names filled in."""
    text = json.dumps(machine)
    for name in ("WorkerArn", "NotifierArn"):
        text = text.replace(f"${{{name}}}", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/any", "Definition": json.loads(text)}
    return {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}


def test_the_definition_waits_for_people_with_tokens_and_bounds_everything() -> None:
    """What the comparison claims to contain."""
    states = definition()["States"]
    tokens = {name for name, state in states.items() if str(state.get("Resource")).endswith(".waitForTaskToken")}

    assert tokens == {"open-level", "open-job", "pick-order"}
    assert "HeartbeatSecondsPath" in states["pick-order"]
    assert states["reserve-stock"]["MaxConcurrency"] == 10
    assert DEFINITION.name in (DEFINITION.parents[1] / "costs.md").read_text("utf-8")


# --- the walker -----------------------------------------------------------------------------------------------------


def task(**fields: Any) -> Json:
    """Return a task."""
    return {"Type": "Task", "Parameters": {"all.$": "$"}, **fields}


def test_a_state_entered_and_a_try_repeated_are_transitions() -> None:
    answers: list[Any] = ["Busy", "Busy", None]

    def ask(_name: str, _payload: Any) -> Any:
        answer = answers.pop(0)
        if answer:
            raise TaskFailedError(answer)
        return {"n": 2}

    inner: Json = {"StartAt": "inner", "States": {"inner": {"Type": "Succeed"}}}
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]
    machine: Json = {
        "StartAt": "first",
        "States": {
            "first": task(ResultPath="$.answer", Retry=retry, Next="each"),
            "each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemSelector": {},
                "ItemProcessor": inner,
                "ResultPath": None,
                "Next": "which",
            },
            "which": {"Type": "Choice", "Choices": [choice("$.answer.n", 2, "end")], "Default": "first"},
            "end": {"Type": "Succeed"},
        },
    }
    walk = Walk(ask)

    walk.through(machine, {"items": [1, 2, 3]})

    assert walk.transitions == (1 + 2) + (1 + 3) + 1 + 1
    assert walk.tasks == 3


def test_an_error_that_nothing_retries_or_catches_fails_the_walk() -> None:
    def ask(_name: str, _payload: Any) -> Any:
        raise TaskFailedError("Broken")

    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]
    caught = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "end"}]
    states: Json = {"only": task(Retry=retry, End=True), "end": {"Type": "Succeed"}}

    with pytest.raises(TaskFailedError):
        Walk(ask).through({"StartAt": "only", "States": states}, {})
    states["only"] = task(Retry=retry, Catch=caught, End=True)
    assert Walk(ask).through({"StartAt": "only", "States": states}, {}) == {"error": {"Error": "Broken"}}


def choice(path: str, limit: int, follows: str) -> Json:
    """Return a rule that holds from a number on."""
    return {"Variable": path, "NumericGreaterThan": limit - 1, "Next": follows}
