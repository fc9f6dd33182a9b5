"""How orders lie in the table, and the one transaction that each change becomes. Pure.

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

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from orders.adapters import times
from orders.adapters.documents import picking_from, picking_map
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
    DocumentRef,
    Job,
    JobState,
    Level,
    LevelOutcome,
    LevelTerms,
    Order,
    OrderId,
    Role,
    Status,
    Verdict,
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
        *([put(_audit_item(change.entry), ABSENT)] if change.entry else []),
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
            **_decision_map(decision),
        }
        for level, decision in _decisions(after)
        if (level.number, decision.by) not in known
    ]


def _decisions(order: Order | None) -> list[tuple[Level, Decision]]:
    levels = order.levels if order else ()
    return [(level, decision) for level in levels for decision in level.decisions]


def _waiting_writes(before: Order | None, after: Order, shards: int) -> list[Write]:
    """Return what to take out of people's lists and what to lay into them; the row's condition guards both."""
    old = waiting_items(before, shards) if before else {}
    new = waiting_items(after, shards)
    return [
        *(delete((partition_of(after.order_id), sk)) for sk in sorted(old.keys() - new.keys())),
        *(put(new[sk], ABSENT) for sk in sorted(new.keys() - old.keys())),
    ]


def waiting_items(order: Order, shards: int) -> dict[str, Item]:
    """Return what of an order waits for somebody: a decision or the warehouse."""
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
    """Return the lists an order joins; everybody's list is the row's own."""
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


# --- the row and back ------------------------------------------------------------------------------------------------


def row_item(order: Order, shards: int) -> Item:
    """Return the row as an item."""
    return {
        "pk": partition_of(order.order_id),
        "sk": ROW,
        "listPk": sharded("all", order.order_id, shards),
        "listSk": submitted_position(order),
        "statusPk": sharded(order.status, order.order_id, shards),
        "orderId": order.order_id,
        "version": order.version,
        "auditSeq": order.audit_seq,
        "status": order.status,
        "requester": order.requester,
        "customer": order.customer,
        "currency": order.currency,
        "total": order.total,
        "note": order.note,
        "lineCount": order.line_count,
        "submittedAt": times.written(order.submitted_at),
        "updatedAt": times.written(order.updated_at),
        "document": {
            "key": order.document.key,
            "sha256": order.document.sha256,
            "bytes": order.document.bytes,
        },
        "policyVersion": order.policy_version,
        "levels": [_level_map(level) for level in order.levels],
        "coolingOffSeconds": order.cooling_off_seconds,
        "coolingOffUntil": times.written_if_any(order.cooling_off_until),
        "picking": picking_map(order.picking),
        "jobs": [_job_map(job) for job in order.jobs],
        "recoveries": order.recoveries,
        "executionArn": order.execution_arn,
        "possibleDuplicateOf": order.possible_duplicate_of,
        "outcomeReason": order.outcome_reason,
    } | ({"awaited": True} if order.awaited else {})


def order_from(item: Item) -> Order:
    """Return the order that an item is the row of."""
    return Order(
        order_id=OrderId(item["orderId"]),
        version=item["version"],
        audit_seq=item["auditSeq"],
        status=Status(item["status"]),
        requester=item["requester"],
        customer=item["customer"],
        currency=item["currency"],
        total=item["total"],
        note=item.get("note"),
        line_count=item["lineCount"],
        submitted_at=times.read(item["submittedAt"]),
        updated_at=times.read(item["updatedAt"]),
        document=DocumentRef(**item["document"]),
        policy_version=item["policyVersion"],
        levels=tuple(_level_from(level) for level in item["levels"]),
        cooling_off_seconds=item.get("coolingOffSeconds", 0),
        cooling_off_until=times.read_if_any(item.get("coolingOffUntil")),
        picking=picking_from(item.get("picking")),
        jobs=tuple(_job_from(job) for job in item.get("jobs", ())),
        recoveries=item.get("recoveries", 0),
        awaited=item.get("awaited", False),
        execution_arn=item.get("executionArn"),
        possible_duplicate_of=item.get("possibleDuplicateOf"),
        outcome_reason=item.get("outcomeReason"),
    )


def _level_map(level: Level) -> dict[str, Any]:
    return {
        "number": level.number,
        "role": level.terms.role,
        "quorum": level.terms.quorum,
        "windowSeconds": level.terms.window_seconds,
        "reminderSeconds": level.terms.reminder_seconds,
        "escalationSeconds": level.terms.escalation_seconds,
        "outcome": level.outcome,
        "openedAt": times.written_if_any(level.opened_at),
        "deadline": times.written_if_any(level.deadline),
        "remindAt": times.written_if_any(level.remind_at),
        "escalateAt": times.written_if_any(level.escalate_at),
        "escalatedTo": level.escalated_to,
        "reminders": level.reminders,
        "decisions": [_decision_map(decision) for decision in level.decisions],
        "undelivered": list(level.undelivered),
        "callbackId": level.callback_id,
    }


def _level_from(data: dict[str, Any]) -> Level:
    terms = LevelTerms(
        Role(data["role"]),
        data["quorum"],
        data["windowSeconds"],
        data["reminderSeconds"],
        data["escalationSeconds"],
    )
    return Level(
        number=data["number"],
        terms=terms,
        outcome=LevelOutcome(data["outcome"]),
        opened_at=times.read_if_any(data["openedAt"]),
        deadline=times.read_if_any(data["deadline"]),
        remind_at=times.read_if_any(data["remindAt"]),
        escalate_at=times.read_if_any(data["escalateAt"]),
        escalated_to=Role(data["escalatedTo"]) if data["escalatedTo"] else None,
        reminders=data["reminders"],
        decisions=tuple(_decision_from(decision) for decision in data["decisions"]),
        undelivered=tuple(data["undelivered"]),
        callback_id=data["callbackId"],
    )


def _job_map(job: Job) -> dict[str, Any]:
    return {
        "number": job.number,
        "beatSeconds": job.beat_seconds,
        "openedAt": times.written(job.opened_at),
        "claimDeadline": times.written(job.claim_deadline),
        "state": job.state,
        "claimedBy": job.claimed_by,
        "lastBeatAt": times.written_if_any(job.last_beat_at),
        "beats": job.beats,
        "reason": job.reason,
        "claimCallbackId": job.claim_callback_id,
        "pickingCallbackId": job.picking_callback_id,
    }


def _job_from(data: dict[str, Any]) -> Job:
    return Job(
        number=data["number"],
        beat_seconds=data["beatSeconds"],
        opened_at=times.read(data["openedAt"]),
        claim_deadline=times.read(data["claimDeadline"]),
        state=JobState(data["state"]),
        claimed_by=data["claimedBy"],
        last_beat_at=times.read_if_any(data["lastBeatAt"]),
        beats=data["beats"],
        reason=data["reason"],
        claim_callback_id=data["claimCallbackId"],
        picking_callback_id=data["pickingCallbackId"],
    )


def _decision_map(decision: Decision) -> dict[str, Any]:
    return {
        "by": decision.by,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "at": times.written(decision.at),
    }


def _decision_from(data: dict[str, Any]) -> Decision:
    return Decision(data["by"], Verdict(data["verdict"]), data["reason"], times.read(data["at"]))


# --- the audit and back ----------------------------------------------------------------------------------------------


def _audit_item(entry: AuditEntry) -> Item:
    return {
        "pk": partition_of(entry.order_id),
        "sk": f"{AUDIT}{entry.seq:06}",
        "seq": entry.seq,
        "at": times.written(entry.at),
        "actor": entry.actor,
        "event": entry.event,
        "from": entry.from_status,
        "to": entry.to_status,
        "data": entry.data,
    }


def audit_from(order_id: OrderId, items: Sequence[Item]) -> tuple[AuditEntry, ...]:
    """Return the audit that these items are, in their order."""
    return tuple(
        AuditEntry(
            order_id=order_id,
            seq=item["seq"],
            at=times.read(item["at"]),
            actor=item["actor"],
            event=item["event"],
            from_status=Status(item["from"]) if "from" in item else None,
            to_status=Status(item["to"]),
            data=item["data"],
        )
        for item in items
    )
