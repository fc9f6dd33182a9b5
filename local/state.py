"""Whether a stack can start on the folder that an earlier one left; nothing in it is changed before that is known."""

from __future__ import annotations

from pathlib import Path

from local import clock, disk
from local.folder import StartError

FORMAT_FILE = "format"
FORMAT = 2
"""Of everything below the folder. 1, without a file: a journal without checksums."""


def check(folder: Path) -> None:
    """Look at the parts that no service process looks at.

    Raises StartError when the folder is of a newer release, has no room, or has a damaged file.
    """
    found = _format(folder)
    if found > FORMAT:
        raise StartError(
            f"{folder} was written by a newer release (format {found}, this one knows {FORMAT}): use that release, "
            "or choose another DATA"
        )
    try:
        _ = clock.StackClock(folder / clock.FILE).offset
    except ValueError as error:
        raise StartError(str(error)) from None
    if not disk.has_room(folder):
        raise StartError(f"{folder} is on a full disk: make room, or choose another DATA")


def mark(folder: Path) -> None:
    """Note the format in which this release writes."""
    fresh = folder / f"{FORMAT_FILE}.new"
    fresh.write_text(f"{FORMAT}\n", "ascii")
    fresh.replace(folder / FORMAT_FILE)


def _format(folder: Path) -> int:
    file = folder / FORMAT_FILE
    try:
        return int(file.read_text("ascii"))
    except FileNotFoundError:
        return 1
    except ValueError:
        raise StartError(f"{file} is damaged: restore the folder from a copy, or choose another DATA") from None
