"""The matcher refuses what a requirement does not allow: a suite that accepts everything proves nothing."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.conformance.matching import history_differences, log_differences
from tests.conformance.requirements import substitute
from tests.conformance.service_model import model_differences

STARTED = {"EventId": 2, "EventType": "StepStarted", "Id": "${ID}", "StepStartedDetails": {}}


def of_history(expected: Sequence[dict[str, Any]], actual: Sequence[dict[str, Any]]) -> list[str]:
    return list(history_differences(expected, actual, {"NAME": "alpha"}))


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("*", 7),
        ({}, "anything"),
        ("${/^a.*a$/}", "alpha"),
        ("${NAME}", "alpha"),
        ("the ${NAME}", "the alpha"),
        ({"Payload": "*"}, {"Payload": "1", "Truncated": False}),
        (3, 3),
    ],
)
def test_a_value_that_a_requirement_allows_is_no_difference(expected: object, actual: object) -> None:
    events = [{"EventId": 2, "EventType": "StepStarted", "Value": actual}]
    assert of_history([{"EventId": 2, "EventType": "StepStarted", "Value": expected}], events) == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("${/^b/}", "alpha"),
        ("${NAME}", "beta"),
        ("the ${NAME}", "the beta"),
        ({"Payload": "1"}, {"Payload": "2"}),
        ({"Payload": "1"}, {"Truncated": False}),
        (3, 4),
        (3, "3"),
    ],
)
def test_every_other_value_is_a_difference(expected: object, actual: object) -> None:
    events = [{"EventId": 2, "EventType": "StepStarted", "Value": actual}]
    assert len(of_history([{"EventId": 2, "EventType": "StepStarted", "Value": expected}], events)) == 1


def test_an_event_is_found_by_its_number_only() -> None:
    events = [{"EventId": 3, "EventType": "StepStarted", "Id": "a", "StepStartedDetails": {}}]
    assert of_history([STARTED], events) == ["event 2: expected StepStarted, got none"]


def test_a_placeholder_stands_for_one_value() -> None:
    succeeded = {"EventId": 3, "EventType": "StepSucceeded", "Id": "${ID}"}
    events = [
        {"EventId": 2, "EventType": "StepStarted", "Id": "a", "StepStartedDetails": {}},
        {"EventId": 3, "EventType": "StepSucceeded", "Id": "b"},
    ]
    assert of_history([STARTED, succeeded], events) == ["event 3.Id: expected 'a', got 'b'"]


@pytest.mark.parametrize(
    ("entry", "differs"),
    [
        ({"match": {"message": "/two/"}, "count": 1}, False),
        ({"match": {"message": "/two/"}, "count": 0}, True),
        ({"match": {"message": "two"}, "count": 1}, True),
        ({"match": {"message": "/./"}, "min_count": 3}, True),
        ({"match": {"message": "/three/"}}, True),
        ({"match": {"message": "/two/"}, "count": 1, "after": [{"message": "one"}]}, False),
        ({"match": {"message": "one"}, "count": 1, "after": [{"message": "/two/"}]}, True),
        ({"match": {"message": "/two/"}, "count": 1, "after": [{"message": "none"}]}, True),
        ({"match": {"replayed": 1}, "min_count": 1}, True),
    ],
)
def test_log_records_are_counted_and_ordered(entry: dict[str, Any], differs: bool) -> None:  # noqa: FBT001
    records: list[dict[str, Any]] = [{"message": "one", "replayed": True}, {"message": "number two"}]
    assert bool(list(log_differences([entry], records, {}))) is differs


def test_the_service_model_requires_members_and_knows_its_words() -> None:
    event = {"EventType": "StepSucceded", "EventId": 1, "StepSucceededDetails": {"Result": {}}}
    assert [text.split(":")[0] for text in model_differences("GetDurableExecutionHistory", {"Events": [event]})] == [
        "GetDurableExecutionHistory.Events[0].EventType",
        "GetDurableExecutionHistory.Events[0].StepSucceededDetails.RetryDetails",
    ]


def test_variables_are_replaced_wherever_they_stand() -> None:
    assert substitute({"a": ["${X}!", 1], "b": "${Y}"}, {"X": "x"}) == {"a": ["x!", 1], "b": "${Y}"}
