"""Clicks swept across the deadline, a millisecond apart: the person, the row and the workflow always agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from orders.domain.model import OrderId, Verdict
from tests.api.world import World, call, decision
from tests.races.cast import DEADLINE, decides, looks, waiting
from tests.races.model import OK, Answer
from tests.races.track import Race, Runner, Track

Record = Callable[[str, object], None]
POINTS = range(-100, 101)  # milliseconds from the deadline
Arrangement = Callable[[Track, Runner, Runner], list[Race]]


def in_turn(track: Track, first: Runner, second: Runner) -> list[Race]:
    """Run the second only when the first is done."""
    position = waiting(track.book)
    begun = track.race(position.order, position.model, [first])
    return [begun, track.race(begun.row, begun.end, [second])]


def at_once(track: Track, *runners: Runner) -> list[Race]:
    """Let both meet at the write."""
    position = waiting(track.book)
    return [track.race(position.order, position.model, runners)]


def outcome(races: list[Race]) -> str:
    """Check that everybody was told what the row says, and return who won."""
    assert [race.contradictions() for race in races] == [[] for _ in races]
    row, answers = races[-1].row, {run.runner.name: run.answer for race in races for run in race.runs}
    decided = answers.pop(next(name for name in answers if "manager-1" in name))
    (seen,) = answers.values()
    if decided == OK:
        assert len(row.levels[0].decisions) == 1
        assert row.status == ("REJECTED" if row.levels[0].outcome == "rejected" else "PENDING_APPROVAL")
        assert seen.code in {str(row.levels[0].outcome), "pending"}
        return "click"
    assert decided == Answer(409, "order-expired")
    assert (row.status, row.levels[0].decisions) == ("EXPIRED", ())
    assert seen.code in {"expired", "pending"}
    return "deadline"


@pytest.mark.parametrize("verdict", Verdict)
def test_clicks_across_the_deadline_have_one_winner(
    memory: Track, verdict: Verdict, record_testsuite_property: Record
) -> None:
    """Each click is tried before, after and at once with the workflow's look, whose clock is a little off as well."""
    arrangements: dict[str, Arrangement] = {
        "click first": in_turn,
        "look first": lambda track, clicking, looking: in_turn(track, looking, clicking),
        "at once": at_once,
    }
    winners = Counter[str]()
    for point in POINTS:
        clicking = decides("manager-1", verdict, seconds=DEADLINE + point / 1000)
        looking = looks(DEADLINE + memory.luck.choice((-0.05, 0, 0.05)))
        for name, arranged in arrangements.items():
            won = outcome(arranged(memory, clicking, looking))
            assert won == "deadline" or point < 0, f"{name} at {point} ms"
            winners[f"{name}: {won}"] += 1

    assert set(winners) == {f"{name}: {won}" for name in arrangements for won in ("click", "deadline")}
    assert winners["click first: click"] == sum(point < 0 for point in POINTS)
    figure = f"{len(POINTS)} points x {len(arrangements)} arrangements, 0 contradictions; "
    figure += ", ".join(f"{name} {times}x" for name, times in sorted(winners.items()))
    record_testsuite_property(f"{verdict} at the deadline", figure)
    print(figure)


def test_a_person_is_told_over_http_what_the_row_says(world: World, record_testsuite_property: Record) -> None:
    """The same sweep through the API, with one clock that is moved; the workflow looks right afterwards."""
    window, told = world.services().settings.waits.window, Counter[int]()
    for point in POINTS:
        order_id = world.pending()
        world.clock.move(seconds=window + point / 1000)
        answer = call(decision(order_id))
        look = world.services().approval.settle_level(OrderId(order_id), 1)
        row = world.row(order_id)
        told[answer.status] += 1

        assert answer.status == (200 if point < 0 else 409)
        assert (look.outcome, row.status) == (
            ("approved", "PENDING_APPROVAL") if answer.status == 200 else ("expired", "EXPIRED")
        )
        assert answer.status == 200 or answer.json["order"] == {"state": "EXPIRED"}
    record_testsuite_property("deadline over HTTP", f"{len(POINTS)} points, 0 contradictions, {dict(told)}")
