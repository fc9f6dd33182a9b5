"""How moments are written in items and documents: RFC 3339, UTC, milliseconds, so that text sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime


def written(at: datetime) -> str:
    """Return the moment as text of a fixed width: `2026-11-21T09:30:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: str) -> datetime:
    """Return the moment that `written` wrote."""
    return datetime.fromisoformat(text)


def read_if_any(text: str | None) -> datetime | None:
    """Return the moment, or None for none."""
    return None if text is None else read(text)


def written_if_any(at: datetime | None) -> str | None:
    """Return the moment as text, or None for none."""
    return None if at is None else written(at)
