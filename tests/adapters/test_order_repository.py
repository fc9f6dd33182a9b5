"""The order book's contract: one winner for each write, an audit without gaps, lists that agree with the rows."""

from dataclasses import replace
from functools import partial

import pytest

from orders.adapters.aws_errors import RefusedWriteError
from orders.adapters.clients import dynamodb_client
from orders.domain.approval import Escalate, Expire, NoteUndelivered, OpenLevel, Withdraw
from orders.domain.callbacks import publish_callback
from orders.domain.charging import BeginCharge, Refuse
from orders.domain.errors import InvalidRequestError, WriteConflictError
from orders.domain.model import OrderId, Role, Status
from orders.domain.recovery import NeedAttention
from orders.domain.rules import Command
from orders.domain.table import judge
from orders.services.ports import OrderRepository
from tests.adapters.repository import asked, ids, moved, placed, registration, terms
from tests.adapters.stand import SHARDS, TABLE, Adapters, at_once, items
from tests.builders import NOON, a_person, approval, at, rejection

MANAGERS = frozenset({Role.MANAGERS})
DIRECTORS = frozenset({Role.DIRECTORS})
FINANCE = frozenset({Role.FINANCE})


def test_an_unknown_order_is_none(adapters: Adapters) -> None:
    """Nothing is invented."""
    assert adapters.orders.get(OrderId("order-404")) is None
    assert adapters.orders.audit(OrderId("order-404")) == ()


def test_whoever_creates_second_finds_the_first_row(adapters: Adapters) -> None:
    """The API and the workflow both create; the row is the same for both."""
    first = adapters.orders.create(registration(arn="arn:1"))
    second = adapters.orders.create(registration(arn=None))
    assert second == first == adapters.orders.get(first.order_id)
    assert [entry.event for entry in adapters.orders.audit(first.order_id)] == ["submitted"]


def test_many_creators_at_once_all_get_one_row(adapters: Adapters) -> None:
    """A burst of retries ends in one row with one audit entry."""
    results = at_once([partial(adapters.orders.create, registration()) for _ in range(8)])
    assert results == [registration().after] * 8
    assert len(adapters.orders.audit(OrderId("order-001"))) == 1


def test_a_row_comes_back_as_it_was_written(adapters: Adapters) -> None:
    """Every field of a much-moved order survives, times to the millisecond."""
    levels = (terms(Role.MANAGERS), terms(Role.FINANCE, 2))
    order = asked(adapters.orders, levels=levels, note="Für die Küche", seconds=0.123)
    order = moved(adapters.orders, order, NoteUndelivered(1, "request-decision"), now=at(1))
    order = moved(adapters.orders, order, approval("manager-1"), now=at(2))
    order = moved(adapters.orders, order, OpenLevel(2, "callback-b", OrderId("order-002")), now=at(3))
    order = moved(adapters.orders, order, rejection("finance-1", 2), now=at(4.567))
    assert adapters.orders.get(order.order_id) == order


def test_a_row_knows_that_somebody_waits_and_not_the_token(adapters: Adapters) -> None:
    """Only the document has the token; the row of an order that no task awaits has no mark."""
    order = placed(adapters.orders, task_token="a-capability")
    found = adapters.orders.get(order.order_id)
    assert found == order
    assert found.awaited is True
    assert placed(adapters.orders, 2).awaited is False


def test_no_item_of_the_table_has_the_token(aws: Adapters) -> None:
    """Neither row nor audit; and only the row of an awaited order has a mark."""
    placed(aws.orders, task_token="a-capability")
    placed(aws.orders, 2)
    assert "a-capability" not in str(items())
    assert len(items(lambda item: "awaited" in item)) == 1


def test_of_two_changes_to_one_row_the_first_is_made(adapters: Adapters) -> None:
    """The loser conflicts and leaves no trace: neither audit nor vote nor list."""
    order = asked(adapters.orders)
    winner = judge(order, approval("manager-1"), at(1))
    loser = judge(order, Withdraw(a_person("requester-1"), None), at(1))
    adapters.orders.commit(winner)
    with pytest.raises(WriteConflictError):
        adapters.orders.commit(loser)
    assert adapters.orders.get(order.order_id) == winner.after
    events = [entry.event for entry in adapters.orders.audit(order.order_id)]
    assert events == ["submitted", "level-opened", "approved"]


def test_the_same_change_twice_conflicts_with_itself(adapters: Adapters) -> None:
    """A commit that is sent again after a timeout does nothing; its caller reads and finds it done."""
    change = judge(placed(adapters.orders), OpenLevel(1, "callback-1"), NOON)
    adapters.orders.commit(change)
    with pytest.raises(WriteConflictError):
        adapters.orders.commit(change)
    assert adapters.orders.get(change.after.order_id) == change.after
    assert len(adapters.orders.audit(change.after.order_id)) == 2


