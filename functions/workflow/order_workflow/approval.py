"""One level of approval: a loop of looks. Each look has a callback of its own; the row, not the callback, decides.

A look creates a callback that times out when the next thing is due, publishes its id (the answer says whether to wait
at all), tells people, waits, and settles. A result and a timeout of the callback mean the same: look. One callback at
a time, awaited directly: a race of a long-lived callback against a reminder inside `parallel` can sleep through a
decision.
"""

from __future__ import annotations

from typing import NamedTuple

from aws_durable_execution_sdk_python import CallbackError, DurableContext, InvokeError
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.types import Callback

from order_workflow import retries, steps
from order_workflow.checkpoints import LevelPlan, LookResult, OrderInput

CONTEXTS = {"managers": "approve-manager", "directors": "approve-director", "finance": "approve-finance"}
MAX_STRAYS = 5
# A level opens a moment after its first callback was created, so its deadline is a moment after that callback's
# timeout; one second more spares a look that would find nothing due.
OPENING_GRACE_SECONDS = 1


class Message(NamedTuple):
    """A message about a level: its operation's name, and which of its kind it is."""

    kind: str
    k: int


class Told(NamedTuple):
    """What people have been told so far, to compare with what the row says is due."""

    reminders: int
    escalated: bool


def approve_level(context: DurableContext, order: OrderInput, level: LevelPlan, duplicate_of: str | None) -> str:
    """Return how the level ended: approved, rejected, expired or withdrawn."""

    def looks(child: DurableContext) -> str:
        return _look_until_settled(child, order, level, duplicate_of)

    return context.run_in_child_context(looks, name=CONTEXTS[level["role"]])


def _look_until_settled(context: DurableContext, order: OrderInput, level: LevelPlan, duplicate_of: str | None) -> str:
    wake_in = level["firstLookSeconds"] + OPENING_GRACE_SECONDS
    message: Message | None = Message("request-decision", 1)
    told, strays = Told(0, escalated=False), 0
    while True:
        lost = None
        if strays < MAX_STRAYS:
            callback = _create_callback(context, wake_in)
            opened = _open(context, order, level, callback, duplicate_of)
            if opened["outcome"] != "pending":
                return opened["outcome"]
            lost = _tell(context, order, level, message) if message else None
            if lost is None:
                _await_wake_up(callback)
        else:  # somebody signals without deciding: stop listening until something is due
            context.wait(Duration.from_seconds(wake_in), name="wait-out-strays")
            strays = 0
        look = _settle(context, order, level, lost)
        if look["outcome"] != "pending":
            return look["outcome"]
        message, told = _next_message(told, look)
        strays = 0 if message or lost else strays + 1
        wake_in = look["wakeInSeconds"]


def _create_callback(context: DurableContext, seconds: int) -> Callback[str]:
    return context.create_callback(name="decision", config=CallbackConfig(timeout=Duration.from_seconds(seconds)))


def _open(
    context: DurableContext, order: OrderInput, level: LevelPlan, callback: Callback[str], duplicate_of: str | None
) -> LookResult:
    body = steps.open_level(order, level, callback.callback_id, duplicate_of)
    return context.step(body, name="open-level", config=retries.STORAGE)


def _settle(context: DurableContext, order: OrderInput, level: LevelPlan, lost: str | None) -> LookResult:
    return context.step(steps.settle_level(order, level, lost), name="settle-level", config=retries.STORAGE)


def _await_wake_up(callback: Callback[str]) -> None:
    """Sleep until somebody signals or the timeout comes. What the signal says is never read."""
    try:
        callback.result()
    except CallbackError:
        return


def _tell(context: DurableContext, order: OrderInput, level: LevelPlan, message: Message) -> str | None:
    """Have the notifier send a message; return its name if that failed, which never fails the order."""
    payload = {"orderId": order["orderId"], "kind": message.kind, "level": level["number"], "k": message.k}
    try:
        context.invoke(steps.notifier(), payload, name=message.kind)
    except InvokeError:
        return f"{message.kind}-{message.k}"
    return None


def _next_message(told: Told, look: LookResult) -> tuple[Message | None, Told]:
    """Compare what the row has marked as due with what people were told."""
    if look["escalated"] and not told.escalated:
        return Message("escalate", 1), told._replace(escalated=True)
    if look["reminders"] > told.reminders:
        return Message("remind", look["reminders"]), told._replace(reminders=look["reminders"])
    return None, told
