"""Looking at orders."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from local.commands.stack import RunningStack
from local.commands.terminal import console, reading_width

_GOOD = frozenset({"COMPLETED", "APPROVED", "approved"})
_BAD = frozenset({"REFUSED", "REJECTED", "EXPIRED", "WITHDRAWN", "FAILED", "NEEDS_ATTENTION", "rejected", "expired"})


def show_table(stack: RunningStack, given: argparse.Namespace) -> None:
    """Print the newest orders, one a line."""
    page = stack.get("/orders", given.person, status=given.status, limit=given.limit)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("order", "status", "level"):
        table.add_column(name, no_wrap=True)
    table.add_column("total", justify="right", no_wrap=True)
    for name in ("customer", "submitted", "deadline"):
        table.add_column(name, no_wrap=True)
    for order in page["items"]:
        table.add_row(
            order["orderId"],
            colored(order["status"]),
            _level(order),
            money(order["total"], order["currency"]),
            order["customer"],
            moment(order["submittedAt"]),
            moment(order["deadline"]),
        )
    console().print(table if page["items"] else "No orders.")
    if page["nextCursor"]:
        console().print("There are more: raise --limit.", style="dim")


def show_order(stack: RunningStack, given: argparse.Namespace) -> None:
    """Print an order, its levels and its audit."""
    order_id = stack.order_id(given.order, given.person)
    order = stack.get(f"/orders/{order_id}", given.person)
    audit = stack.get(f"/orders/{order_id}/audit", given.person)["items"]
    console().print(_fields(order), width=reading_width(), soft_wrap=False)
    console().print(_audit(audit))


def _fields(order: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("order", order["orderId"])
    table.add_row("status", colored(order["status"]))
    if order.get("outcomeReason"):
        table.add_row("because", order["outcomeReason"])
    table.add_row("total", f"{money(order['total'], order['currency'])} in {order['lineCount']} lines")
    table.add_row("for", f"{order['customer']}, by {order['requester']}")
    table.add_row("submitted", moment(order["submittedAt"]))
    for level in order["levels"]:
        table.add_row(f"level {level['level']}", Text(", ".join(_words(level))))
    if order["actions"]:
        table.add_row("you may", ", ".join(order["actions"]))
    return table


def _words(level: dict[str, Any]) -> Iterator[str]:
    yield f"{level['quorum']} of {level['role']}: {level['outcome']}"
    if level.get("escalatedTo"):
        yield f"escalated to {level['escalatedTo']}"
    if level["outcome"] == "open":
        yield f"until {moment(level['deadline'])}"
    for each in level["decisions"]:
        reason = f" ({each['reason']})" if each["reason"] else ""
        yield f"{each['by']} {each['verdict']} {moment(each['at'])}{reason}"


def _audit(entries: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right", style="dim")
    for name in ("at", "who", "what", "to"):
        table.add_column(name, no_wrap=True)
    for each in entries:
        to = colored(each["to"]) if each["to"] != each["from"] else Text("")
        table.add_row(str(each["seq"]), moment(each["at"]), each["actor"], each["event"], to)
    return table


def _level(order: dict[str, Any]) -> str:
    if order["level"] is None:
        return ""
    level = order["levels"][order["level"] - 1]
    return f"{order['level']} {level.get('escalatedTo') or level['role']}"


def money(cents: int, currency: str) -> str:
    """An amount as people write it."""
    return f"{cents / 100:,.2f} {currency}"


def moment(written: str | None) -> str:
    """A moment in the reader's own time, to the second."""
    return "" if written is None else datetime.fromisoformat(written).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def colored(state: str) -> Text:
    """A state in the color of how it went."""
    return Text(state, style="green" if state in _GOOD else "red" if state in _BAD else "yellow")
