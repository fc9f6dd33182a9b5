"""Write the table of commands and states in docs/product.md from the transition table: `python -m scripts.states`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orders.domain.model import Status
from orders.domain.rules import Rule
from orders.domain.table import TABLE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "product.md"
BLOCK = re.compile(r"(?<=<!-- states -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEADS = ("command", "given by", "from", "to", "conditions")


def rewritten(page: str) -> str:
    """Return the page with the table as the code has it."""
    if BLOCK.search(page) is None:
        raise ValueError("docs/product.md has no block between `<!-- states -->` and `<!-- end -->`")
    return BLOCK.sub(lambda _: table(), page)


def table() -> str:
    """Return a Markdown table with one row for each command."""
    rows = [HEADS, ("---",) * len(HEADS), *(row(command.__name__, rule) for command, rule in TABLE.items())]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def row(command: str, rule: Rule[Any]) -> tuple[str, ...]:
    """Return the cells of one command."""
    conditions = [condition.__name__.replace("_", " ") for condition in (*rule.permissions, *rule.guards)]
    return (in_words(command), rule.by, states(rule.sources), states(rule.targets), ", ".join(conditions) or "-")


def in_words(name: str) -> str:
    """Return a class name as words: `OpenLevel` becomes `open level`."""
    return " ".join(re.findall("[A-Z][a-z]*", name)).lower()


def states(found: Iterable[Status]) -> str:
    """Return states in the order of their declaration."""
    return ", ".join(f"`{status}`" for status in Status if status in {*found})


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
