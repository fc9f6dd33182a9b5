"""A history becomes a timeline, event by event, as AWS writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from orders.domain.history import Timeline, timeline_of
from tests.builders import NOON, at


class Story:
    """A history under construction: every event gets the next number and the moment the test gives it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.tell("ExecutionStarted", 0, "order", Input={"Payload": "{}"})

    def tell(self, kind: str, seconds: float, subject: str = "", parent: str | None = None, **details: Any) -> Story:
        """Add an event about `subject`."""
        event: dict[str, Any] = {
            "EventType": kind,
            "EventId": len(self.events) + 1,
            "EventTimestamp": at(seconds),
            f"{kind}Details": details,
        }
        if subject:
            event |= {"Id": f"id-of-{subject}", "Name": subject}
        if parent:
            event["ParentId"] = f"id-of-{parent}"
        self.events.append(event)
        return self

    def invocation(self, start: float, end: float, number: int = 1, **details: Any) -> Story:
        """Add the end of an invocation."""
        span: dict[str, Any] = {"StartTimestamp": at(start), "EndTimestamp": at(end), "RequestId": f"request-{number}"}
        return self.tell("InvocationCompleted", end, **span, **details)

    def seen(self, *, after: int = 0, now: float = 100, status: str = "RUNNING") -> Timeline:
        """Return the timeline at a moment."""
        description = {"Status": status, "StartTimestamp": NOON, "EndTimestamp": None}
        return timeline_of(description, self.events, after=after, now=at(now))


def a_failure(message: str = "not yet") -> dict[str, Any]:
    """Return an error as an event carries it."""
    return {"Payload": {"ErrorType": "ValueError", "ErrorMessage": message}}


def waiting_for_a_person() -> Story:
    """One invocation that registered the order and asks its first level."""
    return (
        Story()
        .tell("StepStarted", 1, "register")
        .tell("StepSucceeded", 1, "register", Result={"Payload": '"done"'})
        .tell("ContextStarted", 2, "level")
        .tell("CallbackStarted", 2, "decision", "level", Timeout=120)
        .invocation(0.5, 2.5)
    )


def test_a_step_has_its_times_its_attempt_and_its_result() -> None:
    (step, *_) = waiting_for_a_person().seen().operations

    assert (step.type, step.name, step.status, step.parent_id) == ("STEP", "register", "SUCCEEDED", None)
    assert (step.started_at, step.ended_at, step.result) == (at(1), at(1), '"done"')
    assert [(each.started_at, each.ended_at) for each in step.attempts] == [(at(1), at(1))]


def test_a_retried_step_has_an_attempt_for_each_try_and_says_when_the_next_one_is() -> None:
    story = Story().tell("StepStarted", 1, "charge")
    story.tell("StepFailed", 2, "charge", Error=a_failure(), RetryDetails={"NextAttemptDelaySeconds": 4})

    (waiting,) = story.seen().operations
    assert (waiting.status, waiting.ended_at) == ("PENDING", None)
    assert waiting.attempts[0].next_attempt_at == at(6)
    assert waiting.attempts[0].error == "ValueError: not yet"

    story.tell("StepStarted", 6, "charge").tell("StepSucceeded", 7, "charge")
    (done,) = story.seen().operations
    assert (done.status, done.ended_at, done.error) == ("SUCCEEDED", at(7), None)
    assert [each.error for each in done.attempts] == ["ValueError: not yet", None]


def test_a_step_that_is_not_tried_again_has_failed() -> None:
    story = Story().tell("StepStarted", 1, "charge")
    story.tell("StepFailed", 2, "charge", Error=a_failure("never"), RetryDetails={"NextAttemptDelaySeconds": 0})

    (step,) = story.seen().operations

    assert (step.status, step.error, step.ended_at) == ("FAILED", "ValueError: never", at(2))


def test_an_attempt_whose_start_was_not_written_still_counts() -> None:
    (step,) = Story().tell("StepSucceeded", 2, "quick").seen().operations

    assert [(each.started_at, each.ended_at) for each in step.attempts] == [(at(2), at(2))]


def test_a_callback_has_its_deadline_and_its_place_in_the_tree() -> None:
    (_, level, decision) = waiting_for_a_person().seen().operations

    assert (decision.type, decision.parent_id, decision.status) == ("CALLBACK", level.id, "STARTED")
    assert decision.deadline == at(122)


def test_a_wait_has_the_moment_it_ends() -> None:
    story = Story().tell("WaitStarted", 1, "pause", Duration=30, ScheduledEndTimestamp=at(31))

    (wait,) = story.seen().operations

    assert (wait.type, wait.deadline, wait.ended_at) == ("WAIT", at(31), None)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("CallbackSucceeded", "SUCCEEDED"),
        ("CallbackFailed", "FAILED"),
        ("CallbackTimedOut", "TIMED_OUT"),
    ],
)
def test_the_end_of_a_callback_is_told_apart(kind: str, status: str) -> None:
    story = waiting_for_a_person().tell(kind, 50, "decision", "level")

    assert story.seen().operations[2].status == status


