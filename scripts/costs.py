"""Measure what an order costs in every scenario and rewrite the tables of docs/costs.md.

`python -m scripts.costs`. What must be exact is asserted by tests/workflow/test_costs.py; the rest is rounded here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.workflow.costs import Cost, Log, Measured, measure_all

PAGE = Path(__file__).resolve().parent.parent / "docs" / "costs.md"
TIMES = 3
HEADS = (
    "scenario",
    "operations",
    "metered",
    "flat branches",
    "invocations",
    "messages",
    "transitions",
    "tasks",
    "durable USD",
    "Step Functions USD",
    "checkpoint calls",
    "payload",
    "in requests of",
    "log of the workflow",
    "of the notifier",
    "of the SDK",
)
# List prices of 2026-11-25; docs/costs.md names the date.
USD_PER_OPERATION = 8.00 / 1_000_000
USD_PER_TRANSITION = 25.00 / 1_000_000
EXACT = ("operations", "metered", "flat_branches", "invocations", "messages", "transitions", "tasks")


def exact(cost: Cost) -> tuple[int, ...]:
    """Return what may not vary from run to run, in the order of the columns."""
    return tuple(getattr(cost, name) for name in EXACT)


def documented(page: str) -> dict[str, tuple[int, ...]]:
    """Return the exact columns that the page shows for each scenario."""
    table = page[slice(*place(page, "scenarios"))]
    rows = (line.strip("| ").split(" | ") for line in table.splitlines()[2:])
    return {row[0].strip("`"): tuple(map(int, row[1 : len(EXACT) + 1])) for row in rows}


def rewritten(page: str, measured: Measured) -> str:
    """Return the page with its tables as measured."""
    tables = {"scenarios": scenario_table(measured), "requests": request_table(measured)}
    for name, new in tables.items():
        before, after = place(page, name)
        page = page[:before] + new + page[after:]
    return page


def place(page: str, name: str) -> tuple[int, int]:
    """Return where a table of the page begins and ends: between its two marks."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", page, re.DOTALL)
    if found is None:
        raise ValueError(f"docs/costs.md has no place for its {name}")
    return found.span(1)


def scenario_table(measured: Measured) -> str:
    """Return a row for each scenario."""
    return in_markdown(HEADS, (scenario_row(name, costs) for name, costs in measured.costs.items()))


def scenario_row(name: str, costs: Sequence[Cost]) -> list[str]:
    """Return a scenario's columns: exact figures once, those that vary as a range, bytes in thousands."""
    certain = {exact(cost) for cost in costs}
    if len(certain) != 1:
        sys.exit(f"{name} was not played undisturbed: {certain}")
    calls = sorted(cost.checkpoint_calls for cost in costs)
    logs = [logged(max((cost.logs[each] for cost in costs), key=lambda log: log.bytes)) for each in costs[0].logs]
    sizes = [thousands(max(getattr(cost, size) for cost in costs)) for size in ("payload_bytes", "request_bytes")]
    prices = [
        thousand_orders(costs[0].metered, USD_PER_OPERATION),
        thousand_orders(costs[0].transitions, USD_PER_TRANSITION),
    ]
    return [f"`{name}`", *map(str, certain.pop()), *prices, spread(calls[0], calls[-1]), *sizes, *logs]


def request_table(measured: Measured) -> str:
    """Return a row for each kind of request."""
    return in_markdown(("request", "log of the API"), ([kind, logged(log)] for kind, log in measured.api.items()))


def in_markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; numbers stand to the right."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(least: int, most: int) -> str:
    """Return a range, or its only number."""
    return str(least) if least == most else f"{least}-{most}"


def thousand_orders(units: int, price: float) -> str:
    """Return what a thousand orders of so many units cost, in USD."""
    return f"{units * price * 1000:.2f}"


def thousands(count: int) -> str:
    """Return a number of bytes in thousands, with one digit."""
    return f"{count / 1000:.1f} KB"


def logged(log: Log) -> str:
    """Return the bytes and the records of a log."""
    return f"{thousands(log.bytes)} in {log.records}" if log.records else "-"


def main() -> None:
    """Measure and rewrite."""
    page = PAGE.read_text("utf-8")
    PAGE.write_text(rewritten(page, measure_all(TIMES)), "utf-8")
    print(f"{PAGE.name} is up to date")


if __name__ == "__main__":
    main()
