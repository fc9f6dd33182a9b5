"""Thousands of orders that are over, in the folder of a stopped stack, without the hour that placing them takes.

A few orders are placed and completed over HTTP; the rest are copies of them, line by line in the journal and row by row
in the durable service's file, under ids of their own: what the stack would have written itself.
"""

from __future__ import annotations

import random
import sqlite3
import string
import time
import zlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.orders import ATLAS, Orders
from tests.stack import Stack, eventually

_BASE32 = string.ascii_lowercase + "234567"
_PARTS = ("operations", "updates", "invocations", "invocation_errors", "event_numbers")


def place_originals(data: Path, count: int) -> list[str]:
    """Place and approve some orders on a new stack, stop it, and return their ids."""
    with Stack(data) as stack:
        orders = Orders(stack)
        placed = [orders.submit(ATLAS, customer=f"customer-{number}") for number in range(count)]
        for order_id in placed:
            orders.until(order_id, "PENDING_APPROVAL")
            assert orders.decide(order_id, "approve").status == 200
        for order_id in placed:
            orders.until_ended(order_id)
            eventually(partial(_is_announced, orders, order_id))
    return placed


def _is_announced(orders: Orders, order_id: str) -> bool:
    return orders.outbox(order_id)["outcome"] == 1


def multiply(data: Path, originals: list[str], count: int) -> None:
    """Copy the originals in a stopped stack's folder until there are `count` orders."""
    ids = random.Random(count)  # noqa: S311  # names, not secrets
    copies = {
        "o" + "".join(ids.choices(_BASE32, k=26)): originals[number % len(originals)]
        for number in range(count - len(originals))
    }
    _copy_journal(data / "data" / "journal.jsonl", originals, copies)
    with closing(sqlite3.connect(data / "executions.sqlite3")) as database, database:
        for copy, original in copies.items():
            _copy_execution(database, original, copy)


def _copy_journal(journal: Path, originals: Iterable[str], copies: dict[str, str]) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    own = {each: [line for line in lines if each.encode() in line] for each in originals}
    with journal.open("ab") as file:
        for copy, original in copies.items():
            file.writelines(_renumbered(line, original.encode(), copy.encode()) for line in own[original])


def _renumbered(line: bytes, original: bytes, copy: bytes) -> bytes:
    """Return a line of the journal about another order, with the checksum of its new text."""
    text = line.rstrip(b"\n").partition(b" ")[2].replace(original, copy)
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _copy_execution(database: sqlite3.Connection, original: str, copy: str) -> None:
    """Copy every column of an execution's rows, with the new id wherever the old one stands in a text."""
    (row,) = database.execute("SELECT row FROM executions WHERE name = ?", (original,)).fetchone()
    (last,) = database.execute("SELECT max(row) FROM executions").fetchone()
    for table in ("executions", *_PARTS):
        columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
        values = ["?3" if name == "row" else _renamed(name) for name in columns]
        database.execute(
            f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} WHERE row = ?4",  # noqa: S608 - names of ours
            (original, copy, last + 1, row),
        )


def _renamed(column: str) -> str:
    return f"CASE typeof({column}) WHEN 'text' THEN replace({column}, ?1, ?2) ELSE {column} END"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a stack's state is, and how long it takes to start: for the first time since, and later."""

    orders: int
    megabytes: float
    first_start: float
    later_start: float

    def __str__(self) -> str:
        """In one line."""
        starts = f"{self.first_start:.2f} s for the first time, {self.later_start:.2f} s later"
        return f"{self.orders} orders: {self.megabytes:.0f} MB, ready after {starts}"


def measure(data: Path, orders: int) -> Size:
    """Start a stopped stack three times; the first start may tidy up."""
    first, *later = [_start_seconds(data, orders) for _ in range(3)]
    megabytes = sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) / 1e6
    return Size(orders, megabytes, first, min(later))


def _start_seconds(data: Path, orders: int) -> float:
    stack = Stack(data)
    began = time.monotonic()
    try:
        stack.start()
        seconds = time.monotonic() - began
        listed = stack.request("GET", "/orders?limit=100&status=COMPLETED", identity="auditor-1").json()["items"]
        assert len(listed) == min(orders, 100)
        return seconds
    finally:
        stack.stop()