def test_of_many_votes_at_once_exactly_one_is_taken(adapters: Adapters) -> None:
    """All judged the same row; one writes, the others must read again."""
    order = asked(adapters.orders, levels=(terms(Role.FINANCE, 2),))
    votes = [judge(order, approval(f"finance-{n}"), at(1)) for n in range(8)]
    results = at_once([partial(adapters.orders.commit, vote) for vote in votes])
    assert sum(result is None for result in results) == 1
    assert all(result is None or isinstance(result, WriteConflictError) for result in results)
    row = adapters.orders.get(order.order_id)
    assert row is not None
    assert len(row.levels[0].decisions) == 1
    assert [entry.seq for entry in adapters.orders.audit(order.order_id)] == [1, 2, 3]


def test_a_change_without_an_entry_leaves_the_audit_alone(adapters: Adapters) -> None:
    """A later look's callback id is no event."""
    order = asked(adapters.orders)
    change = publish_callback(order, 1, "callback-2")
    adapters.orders.commit(change)
    assert adapters.orders.get(order.order_id) == change.after
    assert len(adapters.orders.audit(order.order_id)) == 2


def test_a_change_without_an_entry_is_a_change_like_any_other(adapters: Adapters) -> None:
    """Whoever judged the row before it must read again, with an entry or without."""
    order = asked(adapters.orders)
    first = publish_callback(order, 1, "callback-2")
    adapters.orders.commit(first)
    for stale in (publish_callback(order, 1, "callback-3"), judge(order, approval(), at(1))):
        with pytest.raises(WriteConflictError):
            adapters.orders.commit(stale)
    assert adapters.orders.get(order.order_id) == first.after


def test_the_audit_is_told_in_order_and_in_full(adapters: Adapters) -> None:
    """Every entry comes back as it was written."""
    creation = registration()
    order = adapters.orders.create(creation)
    changes = [judge(order, OpenLevel(1, "callback-1"), at(1))]
    changes.append(judge(changes[-1].after, rejection(reason="Zu teuer"), at(2.5)))
    for change in changes:
        adapters.orders.commit(change)
    stored = adapters.orders.audit(order.order_id)
    assert list(stored) == [creation.entry, *(change.entry for change in changes)]


# --- lists -----------------------------------------------------------------------------------------------------------


def followed(orders: OrderRepository, audiences: list[str], status: Status | None, limit: int) -> list[str]:
    """A whole list, page by page."""
    page = orders.newest(audiences, status, limit, None)
    found = ids(page)
    while page.cursor is not None:
        page = orders.newest(audiences, status, limit, page.cursor)
        assert len(page.orders) <= limit
        found += ids(page)
    return found


def test_everybodys_list_is_newest_first_over_all_pages(adapters: Adapters) -> None:
    """Paging over the shards misses nothing, repeats nothing and keeps the order."""
    numbers = list(range(1, 24))
    for number in numbers:
        placed(adapters.orders, number, seconds=number * 37 % 23)
    expected = sorted(numbers, key=lambda number: number * 37 % 23, reverse=True)
    for limit in (1, 4, 23, 100):
        assert followed(adapters.orders, ["all"], None, limit) == [f"order-{number:03}" for number in expected]


def test_orders_of_the_same_moment_are_all_listed(adapters: Adapters) -> None:
    """The order's id breaks a tie, so a page may end between two of them."""
    for number in range(1, 8):
        placed(adapters.orders, number)
    assert followed(adapters.orders, ["all"], None, 2) == [f"order-{number:03}" for number in range(7, 0, -1)]


def test_a_person_sees_own_orders_and_those_of_their_roles_once(adapters: Adapters) -> None:
    """A person who requested an order that their role decides finds it once."""
    placed(adapters.orders, 1, seconds=1, requester="ann")
    placed(adapters.orders, 2, seconds=2, requester="ben")
    placed(adapters.orders, 3, seconds=3, requester="ann", levels=())
    placed(adapters.orders, 4, seconds=4, requester="ben", levels=())
    both = ["requester:ann", "role:managers"]
    assert ids(adapters.orders.newest(both, None, 10, None)) == ["order-003", "order-002", "order-001"]
    assert followed(adapters.orders, both, None, 1) == ["order-003", "order-002", "order-001"]
    assert ids(adapters.orders.newest(["requester:ben"], None, 10, None)) == ["order-004", "order-002"]
    assert ids(adapters.orders.newest(["role:finance"], None, 10, None)) == []


