"""The warehouse's list: an order is on it while its job can be worked on, the oldest job first."""

from dataclasses import replace

import pytest

from orders.domain.callbacks import beat, publish_claim_callback, publish_picking_callback
from orders.domain.charging import BeginCharge
from orders.domain.errors import InvalidRequestError
from orders.domain.model import Order, PickingTerms
from orders.domain.picking import ClaimJob, LeaveJob, LoseJob, OpenJob, ReportPicking
from orders.domain.recovery import NeedAttention
from orders.domain.rules import Command
from tests.adapters.repository import ids, moved, placed
from tests.adapters.stand import Adapters, items
from tests.builders import a_person, at

WORKER = a_person("warehouse-1")
PICKED, TORN = ReportPicking(WORKER, 1, picked=True, reason=None), ReportPicking(WORKER, 1, picked=False, reason="Torn")


def to_pick(adapters: Adapters, number: int = 1, *, seconds: float = 1) -> Order:
    """An order whose first job was opened so many seconds after noon."""
    order = placed(adapters.orders, number, levels=(), picking=PickingTerms(claim_seconds=600, beat_seconds=30))
    return moved(adapters.orders, order, BeginCharge(), OpenJob(1, f"claim-{number}"), now=at(seconds))


def listed(adapters: Adapters) -> list[str]:
    """What the warehouse sees."""
    return ids(adapters.orders.picking(10, None))


def test_the_oldest_job_is_first_over_all_pages(adapters: Adapters) -> None:
    """Whatever the age of its order."""
    for number in range(1, 8):
        to_pick(adapters, number, seconds=100 - number)
    page = adapters.orders.picking(3, None)
    found = ids(page)
    while page.cursor is not None:
        page = adapters.orders.picking(3, page.cursor)
        found += ids(page)
    assert found == [f"order-{number:03}" for number in range(7, 0, -1)]


def test_a_claimed_job_stays_on_the_list_until_it_has_a_result(adapters: Adapters) -> None:
    """So its station finds it again, and the others see whose it is."""
    order = moved(adapters.orders, to_pick(adapters), ClaimJob(WORKER, 1), now=at(2))
    assert listed(adapters) == ["order-001"]
    moved(adapters.orders, order, PICKED, now=at(3))
    assert listed(adapters) == []


@pytest.mark.parametrize(
    ("before", "ending", "seconds"),
    [
        ((ClaimJob(WORKER, 1),), TORN, 3),
        ((ClaimJob(WORKER, 1),), LoseJob(1), 60),
        ((), LeaveJob(1), 601),
        ((), NeedAttention("stopped", "notifier"), 3),
    ],
)
def test_whatever_ends_a_job_takes_it_off_the_list(
    adapters: Adapters, before: tuple[Command, ...], ending: Command, seconds: float
) -> None:
    """Goods that are not to be picked are not in the list."""
    order = moved(adapters.orders, to_pick(adapters), *before, now=at(2))
    moved(adapters.orders, order, ending, now=at(seconds))
    assert listed(adapters) == []


def test_a_second_job_is_on_the_list_at_its_own_age(adapters: Adapters) -> None:
    """Behind the jobs that were opened since the first one."""
    order = moved(adapters.orders, to_pick(adapters), ClaimJob(WORKER, 1), TORN, now=at(2))
    to_pick(adapters, 2, seconds=3)
    moved(adapters.orders, order, OpenJob(2, "claim-again"), now=at(4))
    assert listed(adapters) == ["order-002", "order-001"]


def test_a_job_comes_back_as_it_was_written(adapters: Adapters) -> None:
    """Every field survives, the callbacks and beats that no audit tells of too."""
    order = moved(adapters.orders, to_pick(adapters), ClaimJob(WORKER, 1), now=at(2))
    changes = [publish_claim_callback(order, 1, "claim-b")]
    changes.append(publish_picking_callback(changes[-1].after, 1, "picking-a"))
    changes.append(beat(changes[-1].after, 1, at(3.25)))
    for change in changes:
        adapters.orders.commit(change)
    order = changes[-1].after
    assert order.jobs[0].beats == 2
    assert adapters.orders.get(order.order_id) == order
    assert listed(adapters) == ["order-001"]
    order = moved(adapters.orders, order, replace(TORN, reason="Zerrissen"), now=at(4))
    assert adapters.orders.get(order.order_id) == order


def test_a_garbled_cursor_is_a_mistake_of_the_request(adapters: Adapters) -> None:
    """As in every list."""
    with pytest.raises(InvalidRequestError):
        adapters.orders.picking(10, "x")


def test_a_finished_job_leaves_no_item_behind(aws: Adapters) -> None:
    """The list's own item goes with the transaction that ends the job."""
    order = moved(aws.orders, to_pick(aws), ClaimJob(WORKER, 1), now=at(2))
    assert len(items(lambda item: item["sk"]["S"] == "JOB#1")) == 1
    moved(aws.orders, order, PICKED, now=at(3))
    assert items(lambda item: item["sk"]["S"].startswith("JOB#")) == []
