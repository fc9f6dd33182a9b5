"""The invariants of an order at its end, after any disturbance. Every suite uses these.

`evidence_of` collects what everybody who was involved says: the row and its writes, the audit, the payment provider's
ledger, the warehouse's reservations, the requester's quota, the outbox, the person who was told that a decision counts,
and the execution.
`violations` names every rule that this evidence breaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from aws_durable_execution_sdk_python_testing.execution import Execution

from orders.adapters.memory.tasks import Report
from orders.adapters.sandbox.gateway import LedgerEntry
from orders.adapters.sandbox.payments import Operation
from orders.domain.executions import recovery_name
from orders.domain.messages import Message
from orders.domain.model import (
    FINAL,
    AuditEntry,
    Decision,
    JobState,
    LevelOutcome,
    Order,
    OrderId,
    Sku,
    Status,
    Verdict,
)
from orders.domain.payments import PaymentState
from orders.domain.rules import Change
from orders.domain.table import TABLE
from tests.workflow.scenarios import People, result_status, task_of

# Commands whose event depends on what they say.
_SPOKEN = {"Decide": ("approved", "rejected"), "ReportPicking": ("picked", "picking-failed")}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one order.

    `taken` and `ordered` count goods, `held` what it holds of its requester's quota; `result` is its returned status.
    """

    row: Order
    audit: tuple[AuditEntry, ...]
    changes: tuple[Change, ...]
    ledger: tuple[LedgerEntry, ...]
    taken: Mapping[Sku, int]
    ordered: Mapping[Sku, int]
    outbox: tuple[Message, ...]
    accepted: tuple[tuple[int, Decision], ...]
    ended: bool
    result: str | None
    task: Report | None = None
    held: Mapping[tuple[str, str], int] = field(default_factory=dict)


def evidence_of(people: People) -> Evidence:
    """Return what everybody says of the order. The last execution, which may be a recovery, is the one that counts."""
    world, order_id = people.world, people.order_id
    row = people.row()
    name = OrderId(recovery_name(order_id, row.recoveries)) if row.recoveries else order_id
    execution: Execution = world.runner._store.load(world.starter.arns[name])
    document = world.ports.documents.get(order_id)
    assert document is not None
    ordered: Counter[Sku] = Counter()
    for line in document[0].lines:
        ordered[line.sku] += line.quantity
    return Evidence(
        row=row,
        audit=world.ports.orders.audit(order_id),
        changes=tuple(each for each in world.ports.orders.changes if each.after.order_id == order_id),  # type: ignore[attr-defined]  # watched
        ledger=world.ports.gateway._ledger.entries(order_id),  # type: ignore[attr-defined]  # the sandbox's
        taken=_taken(people),
        ordered=ordered,
        outbox=tuple(each for each in world.ports.outbox.messages if each.order_id == order_id),  # type: ignore[attr-defined]  # memory
        accepted=tuple(people.accepted),
        ended=execution.is_complete,
        result=result_status(execution),
        task=world.ports.tasks.reports.get(task_of(order_id)),  # type: ignore[attr-defined]  # memory
        held=_held(people),
    )


def _taken(people: People) -> Counter[Sku]:
    """Return the goods that the order's reservations hold."""
    reservations = people.world.ports.warehouse._reservations  # type: ignore[attr-defined]  # memory
    taken: Counter[Sku] = Counter()
    for key, quantities in dict(reservations).items():
        if key.startswith(f"{people.order_id}:"):
            taken.update(quantities or {})
    return taken


def _held(people: People) -> Counter[tuple[str, str]]:
    """Return what the order's claims hold of its requester's quota."""
    claims = people.world.ports.quotas._claims  # type: ignore[attr-defined]  # memory
    held: Counter[tuple[str, str]] = Counter()
    for key, amounts in dict(claims).items():
        if key.startswith(f"{people.order_id}:"):
            held.update(amounts or {})
    return held


def violations(evidence: Evidence) -> list[str]:
    """Return every rule that is broken, with what broke it; empty when all is well."""
    return [f"{rule.__name__}: {found}" for rule in RULES for found in rule(evidence)]


# --- the rules ------------------------------------------------------------------------------------------------------


def money_moves_once(evidence: Evidence) -> Iterator[str]:
    """No operation of the payment happened twice."""
    for operation, count in Counter(entry.operation for entry in evidence.ledger).items():
        if count > 1:
            yield f"{operation} {count} times"