@pytest.mark.parametrize("audience", ["all", "role:managers", "requester:requester-1"])
def test_a_list_can_be_of_one_status(adapters: Adapters, audience: str) -> None:
    """Only rows that have the status now; those that left it are gone from its list."""
    for number in range(1, 13):
        order = placed(adapters.orders, number, seconds=number)
        if number % 3 == 0:
            order = moved(adapters.orders, order, OpenLevel(1, "callback"), now=at(20))
        if number == 6:
            moved(adapters.orders, order, approval(), now=at(21))
        if number == 9:
            moved(adapters.orders, order, rejection(), now=at(21))
    listed = partial(followed, adapters.orders, [audience], limit=2)
    assert listed(status=Status.PENDING_APPROVAL) == ["order-012", "order-006", "order-003"]
    assert listed(status=Status.REJECTED) == ["order-009"]
    assert listed(status=Status.COMPLETED) == []


def test_a_page_that_ends_the_list_has_no_cursor(adapters: Adapters) -> None:
    """A list of exactly one page has no cursor to an empty page."""
    for number in (1, 2):
        placed(adapters.orders, number, seconds=number)
    assert adapters.orders.newest(["all"], None, 2, None).cursor is None
    assert adapters.orders.newest(["all"], None, 1, None).cursor is not None
    assert adapters.orders.newest(["all"], None, 5, None).cursor is None


