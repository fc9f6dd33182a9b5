"""Responses that show what a durable execution did."""

from __future__ import annotations

from approval_api.responses.view import Moment, View, optional
from orders.domain.history import Timeline


class AttemptView(View):
    """One attempt of a step."""

    started_at: Moment
    ended_at: Moment | None
    error: str | None = optional()
    next_attempt_at: Moment | None = optional()


class OperationView(View):
    """One durable operation. Only auditors get `input` and `result`."""

    id: str
    parent_id: str | None
    type: str
    sub_type: str | None
    name: str | None
    status: str
    started_at: Moment
    ended_at: Moment | None
    deadline: Moment | None = optional()
    error: str | None = optional()
    attempts: list[AttemptView]
    input: str | None = optional()
    result: str | None = optional()


class InvocationView(View):
    """One invocation of the workflow function."""

    started_at: Moment
    ended_at: Moment
    request_id: str | None
    replayed: int
    ran: int
    error: str | None = optional()


class ExecutionView(View):
    """The changes of the order's durable execution since the caller's cursor."""

    status: str
    started_at: Moment
    ended_at: Moment | None
    operations: tuple[OperationView, ...]
    invocations: tuple[InvocationView, ...]
    cursor: int
    next_poll_ms: int | None
    input: str | None = optional()
    result: str | None = optional()
    error: str | None = optional()


def execution_view(timeline: Timeline) -> ExecutionView:
    """Return the changes of the execution."""
    return ExecutionView.model_validate(timeline)