def capture_implies_every_level_met(evidence: Evidence) -> Iterator[str]:
    """Money was taken only from an order that every level had approved, each by enough different people."""
    if _state_after(evidence, Operation.CAPTURE) is not PaymentState.CAPTURED:
        return
    for level in evidence.row.levels:
        yes = {decision.by for decision in level.decisions if decision.verdict is Verdict.APPROVE}
        if level.outcome is not LevelOutcome.APPROVED or len(yes) < level.terms.quorum:
            yield f"captured with level {level.number} {level.outcome}, approved by {sorted(yes)}"


def stock_is_out_iff_shipped(evidence: Evidence) -> Iterator[str]:
    """A completed order has taken exactly its goods, every other closed one none."""
    expected = evidence.ordered if evidence.row.status is Status.COMPLETED else {}
    if evidence.row.is_final and dict(evidence.taken) != dict(expected):
        yield f"{evidence.row.status} holds {dict(evidence.taken)}"


def quota_is_given_back(evidence: Evidence) -> Iterator[str]:
    """An order that is closed holds nothing of its requester's quota."""
    if evidence.row.is_final and evidence.held:
        yield f"{evidence.row.status} holds {dict(evidence.held)}"


def money_is_where_the_status_says(evidence: Evidence) -> Iterator[str]:
    """A completed order is paid, every other closed one has neither money taken nor money set aside."""
    state = _payment(evidence)
    if not evidence.row.is_final:
        return
    if (evidence.row.status is Status.COMPLETED) is not (state is PaymentState.CAPTURED):
        yield f"{evidence.row.status} with the payment {state}"
    if state is PaymentState.AUTHORIZED:
        yield f"{evidence.row.status} with money set aside"


def every_accepted_decision_counts(evidence: Evidence) -> Iterator[str]:
    """What a person was told counts is in the audit, and in the row."""
    said = {(entry.data.get("level"), entry.actor, entry.event) for entry in evidence.audit}
    for number, decision in evidence.accepted:
        event = "approved" if decision.verdict is Verdict.APPROVE else "rejected"
        if (number, decision.by, event) not in said:
            yield f"{decision.by} {event} level {number}: not in the audit"
        if decision not in evidence.row.levels[number - 1].decisions:
            yield f"{decision.by} {event} level {number}: not in the row"
        if decision.verdict is Verdict.REJECT and evidence.row.status not in _AFTER_A_NO:
            yield f"{decision.by} rejected an order that is {evidence.row.status}"


def every_move_is_in_the_table(evidence: Evidence) -> Iterator[str]:
    """Each event leads from where the last one ended to where the table says."""
    stands: Status | None = None
    for entry in evidence.audit:
        if entry.from_status is not stands:
            yield f"{entry.event} from {entry.from_status}, but the order was {stands}"
        if stands is not None and (stands, entry.to_status) not in _MOVES.get(entry.event, frozenset()):
            yield f"{entry.event} may not lead from {stands} to {entry.to_status}"
        stands = entry.to_status
    if stands is not evidence.row.status:
        yield f"the audit ends {stands}, the row is {evidence.row.status}"


def final_rows_never_change(evidence: Evidence) -> Iterator[str]:
    """Nothing was written over a row that was final."""
    for change in evidence.changes:
        if change.before is not None and change.before.status in FINAL:
            yield f"{change.before.status} was written over: {change.entry}"


def requester_never_decides(evidence: Evidence) -> Iterator[str]:
    """Nobody decided an order of their own, nor two levels of one."""
    deciders = [decision.by for level in evidence.row.levels for decision in level.decisions]
    yield from (f"{by} decided twice" for by, count in Counter(deciders).items() if count > 1)
    if evidence.row.requester in deciders:
        yield f"{evidence.row.requester} decided an order of their own"


def audit_is_gapless(evidence: Evidence) -> Iterator[str]:
    """The audit is numbered without gaps, as far as the row says."""
    numbers = [entry.seq for entry in evidence.audit]
    if numbers != list(range(1, evidence.row.audit_seq + 1)):
        yield f"{numbers}, and the row says {evidence.row.audit_seq}"


def row_result_and_outbox_agree(evidence: Evidence) -> Iterator[str]:
    """The execution's result is the row's status, and the requester has one message about it, which says so."""
    if evidence.result != evidence.row.status:
        yield f"the execution says {evidence.result}, the row {evidence.row.status}"
    yield from (f"{key} twice" for key, count in Counter(each.key for each in evidence.outbox).items() if count > 1)
    told = [each.subject for each in evidence.outbox if each.kind == "outcome"]
    if evidence.row.is_final and (len(told) != 1 or not told[0].endswith(f" is {evidence.row.status}")):
        yield f"the requester was told {told}, the row is {evidence.row.status}"


