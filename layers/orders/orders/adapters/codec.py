"""How orders, documents, audit entries and recipients are written as JSON, and read back. Pure.

These keys are a wire format: later versions read the rows, documents and messages of earlier ones. Add keys, and read
an added key with a default; never rename a key or change its type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, assert_never

from orders.adapters import times
from orders.domain.messages import OnePerson, Recipients, RoleMembers
from orders.domain.model import (
    AuditEntry,
    Decision,
    DocumentRef,
    Job,
    JobState,
    Level,
    LevelOutcome,
    LevelTerms,
    Line,
    Order,
    OrderDocument,
    OrderId,
    PickingTerms,
    Role,
    Sku,
    Status,
    Verdict,
)

Json = dict[str, Any]


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Return the one encoding of a value: sorted keys, no spaces, ASCII. Equal values always have equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# --- documents --------------------------------------------------------------------------------------------------------


def document_to_json(document: OrderDocument) -> Json:
    """Return the document as the bucket stores it."""
    return {
        "orderId": document.order_id,
        "fingerprint": document.fingerprint,
        "requester": document.requester,
        "customer": document.customer,
        "currency": document.currency,
        "note": document.note,
        "total": document.total,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "unitPrice": line.unit_price} for line in document.lines
        ],
        "submittedAt": times.written(document.submitted_at),
        "catalogueVersion": document.catalogue_version,
        "policyVersion": document.policy_version,
        "levels": [terms_to_json(terms) for terms in document.levels],
        "coolingOffSeconds": document.cooling_off_seconds,
        "picking": picking_to_json(document.picking),
    } | ({"taskToken": document.task_token} if document.task_token else {})


def document_from_json(data: Mapping[str, Any]) -> OrderDocument:
    """Return the document that `document_to_json` wrote."""
    return OrderDocument(
        order_id=OrderId(data["orderId"]),
        fingerprint=data["fingerprint"],
        requester=data["requester"],
        customer=data["customer"],
        currency=data["currency"],
        note=data["note"],
        lines=tuple(Line(Sku(line["sku"]), line["quantity"], line["unitPrice"]) for line in data["lines"]),
        submitted_at=times.read(data["submittedAt"]),
        catalogue_version=data["catalogueVersion"],
        policy_version=data["policyVersion"],
        levels=tuple(terms_from_json(terms) for terms in data["levels"]),
        cooling_off_seconds=data.get("coolingOffSeconds", 0),
        picking=picking_from_json(data.get("picking")),
        task_token=data.get("taskToken"),
    )


def terms_to_json(terms: LevelTerms) -> Json:
    """Return a level's terms as documents and rows store them."""
    return {
        "role": terms.role,
        "quorum": terms.quorum,
        "windowSeconds": terms.window_seconds,
        "reminderSeconds": terms.reminder_seconds,
        "escalationSeconds": terms.escalation_seconds,
    }


def terms_from_json(data: Mapping[str, Any]) -> LevelTerms:
    """Return the terms that `terms_to_json` wrote."""
    return LevelTerms(
        role=Role(data["role"]),
        quorum=data["quorum"],
        window_seconds=data["windowSeconds"],
        reminder_seconds=data["reminderSeconds"],
        escalation_seconds=data["escalationSeconds"],
    )


def picking_to_json(terms: PickingTerms | None) -> Json | None:
    """Return picking terms as documents and rows store them."""
    return None if terms is None else {"claimSeconds": terms.claim_seconds, "beatSeconds": terms.beat_seconds}


def picking_from_json(data: Mapping[str, int] | None) -> PickingTerms | None:
    """Return the picking terms that `picking_to_json` wrote."""
    return None if data is None else PickingTerms(data["claimSeconds"], data["beatSeconds"])


# --- rows -------------------------------------------------------------------------------------------------------------


def order_to_json(order: Order) -> Json:
    """Return the order as its row stores it."""
    return {
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
        "levels": [level_to_json(level) for level in order.levels],
        "coolingOffSeconds": order.cooling_off_seconds,
        "coolingOffUntil": times.written_if_any(order.cooling_off_until),
        "picking": picking_to_json(order.picking),
        "jobs": [job_to_json(job) for job in order.jobs],
        "recoveries": order.recoveries,
        "executionArn": order.execution_arn,
        "possibleDuplicateOf": order.possible_duplicate_of,
        "outcomeReason": order.outcome_reason,
    } | ({"awaited": True} if order.awaited else {})


