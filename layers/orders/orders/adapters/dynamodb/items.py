"""How orders are stored in the table, and the one transaction that each change becomes. Pure.

    pk            sk                    what                        list (listPk, listSk)
    ORDER#<id>    ORDER                 the row                     all#<shard>, by submission
                  VOTE#<level>#<user>   one person's one vote
                  AUDIT#<seq>           one line of the audit
                  INBOX#<level>#<role>  waits for this role now     inbox:<role>#<shard>, by deadline
                  AUDIENCE#<audience>   who sees it in their list   <audience>[#<shard>], by submission
                  JOB#<number>          waits for the warehouse     picking#<shard>, by its opening
                  OUTBOX#<key>          one message to people       outbox#<shard>, by its moment

The row is also in the index `statuses` under `<STATUS>#<shard>`. A shard is a hash of the order's id, so that no list
is one hot partition; a requester's own list is short and has none.
"""

from __future__ import annotations

from zlib import crc32

from orders.adapters.codec import audit_entry_to_json, decision_to_json, order_to_json
from orders.adapters.dynamodb.attributes import Item
from orders.adapters.dynamodb.table import ABSENT, Key, Write, delete, put
from orders.adapters.positions import (
    inbox_position,
    open_job,
    open_level,
    picking_position,
    submitted_position,
)
from orders.domain.access import audiences_of
from orders.domain.model import (
    AuditEntry,
    Decision,
    Level,
    Order,
    OrderId,
)
from orders.domain.rules import Change

ROW = "ORDER"
AUDIT = "AUDIT#"


def partition_of(order_id: OrderId) -> str:
    """Return the partition that holds everything about an order."""
    return f"ORDER#{order_id}"


def row_key(order_id: OrderId) -> Key:
    """Return where the order's row is."""
    return partition_of(order_id), ROW


def sharded(name: str, order_id: OrderId, shards: int) -> str:
    """Return the partition, of a list cut into `shards`, that an order belongs to."""
    return f"{name}#{crc32(order_id.encode()) % shards}"


def partitions(name: str, shards: int) -> list[str]:
    """Return every partition of a list."""
    return [name] if _is_one_person(name) else [f"{name}#{shard}" for shard in range(shards)]


def transaction_of(change: Change, shards: int) -> list[Write]:
    """Return the writes that make `change` happen as a whole, and only if the row is still `before`."""
    before, after = change.before, change.after
    return [
        _row_write(before, after, shards),
        *([put(audit_item(change.entry), ABSENT)] if change.entry else []),
        *(put(vote, ABSENT) for vote in _new_votes(before, after)),
        *_waiting_writes(before, after, shards),
        *(put(item, ABSENT) for item in _new_audiences(before, after, shards)),
    ]


def _row_write(before: Order | None, after: Order, shards: int) -> Write:
    if before is None:
        return put(row_item(after, shards), ABSENT)
    return put(row_item(after, shards), "#version = :before", {":before": before.version})


def _new_votes(before: Order | None, after: Order) -> list[Item]:
    known = {(level.number, decision.by) for level, decision in _decisions(before)}
    return [
        {
            "pk": partition_of(after.order_id),
            "sk": f"VOTE#{level.number}#{decision.by}",
            **decision_to_json(decision),
        }
        for level, decision in _decisions(after)
        if (level.number, decision.by) not in known
    ]


def _decisions(order: Order | None) -> list[tuple[Level, Decision]]:
    levels = order.levels if order else ()
    return [(level, decision) for level in levels for decision in level.decisions]


def _waiting_writes(before: Order | None, after: Order, shards: int) -> list[Write]:
    """Return the writes that keep inboxes and the picking list current; the row's condition guards them."""
    old = waiting_items(before, shards) if before else {}
    new = waiting_items(after, shards)
    return [
        *(delete((partition_of(after.order_id), sk)) for sk in sorted(old.keys() - new.keys())),
        *(put(new[sk], ABSENT) for sk in sorted(new.keys() - old.keys())),
    ]


def waiting_items(order: Order, shards: int) -> dict[str, Item]:
    """Return the items of what an order waits for: a decision or the warehouse."""
    return inbox_items(order, shards) | picking_items(order, shards)


def picking_items(order: Order, shards: int) -> dict[str, Item]:
    """Return the item of an order's open picking job by sort key."""
    job, position = open_job(order), picking_position(order)
    if job is None or position is None:
        return {}
    sk = f"JOB#{job.number}"
    listed = sharded("picking", order.order_id, shards)
    return {sk: {"pk": partition_of(order.order_id), "sk": sk, "listPk": listed, "listSk": position}}


def inbox_items(order: Order, shards: int) -> dict[str, Item]:
    """Return an order's inbox items by sort key: one for each role that may decide now."""
    level, position = open_level(order), inbox_position(order)
    if level is None or position is None:
        return {}
    items = (
        {
            "pk": partition_of(order.order_id),
            "sk": f"INBOX#{level.number}#{role}",
            "listPk": sharded(f"inbox:{role}", order.order_id, shards),
            "listSk": position,
        }
        for role in level.deciding_roles
    )
    return {str(item["sk"]): item for item in items}


def _new_audiences(before: Order | None, after: Order, shards: int) -> list[Item]:
    """Return the items of the lists an order joins; the list of all orders is in the row itself."""
    joined = audiences_of(after) - (audiences_of(before) if before else frozenset()) - {"all"}
    return [
        {
            "pk": partition_of(after.order_id),
            "sk": f"AUDIENCE#{audience}",
            "listPk": audience if _is_one_person(audience) else sharded(audience, after.order_id, shards),
            "listSk": submitted_position(after),
        }
        for audience in sorted(joined)
    ]


def _is_one_person(audience: str) -> bool:
    return audience.startswith("requester:")


def row_item(order: Order, shards: int) -> Item:
    """Return the row as an item."""
    return {
        "pk": partition_of(order.order_id),
        "sk": ROW,
        "listPk": sharded("all", order.order_id, shards),
        "listSk": submitted_position(order),
        "statusPk": sharded(order.status, order.order_id, shards),
        **order_to_json(order),
    }


def audit_item(entry: AuditEntry) -> Item:
    """Return an audit entry as an item."""
    return {"pk": partition_of(entry.order_id), "sk": f"{AUDIT}{entry.seq:06}", **audit_entry_to_json(entry)}
