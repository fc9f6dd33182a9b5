"""The operators' use cases: stop an execution, and start a recovery, which only undoes what the stopped one did."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.access import access_of
from orders.domain.errors import OrderNotFoundError
from orders.domain.model import Order, OrderId, Person
from orders.domain.recovery import BeginRecovery, RequestStop
from orders.domain.rules import Change
from orders.domain.table import judge
from orders.services.ports import Clock, ExecutionHistory, ExecutionStarter
from orders.services.writing import OrderWriter


@dataclass(frozen=True, slots=True)
class OperatingService:
    """Stopping undoes nothing by itself: AWS's status event holds the order, and a recovery undoes."""

    writer: OrderWriter
    starter: ExecutionStarter
    history: ExecutionHistory
    clock: Clock

    def stop(self, order_id: OrderId, person: Person, reason: str) -> Order:
        """Record the person and the reason, then stop the order's execution; its status event holds the order."""
        command = RequestStop(person, reason)
        order = self.writer.apply(order_id, lambda row: self._judged(row, command))
        if order.execution_arn is not None:
            self.starter.stop(order.execution_arn, reason)
        return order

    def recover(self, order_id: OrderId, person: Person, reason: str) -> Order:
        """Start the recovery execution, or return the order whose recovery is running.

        A recovery's number is part of its execution name, so a second start finds the first. A recovery that ended
        without closing the order is followed by the next number.
        """
        order = self._held(order_id, person, reason)
        if order.recoveries and self._is_running(order):
            return order
        command = BeginRecovery(person, order.recoveries + 1, reason)
        order = self.writer.apply(order_id, lambda row: self._beginning(row, command))
        self.starter.start_recovery(order.order_id, order.document, command.number, awaited=order.awaited)
        return order

    def _held(self, order_id: OrderId, person: Person, reason: str) -> Order:
        """Return the order if this person may recover it now; nothing is written."""
        order = self.writer.read(order_id)
        self._judged(order, BeginRecovery(person, order.recoveries + 1, reason))
        return order

    def _is_running(self, order: Order) -> bool:
        """Return whether the latest recovery runs; start it if the request that began it failed before the start."""
        arn = self.starter.start_recovery(order.order_id, order.document, order.recoveries, awaited=order.awaited)
        return bool(self.history.describe(arn)["Status"] == "RUNNING")

    def _beginning(self, order: Order, command: BeginRecovery) -> Change | None:
        """Return None when another operator has begun the recovery of this number."""
        return None if order.recoveries >= command.number else self._judged(order, command)

    def _judged(self, order: Order, command: RequestStop | BeginRecovery) -> Change:
        if access_of(order, command.person) is None:
            raise OrderNotFoundError("There is no such order, or you may not see it.")
        return judge(order, command, self.clock.now())