def test_an_invocation_says_what_it_found_done_and_what_it_moved_on() -> None:
    story = waiting_for_a_person().tell("CallbackSucceeded", 50, "decision", "level")
    story.tell("ContextSucceeded", 51, "level").tell("StepStarted", 51, "charge").tell("StepSucceeded", 51, "charge")
    story.invocation(50.5, 52, number=2)

    first, second = story.seen().invocations

    assert (first.started_at, first.ended_at, first.request_id) == (at(0.5), at(2.5), "request-1")
    assert (first.replayed, first.ran) == (0, 3)
    assert (second.replayed, second.ran) == (2, 2)


def test_a_decision_during_the_end_of_an_invocation_was_not_found_done_by_it() -> None:
    story = Story().tell("CallbackStarted", 1, "decision").tell("CallbackSucceeded", 1.5, "decision")

    (only,) = story.invocation(0.5, 2).seen().invocations

    assert (only.replayed, only.ran) == (0, 1)


def test_a_failed_invocation_says_why() -> None:
    (only,) = Story().invocation(0, 1, Error=a_failure("worker lost")).seen().invocations

    assert only.error == "ValueError: worker lost"


def test_an_invocation_without_details_is_as_long_as_what_it_wrote() -> None:
    story = Story().tell("StepStarted", 3, "register").tell("StepSucceeded", 4, "register")

    (only,) = story.tell("InvocationCompleted", 5).seen().invocations

    assert (only.started_at, only.ended_at, only.request_id, only.replayed) == (at(3), at(5), None, 0)


def test_a_later_look_brings_only_what_was_touched_since() -> None:
    story = waiting_for_a_person()
    cursor = story.seen().cursor
    story.tell("CallbackSucceeded", 50, "decision", "level")

    news = story.seen(after=cursor)

    assert [each.name for each in news.operations] == ["decision"]
    assert news.invocations == ()
    assert news.cursor == cursor + 1
    assert story.seen(after=news.cursor).operations == ()


def test_the_execution_says_how_it_ended() -> None:
    ended = Story().tell("ExecutionFailed", 9, "order", Error=a_failure("stock")).seen(status="FAILED")

    assert (ended.input, ended.result, ended.error) == ("{}", None, "ValueError: stock")
    assert Story().tell("ExecutionSucceeded", 9, "order", Result={"Payload": '"ok"'}).seen().result == '"ok"'


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("ExecutionSucceeded", "SUCCEEDED"),
        ("ExecutionFailed", "FAILED"),
        ("ExecutionTimedOut", "TIMED_OUT"),
        ("ExecutionStopped", "STOPPED"),
    ],
)
def test_an_end_that_the_description_did_not_know_yet_is_the_end(kind: str, status: str) -> None:
    ended = Story().tell(kind, 9, "order").seen(status="RUNNING")

    assert (ended.status, ended.ended_at, ended.next_poll_ms) == (status, at(9), None)


def test_without_execution_data_a_failure_is_only_a_failure() -> None:
    (step,) = Story().tell("StepFailed", 2, "charge").seen().operations

    assert (step.status, step.error) == ("FAILED", None)


def test_events_that_are_no_operations_only_move_the_cursor() -> None:
    story = Story().tell("ExecutionPaused", 1, "order").tell("SomethingNewStarted", 2, "thing")

    assert story.seen().operations == ()
    assert story.seen().cursor == 3


def polls(story: Story, now: float, status: str = "RUNNING") -> int | None:
    """Return how long the page is asked to wait."""
    return story.seen(now=now, status=status).next_poll_ms


def test_the_page_asks_often_while_something_runs_and_seldom_while_a_person_is_awaited() -> None:
    running = Story().tell("StepStarted", 1, "register")
    resting = Story().tell("WaitStarted", 1, "pause", ScheduledEndTimestamp=at(31)).invocation(0, 2)

    assert polls(running, now=2) == 1_000
    assert polls(running, now=60) == 2_000
    assert polls(waiting_for_a_person(), now=3) == 5_000
    assert polls(resting, now=3) == 5_000
    assert polls(resting, now=29) == 2_000
    assert polls(resting, now=40) == 1_000
    assert polls(Story().invocation(0, 1), now=2) == 1_000
    assert polls(running, now=2, status="SUCCEEDED") is None


def test_a_history_that_has_not_begun_is_asked_for_again_soon() -> None:
    empty = timeline_of({"Status": "RUNNING", "StartTimestamp": NOON}, [], after=0, now=NOON)

    assert (empty.cursor, empty.next_poll_ms, empty.started_at) == (0, 1_000, NOON)
    assert isinstance(empty.started_at, datetime)
