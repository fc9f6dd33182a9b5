"""Acting on an order, as one of the local identities."""

from __future__ import annotations

import argparse
import uuid

from local.commands.orders import colored
from local.commands.stack import CommandError, RunningStack
from local.commands.terminal import console


def decide(stack: RunningStack, given: argparse.Namespace) -> None:
    """Approve or reject a level."""
    order_id = stack.order_id(given.order, given.person)
    level = given.level or stack.get(f"/orders/{order_id}", given.person)["level"]
    if level is None:
        raise CommandError(f"no level of {order_id} is open: see .venv/bin/python -m local show {order_id}")
    body = {"level": level, "verdict": given.verdict} | ({"reason": given.reason} if given.reason else {})
    taken = stack.post(f"/orders/{order_id}/decisions", given.person, body, uuid.uuid4().hex)
    words = f"{taken['by']}: {taken['verdict']}. Level {taken['level']} of {order_id} is"
    console().print(words, colored(taken["outcome"]))


def stop(stack: RunningStack, given: argparse.Namespace) -> None:
    """Stop the order's execution; what it has done so far is for a recovery to undo."""
    order_id = stack.order_id(given.order, given.person)
    order = stack.post(f"/orders/{order_id}/stop", given.person, {"reason": given.reason}, uuid.uuid4().hex)
    console().print(f"{order_id} is being stopped; it is", colored(order["status"]))