def order_from_json(data: Mapping[str, Any]) -> Order:
    """Return the order that `order_to_json` wrote."""
    return Order(
        order_id=OrderId(data["orderId"]),
        version=data["version"],
        audit_seq=data["auditSeq"],
        status=Status(data["status"]),
        requester=data["requester"],
        customer=data["customer"],
        currency=data["currency"],
        total=data["total"],
        note=data.get("note"),
        line_count=data["lineCount"],
        submitted_at=times.read(data["submittedAt"]),
        updated_at=times.read(data["updatedAt"]),
        document=DocumentRef(**data["document"]),
        policy_version=data["policyVersion"],
        levels=tuple(level_from_json(level) for level in data["levels"]),
        cooling_off_seconds=data.get("coolingOffSeconds", 0),
        cooling_off_until=times.read_if_any(data.get("coolingOffUntil")),
        picking=picking_from_json(data.get("picking")),
        jobs=tuple(job_from_json(job) for job in data.get("jobs", ())),
        recoveries=data.get("recoveries", 0),
        awaited=data.get("awaited", False),
        execution_arn=data.get("executionArn"),
        possible_duplicate_of=data.get("possibleDuplicateOf"),
        outcome_reason=data.get("outcomeReason"),
    )


def level_to_json(level: Level) -> Json:
    """Return a level as rows store it."""
    return {
        "number": level.number,
        **terms_to_json(level.terms),
        "outcome": level.outcome,
        "openedAt": times.written_if_any(level.opened_at),
        "deadline": times.written_if_any(level.deadline),
        "remindAt": times.written_if_any(level.remind_at),
        "escalateAt": times.written_if_any(level.escalate_at),
        "escalatedTo": level.escalated_to,
        "reminders": level.reminders,
        "decisions": [decision_to_json(decision) for decision in level.decisions],
        "undelivered": list(level.undelivered),
        "callbackId": level.callback_id,
    }


def level_from_json(data: Mapping[str, Any]) -> Level:
    """Return the level that `level_to_json` wrote."""
    return Level(
        number=data["number"],
        terms=terms_from_json(data),
        outcome=LevelOutcome(data["outcome"]),
        opened_at=times.read_if_any(data["openedAt"]),
        deadline=times.read_if_any(data["deadline"]),
        remind_at=times.read_if_any(data["remindAt"]),
        escalate_at=times.read_if_any(data["escalateAt"]),
        escalated_to=Role(data["escalatedTo"]) if data["escalatedTo"] else None,
        reminders=data["reminders"],
        decisions=tuple(decision_from_json(decision) for decision in data["decisions"]),
        undelivered=tuple(data["undelivered"]),
        callback_id=data["callbackId"],
    )


def job_to_json(job: Job) -> Json:
    """Return a picking job as rows store it."""
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


def job_from_json(data: Mapping[str, Any]) -> Job:
    """Return the picking job that `job_to_json` wrote."""
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


def decision_to_json(decision: Decision) -> Json:
    """Return a decision as rows store it."""
    return {
        "by": decision.by,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "at": times.written(decision.at),
    }


def decision_from_json(data: Mapping[str, Any]) -> Decision:
    """Return the decision that `decision_to_json` wrote."""
    return Decision(data["by"], Verdict(data["verdict"]), data["reason"], times.read(data["at"]))


# --- the audit, and recipients ----------------------------------------------------------------------------------------


def audit_entry_to_json(entry: AuditEntry) -> Json:
    """Return an audit entry as the table stores it."""
    return {
        "seq": entry.seq,
        "at": times.written(entry.at),
        "actor": entry.actor,
        "event": entry.event,
        "from": entry.from_status,
        "to": entry.to_status,
        "data": entry.data,
    }


def audit_entry_from_json(order_id: OrderId, data: Mapping[str, Any]) -> AuditEntry:
    """Return the audit entry that `audit_entry_to_json` wrote."""
    return AuditEntry(
        order_id=order_id,
        seq=data["seq"],
        at=times.read(data["at"]),
        actor=data["actor"],
        event=data["event"],
        from_status=Status(data["from"]) if data.get("from") else None,
        to_status=Status(data["to"]),
        data=data["data"],
    )


def recipients_text(recipients: Recipients) -> str:
    """Return recipients as the outbox and the topic name them: a username, or roles separated by commas."""
    match recipients:
        case OnePerson(username):
            return username
        case RoleMembers(roles):
            return ",".join(sorted(roles))
        case _:
            assert_never(recipients)
