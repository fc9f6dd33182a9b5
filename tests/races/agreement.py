"""What the API, its rows and the models must agree on after every step, whoever looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from orders.domain.errors import OrderNotFoundError
from orders.domain.model import FINAL, LevelOutcome, Order
from tests.api.world import call
from tests.builders import NOON
from tests.crash.invariants import (
    Evidence,
    audit_is_gapless,
    every_accepted_decision_counts,
    every_move_is_in_the_table,
    final_rows_never_change,
    requester_never_decides,
)
from tests.races.model import Model
from tests.races.stage import PEOPLE, Stage, person
from tests.races.track import shape, shape_of

ALWAYS = (
    every_move_is_in_the_table,
    audit_is_gapless,
    requester_never_decides,
    every_accepted_decision_counts,
    final_rows_never_change,
)


def agree(stage: Stage, looker: str) -> None:
    """Hold every row, and what it offers to everybody, against its model; `looker` looks over HTTP as well."""
    for number in stage.orders:
        _rows_agree(stage, number)
    for number in stage.in_sight:
        for name in PEOPLE:
            _offers_agree(stage, number, name)
        _pages_agree(stage, number, looker)
    for name in PEOPLE:
        page = stage.services.reading.inbox(person(name), 25, None)
        assert [order.order_id for order in page.orders] == _inbox(stage, name)
    _lists_agree(stage, looker)


def _rows_agree(stage: Stage, number: int) -> None:
    """Row and audit are what the model says, and sound by the rules that hold in every suite."""
    row, model = stage.row(number), stage.model(number)
    audit = stage.world.orders.audit(row.order_id)
    assert shape_of(row) == shape(model)
    assert tuple(entry.event for entry in audit) == model.story
    evidence = _evidence(stage, row)
    assert [found for rule in ALWAYS for found in rule(evidence)] == []
    assert [*_wrongs_of_the_charge(row, model)] == []


def _wrongs_of_the_charge(row: Order, model: Model) -> Iterator[str]:
    """An order is charged at most once, and only after enough different people have approved every level."""
    charges = Counter(model.story)["charge-begun"]
    if charges > 1:
        yield f"charged {charges} times"
    for level in row.levels if charges else ():
        if (
            level.outcome is not LevelOutcome.APPROVED
            or len({vote.by for vote in level.decisions}) < level.terms.quorum
        ):
            yield f"charged with level {level.number} {level.outcome}"


def _evidence(stage: Stage, row: Order) -> Evidence:
    """Return what this suite knows of an order: it moves no money and no goods, and nothing is executed."""
    return Evidence(
        row=row,
        audit=stage.world.orders.audit(row.order_id),
        changes=tuple(each for each in stage.book.changes if each.after.order_id == row.order_id),
        ledger=(),
        taken={},
        ordered={},
        outbox=(),
        accepted=tuple((level.number, vote) for level in row.levels for vote in level.decisions),
        ended=row.status in FINAL,
        result=None,
    )


def _offers_agree(stage: Stage, number: int, name: str) -> None:
    """Whoever may see the order is offered exactly what would be accepted; for the others it does not exist."""
    model, reading = stage.model(number), stage.services.reading
    try:
        row = reading.order(stage.orders[number].order_id, person(name))
    except OrderNotFoundError:
        assert not model.sees(PEOPLE[name]), f"{name} should see order {number}"
        return
    assert model.sees(PEOPLE[name]), f"{name} should not see order {number}"
    assert [*reading.actions(row, person(name))] == model.actions(PEOPLE[name], stage.now), f"{name}, order {number}"


def _pages_agree(stage: Stage, number: int, name: str) -> None:
    """The same over HTTP, with the audit."""
    model = stage.model(number)
    order = call(stage.event(name, "GET", stage.address(number)))
    audit = call(stage.event(name, "GET", stage.address(number, "/audit")))
    assert {order.status, audit.status} == {200 if model.sees(PEOPLE[name]) else 404}
    if order.status == 200:
        assert (order.json["status"], order.json["level"]) == (model.status, model.current or None)
        assert order.json["actions"] == model.actions(PEOPLE[name], stage.now)
        assert tuple(entry["event"] for entry in audit.json["items"]) == model.story


def _lists_agree(stage: Stage, name: str) -> None:
    """Inbox, jobs and the list of orders over HTTP."""
    inbox = call(stage.event(name, "GET", "/inbox")).json["items"]
    assert [item["orderId"] for item in inbox] == _inbox(stage, name)
    jobs = call(stage.event(name, "GET", "/picking"))
    assert jobs.status == (200 if "warehouse" in PEOPLE[name].roles else 403)
    if jobs.status == 200:
        assert {item["orderId"] for item in jobs.json["items"]} == {
            placed.order_id
            for placed in stage.orders.values()
            if placed.model.status == "FULFILLING" and placed.model.jobs[-1].state in {"open", "claimed"}
        }


def _inbox(stage: Stage, name: str) -> list[str]:
    """Return the orders that wait for this person, the nearest deadline first."""
    waiting: list[tuple[datetime, str]] = []
    for placed in stage.orders.values():
        model = placed.model
        if "approve" in model.actions(PEOPLE[name], stage.now):
            deadline = model.levels[model.current - 1].deadline or 0
            waiting.append((NOON + timedelta(seconds=deadline), placed.order_id))
    return [order_id for _, order_id in sorted(waiting)]
