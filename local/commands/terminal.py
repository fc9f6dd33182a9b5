"""How the commands print. Lines are as long as what is on them: a terminal may wrap an id, but nothing cuts it."""

from __future__ import annotations

from rich.console import Console

_LONGEST_LINE = 10_000
_USUAL_COLUMNS = 100


def console() -> Console:
    """A console for tables: a row is one line, in a narrow terminal as well as in a file or a pipe."""
    return Console(highlight=False, soft_wrap=True, width=_LONGEST_LINE)


def columns() -> int:
    """How wide a picture may be: the terminal's width, or a usual one where there is no terminal."""
    own = Console()
    return own.width if own.is_terminal else max(own.width, _USUAL_COLUMNS)


def reading_width() -> int:
    """Where long texts are wrapped: at the terminal's width, and nowhere in a file or a pipe."""
    own = Console()
    return own.width if own.is_terminal else _LONGEST_LINE
