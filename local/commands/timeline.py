"""What an order's execution did, as bars in the terminal."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from local.commands import terminal
from local.commands.stack import ProblemError, RunningStack

_NARROWEST_BAR = 6
_BESIDE_THE_BAR = 74
_WAITS = frozenset({"CALLBACK", "WAIT"})
_COLORS = {"SUCCEEDED": "green", "STARTED": "cyan", "PENDING": "yellow"}
_OVER = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED"})
_RUN, _REST = "█", "░"


@dataclass(slots=True)
class Seen:
    """What is known of an execution, brought up to date by what the API says is new."""

    status: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    invocations: list[dict[str, Any]] = field(default_factory=list)
    cursor: int = 0
    next_poll_seconds: float | None = 0.5

    def take(self, view: Mapping[str, Any]) -> None:
        """Add what is new."""
        self.status, self.cursor = view["status"], view["cursor"]
        self.started_at, self.ended_at = _at(view["startedAt"]), _at(view["endedAt"])
        self.operations |= {each["id"]: each for each in view["operations"]}
        self.invocations += view["invocations"]
        self.next_poll_seconds = None if view["nextPollMs"] is None else view["nextPollMs"] / 1000

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come."""
        return self.status in _OVER


def show(stack: RunningStack, given: argparse.Namespace) -> None:
    """Print the timeline, or with `--follow` keep it before the reader's eyes until the execution has ended."""
    console = terminal.live_console()
    address = f"/orders/{stack.order_id(given.order, given.person)}/execution"
    seen = Seen()
    if given.follow and console.is_terminal:
        spinner = Spinner("line" if console.options.ascii_only else "dots")
        live = partial(_live, seen, console, spinner)
        with Live(console=console, refresh_per_second=8, transient=True, get_renderable=live):
            _follow(stack, address, given.person, seen)
    elif given.follow:
        _follow(stack, address, given.person, seen)
    else:
        seen.take(stack.get(address, given.person))
    terminal.console().print(drawn(seen, terminal.columns(), datetime.now(UTC)))


def _follow(stack: RunningStack, address: str, person: str, seen: Seen) -> None:
    while True:
        _look(stack, address, person, seen)
        if seen.is_over:
            return
        time.sleep(min(1.0, seen.next_poll_seconds or 1.0))


def _look(stack: RunningStack, address: str, person: str, seen: Seen) -> None:
    try:
        view = stack.get(address, person, after=seen.cursor)
    except ProblemError as problem:
        if problem.code != "no-history" or seen.cursor:  # an order can be younger than its history
            raise
        return
    if view is not None:
        seen.take(view)


def _live(seen: Seen, console: Console, spinner: Spinner) -> RenderableType:
    now = datetime.now(UTC)
    spinner.update(text=Text(waiting_for(seen, now)))
    picture = drawn(seen, console.width, now)
    return picture if seen.is_over else Group(picture, spinner)


def waiting_for(seen: Seen, now: datetime) -> str:
    """What has to happen next, in words."""
    if seen.started_at is None:
        return "the execution has not begun"
    for each in reversed(seen.operations.values()):
        if each["status"] == "STARTED" and each["type"] in _WAITS:
            deadline = _at(each.get("deadline"))
            left = "" if deadline is None else f", {_clock(deadline - now)} left"
            return f"{'waiting for' if each['type'] == 'CALLBACK' else 'resting:'} {each['name']}{left}"
        if each["status"] == "PENDING":
            return f"{each['name']} is tried again soon"
    return "working"


def drawn(seen: Seen, width: int, now: datetime) -> RenderableType:
    """The picture: the handler's invocations on top, below them every operation in the order it began."""
    if seen.started_at is None:
        return Text("")
    scale = Scale(seen.started_at, seen.ended_at or now, max(_NARROWEST_BAR, width - _BESIDE_THE_BAR))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("operation", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for name in ("start", "end", "tries"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_row(
        Text("invocations", style="dim"),
        "",
        "",
        "",
        str(len(seen.invocations)),
        bar([(_at(each["startedAt"]), _at(each["endedAt"]), _RUN) for each in seen.invocations], "dim", scale),
    )
    for each in seen.operations.values():
        table.add_row(*_row(each, seen.operations, scale))
    took = (seen.ended_at or now) - seen.started_at
    return Group(table, Text.assemble(colored_state(seen.status), f" after {took.total_seconds():.3f} s"))


def _row(each: dict[str, Any], operations: Mapping[str, dict[str, Any]], scale: Scale) -> list[RenderableType]:
    name = "  " * _depth(each, operations) + (each["name"] or each["type"].lower())
    start, end = _at(each["startedAt"]), _at(each["endedAt"])
    return [
        name,
        colored_state(each["status"]),
        scale.offset(start),
        scale.offset(end),
        str(len(each["attempts"]) or ""),
        bar(list(_pieces(each)), _COLORS.get(each["status"], "red"), scale),
    ]


def _pieces(operation: Mapping[str, Any]) -> Iterator[tuple[datetime | None, datetime | None, str]]:
    """The parts of an operation's bar: rests and waits are lighter than work."""
    whole = _at(operation["startedAt"]), _at(operation["endedAt"])
    if operation["type"] in _WAITS:
        yield (*whole, _REST)
    elif len(operation["attempts"]) > 1:
        yield (*whole, _REST)
        for each in operation["attempts"]:
            yield _at(each["startedAt"]), _at(each["endedAt"]), _RUN
    else:
        yield (*whole, _RUN)


@dataclass(frozen=True, slots=True)
class Scale:
    """From moments to cells."""

    begin: datetime
    end: datetime
    cells: int

    def cell(self, at: datetime) -> int:
        """The cell a moment falls into; moments outside are drawn at the edge."""
        whole = max((self.end - self.begin).total_seconds(), 0.001)
        place = int((at - self.begin).total_seconds() / whole * self.cells)
        return max(0, min(self.cells - 1, place))

    def offset(self, at: datetime | None) -> str:
        """A moment as seconds since the beginning."""
        return "" if at is None else f"{(at - self.begin).total_seconds():.3f}"


def bar(pieces: list[tuple[datetime | None, datetime | None, str]], color: str, scale: Scale) -> Text:
    """One line of cells; a later piece covers an earlier one, and what has not ended goes on to the edge."""
    cells = [" "] * scale.cells
    for begin, end, mark in pieces:
        if begin is not None:
            for cell in range(scale.cell(begin), scale.cell(end or scale.end) + 1):
                cells[cell] = mark
    return Text("".join(cells), style=color)


def _depth(operation: Mapping[str, Any], operations: Mapping[str, dict[str, Any]]) -> int:
    parent = operations.get(operation["parentId"] or "")
    return 0 if parent is None else 1 + _depth(parent, operations)


def colored_state(state: str) -> Text:
    """An operation's state, short."""
    return Text(state.lower().replace("_", " "), style=_COLORS.get(state, "red"))


def _clock(left: timedelta) -> str:
    seconds = max(0, int(left.total_seconds()))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _at(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
