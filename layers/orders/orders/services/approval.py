"""Decisions. A person's decision is one conditional write; after it the workflow is signaled, and reads the row again.

Decide, then signal: a signal carries no trusted data, and losing one delays the order by at most a reminder interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from orders.domain.access import access_of
from orders.domain.approval import Decide, Expire, NoteUndelivered, OpenLevel, Withdraw, earlier_decision
from orders.domain.callbacks import publish_callback
from orders.domain.errors import OrderFencedError, OrderNotFoundError
from orders.domain.model import Decision, Level, LevelOutcome, Order, OrderId, Person, Status
from orders.domain.refusals import TransitionRefusedError, refused_at_level
from orders.domain.rules import Change
from orders.domain.schedule import next_command, next_due
from orders.domain.table import judge
from orders.domain.usernames import WORKFLOW, same_person
from orders.services.ports import Clock, Signaller
from orders.services.writing import OrderWriter


class LookOutcome(StrEnum):
    """The closed set of what a look at a level can find."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Look:
    """A level as its row describes it, and the seconds until something is due while it is pending.

    `reminders` and `escalated` come from the row, not from what this call did, so a repeated call returns the same.
    """

    outcome: LookOutcome
    wake_in_seconds: int
    reminders: int
    escalated: bool


@dataclass(frozen=True, slots=True)
class DecisionTaken:
    """An accepted decision and the order after it."""

    order: Order
    level: Level
    decision: Decision


@dataclass(frozen=True, slots=True)
class ApprovalService:
    """Both sides of a level: people decide through the API; the workflow opens the level and looks at it."""

    writer: OrderWriter
    clock: Clock
    signaller: Signaller

    def decide(self, order_id: OrderId, command: Decide) -> DecisionTaken:
        """Record a decision, or return the person's earlier one if it is the same; wake the workflow if it settled.

        Raises the refusals of `orders.domain.table.judge`. A decision that arrives after the deadline expires the
        order: the first actor to touch the row after the deadline makes that write.
        """
        order = self.writer.apply(order_id, lambda row: self._decision(row, command))
        level = order.level(command.level)
        decision = earlier_decision(order, command)
        self._wake(level)
        if decision is None:  # what was written is the expiry
            raise refused_at_level(order, command.level, command.actor)
        return DecisionTaken(order, level, decision)

    def withdraw(self, order_id: OrderId, command: Withdraw) -> Order:
        """Withdraw the order before the charge; a second call returns the withdrawn order."""
        order = self.writer.apply(order_id, lambda row: self._withdrawal(row, command))
        if order.current_level is not None:
            self._wake(order.current_level)
        return order

    def open_level(
        self, order_id: OrderId, number: int, callback_id: str, possible_duplicate_of: OrderId | None
    ) -> Look:
        """Publish this look's callback id; the first look opens the level. The result says whether to wait."""
        command = OpenLevel(number, callback_id, possible_duplicate_of)
        return self._look(self.writer.apply(order_id, lambda row: self._opening(row, command)), number)

    def settle_level(self, order_id: OrderId, number: int, undelivered: str | None = None) -> Look:
        """Record an undelivered message and whatever is due on the level, and return the level's state."""
        if undelivered is not None:
            self.writer.apply(order_id, lambda row: self._note(row, NoteUndelivered(number, undelivered)))
        return self._look(self.writer.apply(order_id, lambda row: self._due(row, number)), number)

    def _decision(self, order: Order, command: Decide) -> Change | None:
        _refuse_strangers(order, command.person)
        now = self.clock.now()
        earlier = earlier_decision(order, command)
        if earlier is not None and earlier.verdict is command.verdict:
            return None
        try:
            return judge(order, command, now)
        except TransitionRefusedError as refusal:
            overdue = next_command(order, command.level, now, actor=command.actor)
            if refusal.code == "order-expired" and isinstance(overdue, Expire):
                return judge(order, overdue, now)
            raise

    def _withdrawal(self, order: Order, command: Withdraw) -> Change | None:
        _refuse_strangers(order, command.person)
        if order.status is Status.WITHDRAWN and same_person(command.person.username, order.requester):
            return None
        return judge(order, command, self.clock.now())

    def _opening(self, order: Order, command: OpenLevel) -> Change | None:
        level = order.level(command.level)
        if _is_settled(order, level) or level.callback_id == command.callback_id:
            return None
        if level.opened_at is None:
            return judge(order, command, self.clock.now())
        return publish_callback(order, command.level, command.callback_id)

    def _note(self, order: Order, command: NoteUndelivered) -> Change | None:
        level = order.level(command.level)
        if _is_settled(order, level) or command.message in level.undelivered:
            return None
        return judge(order, command, self.clock.now())

    def _due(self, order: Order, number: int) -> Change | None:
        now = self.clock.now()
        command = next_command(order, number, now, actor=WORKFLOW)
        return None if command is None or _is_settled(order, order.level(number)) else judge(order, command, now)

    def _look(self, order: Order, number: int) -> Look:
        level = order.level(number)
        if order.status is Status.NEEDS_ATTENTION:
            message = f"{order.order_id} needs an operator's attention; the workflow must not go on."
            raise OrderFencedError(message)
        due = next_due(level)
        seconds = math.ceil((due - self.clock.now()).total_seconds()) if due else 0
        return Look(_outcome(order, level), max(1, seconds), level.reminders, level.escalated_to is not None)

    def _wake(self, level: Level) -> None:
        """Wake the workflow if the level is settled; a vote below the quorum sends no signal."""
        if level.callback_id is not None and level.outcome is not LevelOutcome.OPEN:
            self.signaller.wake(level.callback_id)


def _refuse_strangers(order: Order, person: Person) -> None:
    """Raise OrderNotFoundError unless the person may see the order."""
    if access_of(order, person) is None:
        raise OrderNotFoundError("There is no such order, or you may not see it.")


def _is_settled(order: Order, level: Level) -> bool:
    return order.is_final or order.status is Status.NEEDS_ATTENTION or level.outcome is LevelOutcome.APPROVED


def _outcome(order: Order, level: Level) -> LookOutcome:
    by_status = {
        Status.REJECTED: LookOutcome.REJECTED,
        Status.EXPIRED: LookOutcome.EXPIRED,
        Status.WITHDRAWN: LookOutcome.WITHDRAWN,
    }
    if order.status in by_status:
        return by_status[order.status]
    if order.is_final:
        message = f"{order.order_id} is {order.status}; its levels can no longer be looked at."
        raise OrderFencedError(message)
    return LookOutcome.APPROVED if level.outcome is LevelOutcome.APPROVED else LookOutcome.PENDING
