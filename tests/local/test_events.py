"""Events reach the functions whose rules want them, at least once, and no others."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.environments import Outcome, UnknownFunctionError
from local.events import EventBus, PatternError, matches
from local.template import Rule, Target, TemplateError

WORKFLOW = "arn:aws:lambda:us-east-1:123456789012:function:countersign-OrderWorkflow"
NOTIFIER = "arn:aws:lambda:us-east-1:123456789012:function:countersign-Notifier:live"
PATTERN = {
    "source": ["aws.lambda"],
    "detail-type": ["Durable Execution Status Change"],
    "detail": {"functionArn": [{"prefix": f"{WORKFLOW}:"}], "status": ["FAILED", "TIMED_OUT", "STOPPED"]},
}


def a_status_event(status: str = "FAILED", function: str = f"{WORKFLOW}:1") -> dict[str, Any]:
    """What the durable service reports."""
    return {
        "version": "0",
        "id": "e-1",
        "source": "aws.lambda",
        "detail-type": "Durable Execution Status Change",
        "detail": {"functionArn": function, "status": status, "durableExecutionName": "o1"},
    }


def a_rule(name: str = "WorkflowEnded", arn: str = NOTIFIER, pattern: Mapping[str, object] = PATTERN) -> Rule:
    """A rule with one target."""
    return Rule(name, f"countersign-{name}", pattern, (Target("one", arn, None, 185),))


class Functions:
    """Stands where the environments are: fails as often as told, then succeeds."""

    def __init__(self, failures: int = 0, unknown: str = "") -> None:
        self.failures = failures
        self.unknown = unknown
        self.ran: list[tuple[str, Any]] = []

    async def __call__(self, function: str, payload: bytes, request_id: str | None = None) -> Outcome:
        """Run once."""
        self.ran.append((function, json.loads(payload)))
        if function == self.unknown:
            raise UnknownFunctionError(function)
        if self.failures:
            self.failures -= 1
            return Outcome("r", b'{"errorMessage": "not now"}', "Unhandled")
        return Outcome("r", b"null")


def delivered(functions: Functions, folder: Path, event: dict[str, Any], *rules: Rule) -> list[dict[str, Any]]:
    """Deliver an event; the dead letters there are afterwards."""
    letters = folder / "letters" / "dead.jsonl"
    asyncio.run(EventBus(rules or (a_rule(),), functions, letters, (0.0, 0.0)).deliver(event))
    lines = letters.read_text(encoding="utf-8").splitlines() if letters.exists() else []
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "STOPPED"])
def test_a_workflow_that_ended_badly_reaches_the_notifier(tmp_path: Path, status: str) -> None:
    """With the event as it was reported."""
    functions = Functions()
    assert delivered(functions, tmp_path, a_status_event(status)) == []
    assert functions.ran == [(NOTIFIER, a_status_event(status))]


@pytest.mark.parametrize(
    "event",
    [
        a_status_event("RUNNING"),
        a_status_event("SUCCEEDED"),
        a_status_event(function=f"{WORKFLOW}Copy:1"),
        a_status_event() | {"source": "aws.s3"},
        a_status_event() | {"detail": "FAILED"},
        {},
    ],
)
def test_what_no_rule_wants_runs_nothing(tmp_path: Path, event: dict[str, Any]) -> None:
    """Another status, another function, another source, another shape."""
    functions = Functions()
    assert delivered(functions, tmp_path, event) == []
    assert functions.ran == []


def test_every_rule_that_wants_an_event_gets_it(tmp_path: Path) -> None:
    """And one that fails does not keep it from the others."""
    functions = Functions(unknown="gone")
    letters = delivered(functions, tmp_path, a_status_event(), a_rule("A", "gone"), a_rule("B", "b"), a_rule("C", "c"))
    assert {name for name, _ in functions.ran} == {"gone", "b", "c"}
    assert [letter["target"] for letter in letters] == ["gone"]


@pytest.mark.parametrize(("failures", "runs", "letters"), [(0, 1, 0), (1, 2, 0), (2, 3, 0), (3, 3, 1)])
def test_a_function_that_fails_is_tried_twice_more(tmp_path: Path, failures: int, runs: int, letters: int) -> None:
    """As Lambda does with an asynchronous invocation; what nobody took is kept, with the reason."""
    functions = Functions(failures)
    kept = delivered(functions, tmp_path, a_status_event())
    assert (len(functions.ran), len(kept)) == (runs, letters)
    for letter in kept:
        assert (letter["rule"], letter["target"]) == ("countersign-WorkflowEnded", NOTIFIER)
        assert letter["event"] == a_status_event()
        assert "not now" in letter["error"]


def test_an_event_that_cannot_even_be_kept_has_to_come_again(tmp_path: Path) -> None:
    """Nothing is lost: whoever delivers hears of it, after the other targets were served."""
    (tmp_path / "letters").write_text("a file in the way of the folder", encoding="utf-8")
    functions = Functions(unknown="gone")
    with pytest.raises(OSError, match="letters"):
        delivered(functions, tmp_path, a_status_event(), a_rule("A", "gone"), a_rule("B", "b"))
    assert ("b", a_status_event()) in functions.ran


@pytest.mark.parametrize(
    ("wanted", "values", "others"),
    [
        (["a", "b"], ["a", "b", ["x", "b"]], ["c", "A", None, ["x"], []]),
        ([1], [1, 1.0], ["1", True, 2]),
        ([True], [True], [1, "true", False]),
        ([None], [None], ["", 0, False]),
        ([{"prefix": "ab"}], ["ab", "abc"], ["a", "Abc", 1]),
        ([{"suffix": ".png"}], ["x.png"], ["x.PNG", "png"]),
        ([{"suffix": {"equals-ignore-case": ".PNG"}}], ["x.png", "x.Png"], ["png"]),
        ([{"equals-ignore-case": "Ab"}], ["AB", "ab"], ["abc"]),
        ([{"anything-but": "a"}], ["b", 1, None], ["a"]),
        ([{"anything-but": ["a", 1]}], ["b", 2], ["a", 1]),
        ([{"anything-but": {"prefix": "a"}}], ["b"], ["a", "ab"]),
        ([{"exists": True}], ["", None, 0], []),
        ([{"numeric": [">", 1, "<=", 3]}], [2, 3], [1, 4, "2", True]),
        ([{"wildcard": "a*c.*"}], ["abc.x", "ac."], ["abc", "xac.", "aXcX"]),
        ([{"prefix": "x"}, "a"], ["a", "xy"], ["b"]),
    ],
)
def test_the_pattern_language(wanted: list[Any], values: list[Any], others: list[Any]) -> None:
    """Every operator that is understood, with what it accepts and what not."""
    assert [value for value in values if not matches({"f": wanted}, {"f": value})] == []
    assert [value for value in others if matches({"f": wanted}, {"f": value})] == []
    assert not matches({"f": wanted}, {})


def test_absence_can_be_asked_for() -> None:
    """Also inside a part that is not there."""
    assert matches({"f": [{"exists": False}]}, {})
    assert matches({"f": {"g": [{"exists": False}]}}, {})
    assert not matches({"f": [{"exists": False}]}, {"f": None})


def test_one_of_several_patterns_is_enough_within_or() -> None:
    """Beside it, every other field still has to accept."""
    pattern = {"s": ["x"], "$or": [{"a": [1]}, {"b": [{"numeric": [">", 5]}]}]}
    assert matches(pattern, {"s": "x", "a": 1})
    assert matches(pattern, {"s": "x", "b": 6})
    assert not matches(pattern, {"s": "x", "b": 5})
    assert not matches(pattern, {"s": "y", "a": 1})


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ({"f": [{"cidr": "10.0.0.0/8"}]}, "f: the operator cidr is not known here"),
        ({"f": "text"}, "f: expected a list of values or a nested pattern"),
        ({"f": []}, "f: expected a list"),
        ({"f": [{"prefix": 1}]}, "f: prefix cannot take 1"),
        ({"f": [{"exists": "yes"}]}, "f: exists cannot take 'yes'"),
        ({"f": [{"numeric": [">"]}]}, "f: numeric cannot take"),
        ({"f": [{"numeric": ["~", 1]}]}, "f: numeric cannot take"),
        ({"f": [{}]}, "f: expected one operator, found none"),
        ({"$or": [1]}, "\\$or: expected a list of patterns"),
        ({"a": ["x"], "detail": {"f": [{"cidr": "x"}]}}, "f: the operator cidr"),
    ],
)
def test_a_pattern_that_is_not_understood_is_refused_at_once(
    tmp_path: Path, pattern: dict[str, Any], message: str
) -> None:
    """With the rule's name, before any event has come."""
    with pytest.raises(PatternError, match=message):
        matches(pattern, {})
    with pytest.raises(TemplateError, match=f"WorkflowEnded.EventPattern: .*{message}"):
        EventBus([a_rule(pattern=pattern)], Functions(), tmp_path)