def its_task_heard_how_it_ended(evidence: Evidence) -> Iterator[str]:
    """A state machine that waited was told, what the row says, and nobody else was."""
    heard = None if evidence.task is None else evidence.task.error or (evidence.task.output or {}).get("status")
    expected = evidence.row.status if evidence.row.awaited and evidence.row.is_final else None
    if heard != expected:
        yield f"its task heard {heard}, the row is {evidence.row.status}"


def nothing_is_open(evidence: Evidence) -> Iterator[str]:
    """The execution has ended, and a closed order has neither an open level nor an open job."""
    if not evidence.ended:
        yield "the execution runs"
    if not evidence.row.is_final:
        if evidence.row.status is not Status.NEEDS_ATTENTION:
            yield f"the order is {evidence.row.status}"
        return
    yield from (f"level {each.number}" for each in evidence.row.levels if _is_left_open(evidence, each.outcome))
    jobs = evidence.row.jobs
    yield from (f"job {job.number}" for job in jobs if job.state in {JobState.OPEN, JobState.CLAIMED})


RULES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    money_moves_once,
    capture_implies_every_level_met,
    stock_is_out_iff_shipped,
    quota_is_given_back,
    money_is_where_the_status_says,
    every_accepted_decision_counts,
    every_move_is_in_the_table,
    final_rows_never_change,
    requester_never_decides,
    audit_is_gapless,
    row_result_and_outbox_agree,
    its_task_heard_how_it_ended,
    nothing_is_open,
)
_AFTER_A_NO = {Status.REJECTED, Status.NEEDS_ATTENTION, Status.FAILED}


def _moves() -> Mapping[str, frozenset[tuple[Status, Status]]]:
    """Return, for each event of the audit, which moves the table allows."""
    moves = {}
    for command, rule in TABLE.items():
        allowed = frozenset((source, target) for source in rule.sources for target in rule.targets)
        for event in _SPOKEN.get(command.__name__) or (str(vars(command)["event"]),):
            moves[event] = allowed
    return moves


_MOVES = _moves()


def _is_left_open(evidence: Evidence, outcome: LevelOutcome) -> bool:
    """A recovery closes an order without deciding its levels; nobody can decide them any more."""
    return outcome is LevelOutcome.OPEN and not evidence.row.recoveries


def _state_after(evidence: Evidence, operation: Operation) -> PaymentState | None:
    return next((entry.state for entry in evidence.ledger if entry.operation is operation), None)


def _payment(evidence: Evidence) -> PaymentState:
    """Return where the money is, by the ledger."""
    order = (Operation.REFUND, Operation.VOID, Operation.CAPTURE, Operation.AUTHORIZE)
    states = (_state_after(evidence, operation) for operation in order)
    return next((state for state in states if state is not None), PaymentState.NONE)


# --- the outcome ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the world sees of an order in the end; what may be repeated is here once."""

    status: Status
    reason: str | None
    result: str | None
    ledger: frozenset[tuple[Operation, PaymentState]]
    taken: frozenset[tuple[Sku, int]]
    events: tuple[str, ...]
    messages: frozenset[tuple[str, int]]
    jobs: tuple[JobState, ...]


# What two faults at once may not change either; that somebody was reminded or a second station came is no harm.
ESSENCE = frozenset({"status", "reason", "result", "ledger", "taken"})
# A crash may cost a message its delivery; the audit then says so, and it counts as told.
_LOST_MESSAGE = "notification-failed"


def _lost(evidence: Evidence) -> Iterator[tuple[str, int]]:
    for level in evidence.row.levels:
        yield from ((message.rpartition("-")[0], level.number) for message in level.undelivered)


def outcome_of(evidence: Evidence) -> Outcome:
    """Return what must be the same whether or not the order was disturbed."""
    return Outcome(
        status=evidence.row.status,
        reason=evidence.row.outcome_reason,
        result=evidence.result,
        ledger=frozenset((entry.operation, entry.state) for entry in evidence.ledger),
        taken=frozenset(evidence.taken.items()),
        events=tuple(dict.fromkeys(entry.event for entry in evidence.audit if entry.event != _LOST_MESSAGE)),
        messages=frozenset((str(each.kind), each.level) for each in evidence.outbox) | frozenset(_lost(evidence)),
        jobs=tuple(job.state for job in evidence.row.jobs),
    )