def test_an_order_joins_a_list_when_it_is_escalated(adapters: Adapters) -> None:
    """The next role sees it from then on, also after it is decided."""
    order = asked(adapters.orders)
    assert ids(adapters.orders.newest(["role:directors"], None, 10, None)) == []
    order = moved(adapters.orders, order, Escalate(1), now=at(300))
    assert ids(adapters.orders.newest(["role:directors"], None, 10, None)) == ["order-001"]
    moved(adapters.orders, order, approval("director-1"), now=at(301))
    assert ids(adapters.orders.newest(["role:directors"], None, 10, None)) == ["order-001"]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "not base64!", "bm90IGpzb24=", "W10=", "eyJhZnRlciI6IDF9", "eyJhZnRlciI6ICJ4In0=", "e30=", "ä", "eyJ"],
)
def test_a_garbled_cursor_is_a_mistake_of_the_request(adapters: Adapters, cursor: str) -> None:
    """It is named as one, and reads nothing."""
    for read in (
        partial(adapters.orders.newest, ["all"], None, 10),
        partial(adapters.orders.inbox, MANAGERS, 10),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            read(cursor)
        assert [error.pointer for error in refused.value.errors] == ["/cursor"]


# --- inbox -----------------------------------------------------------------------------------------------------------


def test_an_inbox_has_what_waits_by_deadline(adapters: Adapters) -> None:
    """The most urgent first, however the orders were submitted; pages go on where they ended."""
    for number in range(1, 12):
        order = placed(adapters.orders, number, seconds=number)
        moved(adapters.orders, order, OpenLevel(1, "callback"), now=at(100 - number))
    page = adapters.orders.inbox(MANAGERS, 4, None)
    found = ids(page)
    while page.cursor is not None:
        page = adapters.orders.inbox(MANAGERS, 4, page.cursor)
        found += ids(page)
    assert found == [f"order-{number:03}" for number in range(11, 0, -1)]
    assert ids(adapters.orders.inbox(DIRECTORS, 4, None)) == []
    assert ids(adapters.orders.inbox(frozenset({Role.REQUESTERS}), 4, None)) == []


def test_a_level_moves_from_inbox_to_inbox(adapters: Adapters) -> None:
    """A settled level leaves its role's inbox, and the next one lies in another."""
    order = asked(adapters.orders, levels=(terms(Role.MANAGERS), terms(Role.DIRECTORS)))
    assert ids(adapters.orders.inbox(DIRECTORS, 10, None)) == []
    order = moved(adapters.orders, order, approval(), now=at(1))
    assert ids(adapters.orders.inbox(MANAGERS, 10, None)) == []
    order = moved(adapters.orders, order, OpenLevel(2, "callback-2"), now=at(2))
    assert ids(adapters.orders.inbox(MANAGERS, 10, None)) == []
    assert ids(adapters.orders.inbox(DIRECTORS, 10, None)) == ["order-001"]
    moved(adapters.orders, order, approval("director-1", 2), now=at(3))
    assert ids(adapters.orders.inbox(DIRECTORS, 10, None)) == []


def test_an_escalated_level_lies_in_both_inboxes_and_shows_once(adapters: Adapters) -> None:
    """A person who has both roles sees one order."""
    order = moved(adapters.orders, asked(adapters.orders), Escalate(1), now=at(300))
    for roles in (MANAGERS, DIRECTORS, MANAGERS | DIRECTORS):
        assert ids(adapters.orders.inbox(roles, 10, None)) == ["order-001"]
    moved(adapters.orders, order, rejection("director-1"), now=at(301))
    for roles in (MANAGERS, DIRECTORS, MANAGERS | DIRECTORS):
        assert ids(adapters.orders.inbox(roles, 10, None)) == []


def test_a_quorum_keeps_its_order_in_the_inbox_until_it_is_full(adapters: Adapters) -> None:
    """One vote of two leaves the level open."""
    order = asked(adapters.orders, levels=(terms(Role.FINANCE, 2),))
    order = moved(adapters.orders, order, approval("finance-1"), now=at(1))
    assert ids(adapters.orders.inbox(FINANCE, 10, None)) == ["order-001"]
    moved(adapters.orders, order, approval("finance-2"), now=at(2))
    assert ids(adapters.orders.inbox(FINANCE, 10, None)) == []


@pytest.mark.parametrize(
    ("ending", "seconds"),
    [
        (rejection(), 1),
        (approval(), 1),
        (Withdraw(a_person("requester-1"), None), 1),
        (Expire(1, "workflow"), 600),
        (NeedAttention("stopped", "notifier"), 1),
    ],
)
def test_whatever_ends_a_level_empties_the_inbox(adapters: Adapters, ending: Command, seconds: float) -> None:
    """An order that can no longer be decided is in no inbox."""
    moved(adapters.orders, asked(adapters.orders), ending, now=at(seconds))
    assert ids(adapters.orders.inbox(MANAGERS, 10, None)) == []


# --- what only the table can show ------------------------------------------------------------------------------------


def test_each_vote_is_an_item_that_nobody_can_write_twice(aws: Adapters) -> None:
    """A person has one word on one level, even if a row had forgotten it."""
    order = asked(aws.orders)
    moved(aws.orders, order, approval(), now=at(1))
    votes = items(lambda item: item["sk"]["S"].startswith("VOTE#"))
    assert [vote["sk"]["S"] for vote in votes] == ["VOTE#1#manager-1"]
    row = aws.orders.get(order.order_id)
    assert row is not None
    forgetful = replace(row, levels=order.levels)
    with pytest.raises(RefusedWriteError) as refused:
        aws.orders.commit(judge(forgetful, approval(), at(2)))
    assert refused.value.failed == {2}
    assert aws.orders.get(order.order_id) == row


def test_a_settled_order_leaves_no_inbox_item_behind(aws: Adapters) -> None:
    """The items themselves go, in the transaction that settles the level."""
    order = moved(aws.orders, asked(aws.orders), Escalate(1), now=at(300))
    assert len(items(_is_inbox)) == 2
    moved(aws.orders, order, approval("director-1"), BeginCharge(), now=at(301))
    assert items(_is_inbox) == []


def _is_inbox(item: dict[str, dict[str, str]]) -> bool:
    return item["sk"]["S"].startswith("INBOX#")


def test_orders_are_spread_over_the_shards(aws: Adapters) -> None:
    """No list of all orders is one hot partition."""
    for number in range(1, 30):
        placed(aws.orders, number, seconds=number)
    rows = items(lambda item: item["sk"]["S"] == "ORDER")
    assert {row["listPk"]["S"] for row in rows} == {f"all#{shard}" for shard in range(SHARDS)}
    assert {row["statusPk"]["S"] for row in rows} == {f"SUBMITTED#{shard}" for shard in range(SHARDS)}


def test_nothing_of_an_order_expires(aws: Adapters) -> None:
    """Orders, votes and audit are kept; only messages are forgotten."""
    moved(aws.orders, asked(aws.orders), rejection(), now=at(1))
    assert items()
    assert items(lambda item: "expiresAt" in item) == []


def test_an_old_index_entry_is_judged_by_its_row(aws: Adapters) -> None:
    """Indexes lag: an entry of a level that is settled, or of no row at all, is left out."""
    order = asked(aws.orders)
    (entry,) = items(_is_inbox)
    moved(aws.orders, order, rejection(), now=at(1))
    dynamodb_client().put_item(TableName=TABLE, Item=entry)
    ghost = entry | {"pk": {"S": "ORDER#ghost"}, "listSk": {"S": "2026-11-02T12:00:00.000Z#ghost"}}
    dynamodb_client().put_item(TableName=TABLE, Item=ghost)
    assert ids(aws.orders.inbox(MANAGERS, 10, None)) == []


def test_a_rare_status_is_found_in_bounded_reads(aws: Adapters) -> None:
    """A page of a filtered list may be short, even empty, but always says where to go on."""
    for number in range(1, 31):
        order = placed(aws.orders, number, seconds=number)
        if number == 1:
            moved(aws.orders, order, Refuse("no credit"), now=at(40))
    first = aws.orders.newest(["role:managers"], Status.REFUSED, 2, None)
    assert ids(first) == []
    assert first.cursor is not None
    assert followed(aws.orders, ["role:managers"], Status.REFUSED, 2) == ["order-001"]
