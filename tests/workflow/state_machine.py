"""Walks a state machine definition as Step Functions does, and counts: no estimate, but the definition itself decides.

It understands what `docs/costs/order-approval.asl.json` is made of and refuses everything else: Task with Retry and
Catch, Choice, Parallel, Map, Wait, Succeed; JSON paths of names and indexes. What a task answers comes from outside.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Ask = Callable[[str, Any], Any]
ANY_ERROR = "States.ALL"
# What the service knows about an execution; a walk need not say.
CONTEXT = "$$."
CLOCKS = ("TimeoutSecondsPath", "HeartbeatSecondsPath")
_PATH = re.compile(r"\$(\.\w+|\[\d+\])*")


class TaskFailedError(Exception):
    """A task answered with an error of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(slots=True)
class Walk:
    """One execution. A transition is a state entered, or a task tried again; `entered` counts states without that."""

    ask: Ask
    entered: Counter[str] = field(default_factory=Counter)
    transitions: int = 0
    tasks: int = 0

    def through(self, machine: Json, data: Any) -> Any:
        """Go from the machine's start to its end and return its output; TaskFailedError if nothing catches an error."""
        name: str | None = machine["StartAt"]
        while name is not None:
            state = machine["States"][name]
            self.entered[name] += 1
            self.transitions += 1
            data, name = self._pass(name, state, data)
        return data

    def _pass(self, name: str, state: Json, data: Any) -> tuple[Any, str | None]:
        """Return what a state makes of the data, and the state that follows."""
        if state["Type"] == "Choice":
            return data, chosen(state, data)
        try:
            result = self._result(name, state, data)
        except TaskFailedError as error:
            catcher = next((each for each in state.get("Catch", ()) if catches(each, error)), None)
            if catcher is None:
                raise
            return placed(catcher, data, {"Error": error.name}), catcher["Next"]
        return placed(state, data, result), state.get("Next")

    def _result(self, name: str, state: Json, data: Any) -> Any:
        match state["Type"]:
            case "Task":
                return self._tried(name, state, data)
            case "Parallel":
                return filled(state["ResultSelector"], self._all((branch, data) for branch in state["Branches"]))
            case "Map":
                item = filled(state["ItemSelector"], data)
                return self._all((state["ItemProcessor"], item) for _ in found(state["ItemsPath"], data))
            case "Wait":
                assert found(state["SecondsPath"], data) > 0, name
                return data
            case "Succeed":
                return data
        raise NotImplementedError(state["Type"])

    def _all(self, branches: Iterable[tuple[Json, Any]]) -> list[Any]:
        """Go through every branch, since all begin at once; then fail as the first that failed."""
        results, errors = [], []
        for machine, data in branches:
            try:
                results.append(self.through(machine, data))
            except TaskFailedError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return results

    def _tried(self, name: str, state: Json, data: Any) -> Any:
        """Run a task until it answers or its retriers give up; each try is a transition."""
        payload = filled(state["Parameters"], data)
        assert all(found(state[clock], data) > 0 for clock in CLOCKS if clock in state), name
        tries: Counter[int] = Counter()
        while True:
            self.tasks += 1
            try:
                return self.ask(name, payload)
            except TaskFailedError as error:
                retriers = enumerate(state.get("Retry", ()))
                index, retrier = next(((at, each) for at, each in retriers if catches(each, error)), (0, None))
                if retrier is None or tries[index] == retrier["MaxAttempts"]:
                    raise
                tries[index] += 1
                self.transitions += 1


def catches(rule: Json, error: TaskFailedError) -> bool:
    """Return whether a retrier or a catcher is about this error."""
    return bool({error.name, ANY_ERROR} & {*rule["ErrorEquals"]})


def placed(rule: Json, data: Any, result: Any) -> Any:
    """Return the data with a result where `ResultPath` says: in a field, nowhere, or in place of everything."""
    path = rule.get("ResultPath", "$")
    if path is None:
        return data
    return result if path == "$" else {**data, path.removeprefix("$."): result}


def found(path: str, data: Any) -> Any:
    """Return what a path leads to; LookupError where it leads nowhere."""
    if path.startswith(CONTEXT):
        return path
    assert _PATH.fullmatch(path), path
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        data = data[name] if name else data[int(index)]
    return data


def filled(template: Any, data: Any) -> Any:
    """Return a payload template with its paths followed."""
    if not isinstance(template, Mapping):
        return template
    return {
        key.removesuffix(".$"): found(value, data) if key.endswith(".$") else filled(value, data)
        for key, value in template.items()
    }


def chosen(state: Json, data: Any) -> str:
    """Return the state that a choice leads to."""
    follows: str = next((rule["Next"] for rule in state["Choices"] if holds(rule, data)), state["Default"])
    return follows


def holds(rule: Json, data: Any) -> bool:
    """Return whether a rule of a choice holds."""
    match rule:
        case {"And": rules}:
            return all(holds(each, data) for each in rules)
        case {"Or": rules}:
            return any(holds(each, data) for each in rules)
        case {"Variable": path, "IsPresent": wanted}:
            return present(path, data) is wanted
        case {"Variable": path, "StringEquals": wanted}:
            return bool(found(path, data) == wanted)
        case {"Variable": path, "NumericGreaterThan": limit}:
            return bool(found(path, data) > limit)
        case {"Variable": path, "NumericLessThan": limit}:
            return bool(found(path, data) < limit)
    raise NotImplementedError(rule)


def present(path: str, data: Any) -> bool:
    """Return whether a path leads anywhere."""
    try:
        found(path, data)
    except (LookupError, TypeError):
        return False
    return True


def machines(machine: Json) -> Iterator[Json]:
    """Yield the machine and those inside its parallel and map states."""
    yield machine
    for state in machine["States"].values():
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from machines(inner)


def targets(state: Json) -> list[str]:
    """Return every state that may follow a state."""
    rules = [state, *state.get("Catch", ()), *state.get("Choices", ())]
    return [*(rule["Next"] for rule in rules if "Next" in rule), *filter(None, [state.get("Default")])]
