"""One level of approval: a loop of looks. Each look has a callback of its own; the row, not the callback, decides.

A look creates a callback that times out when the next thing is due, publishes its id (the answer says whether to wait
at all), sends a message, waits, and settles. A result and a timeout of the callback mean the same: read the row. Only
one callback is open at a time, and the workflow awaits it directly: a race of a long-lived callback against a reminder
inside `parallel` can miss a decision.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from aws_durable_execution_sdk_python import CallbackError, DurableContext, InvokeError
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.types import Callback

from order_workflow import retries, steps
from order_workflow.checkpoints import LevelPlan, LookResult, OrderInput
from order_workflow.waiting import MAX_STRAY_SIGNALS, OPENING_GRACE_SECONDS, wait_out_strays
from orders.domain.model import Role

LevelName = Literal["approve-manager", "approve-director", "approve-finance"]


class Message(NamedTuple):
    """A message about a level: its operation's name, and its number among those of its kind."""

    kind: Literal["request-decision", "remind", "escalate"]
    k: int


class Sent(NamedTuple):
    """The messages sent so far, to compare with what the row says is due."""

    reminders: int
    escalated: bool


def level_name(role: Role) -> LevelName:
    """Return the name of a level's child context. mypy refuses a role that is missing here."""
    match role:
        case Role.MANAGERS:
            return "approve-manager"
        case Role.DIRECTORS:
            return "approve-director"
        case Role.FINANCE:
            return "approve-finance"
        case Role.REQUESTERS | Role.WAREHOUSE | Role.OPERATORS | Role.AUDITORS:
            message = f"No level is approved by {role.value}"
            raise ValueError(message)


def approve_level(context: DurableContext, order: OrderInput, level: LevelPlan, duplicate_of: str | None) -> str:
    """Return how the level ended: approved, rejected, expired or withdrawn."""

    def looks(child: DurableContext) -> str:
        return _look_until_settled(child, order, level, duplicate_of)

    return context.run_in_child_context(looks, name=level_name(Role(level["role"])))


def _look_until_settled(context: DurableContext, order: OrderInput, level: LevelPlan, duplicate_of: str | None) -> str:
    wake_in = level["firstLookSeconds"] + OPENING_GRACE_SECONDS
    message: Message | None = Message("request-decision", 1)
    sent, strays = Sent(0, escalated=False), 0
    while True:
        undelivered = None
        if strays < MAX_STRAY_SIGNALS:
            callback = _create_callback(context, wake_in)
            opened = _open(context, order, level, callback, duplicate_of)
            if opened["outcome"] != "pending":
                return opened["outcome"]
            undelivered = _send(context, order, level, message) if message else None
            if undelivered is None:
                _await_wake_up(callback)
        else:
            wait_out_strays(context, wake_in)
            strays = 0
        look = _settle(context, order, level, undelivered)
        if look["outcome"] != "pending":
            return look["outcome"]
        message, sent = _next_message(sent, look)
        strays = 0 if message or undelivered else strays + 1
        wake_in = look["wakeInSeconds"]


def _create_callback(context: DurableContext, seconds: int) -> Callback[str]:
    return context.create_callback(name="decision", config=CallbackConfig(timeout=Duration.from_seconds(seconds)))


def _open(
    context: DurableContext, order: OrderInput, level: LevelPlan, callback: Callback[str], duplicate_of: str | None
) -> LookResult:
    body = steps.open_level(order, level, callback.callback_id, duplicate_of)
    return context.step(body, name="open-level", config=retries.STORAGE)


def _settle(context: DurableContext, order: OrderInput, level: LevelPlan, undelivered: str | None) -> LookResult:
    return context.step(steps.settle_level(order, level, undelivered), name="settle-level", config=retries.STORAGE)


def _await_wake_up(callback: Callback[str]) -> None:
    """Suspend until a signal or the timeout. The signal's payload is never read."""
    try:
        callback.result()
    except CallbackError:
        return


def _send(context: DurableContext, order: OrderInput, level: LevelPlan, message: Message) -> str | None:
    """Have the notifier send a message; return its name if that failed, which never fails the order."""
    payload = {"orderId": order["orderId"], "kind": message.kind, "level": level["number"], "k": message.k}
    try:
        context.invoke(steps.notifier(), payload, name=message.kind)
    except InvokeError:
        return f"{message.kind}-{message.k}"
    return None


def _next_message(sent: Sent, look: LookResult) -> tuple[Message | None, Sent]:
    """Compare what the row has marked as due with what was sent."""
    if look["escalated"] and not sent.escalated:
        return Message("escalate", 1), sent._replace(escalated=True)
    if look["reminders"] > sent.reminders:
        return Message("remind", look["reminders"]), sent._replace(reminders=look["reminders"])
    return None, sent
