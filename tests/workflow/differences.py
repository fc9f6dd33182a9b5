"""What a changed golden history means: which operations differ, and what happens to executions in flight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

RECORD = "make record"
SAFE = "They run the new operations when they get there; nothing that they recorded is compared with them."
SHORTER = "The SDK does not notice: those that recorded the removed operations end on the shorter path."
DIVERGES = (
    "Those that have passed the first difference fail at their next wake-up (NonDeterministicExecutionError) if they "
    "run this code. On AWS an execution stays on the version that it began with; $LATEST and the local stack run the "
    "new code."
)
INSIDE = "Every difference is inside a context: only executions that are in that context now are compared with it."
RESULTS = "They find the same operations; only the results differ."


class Line(NamedTuple):
    """One operation of a golden history."""

    depth: int
    kind: str
    name: str
    status: str

    @classmethod
    def parse(cls, text: str) -> Line:
        """Read a line: two spaces for each context around the operation, then type, name and status."""
        kind, name_and_status = text.split(maxsplit=1)
        name, status = name_and_status.rsplit(maxsplit=1)
        return cls((len(text) - len(text.lstrip())) // 2, kind, name, status)


class Difference(NamedTuple):
    """One operation that was added (`+`), removed (`-`) or ended otherwise (`~`)."""

    sign: str
    line: Line
    where: str

    def __str__(self) -> str:
        """Return it as `+STEP notify-erp after capture-payment`."""
        return f"{self.sign}{self.line.kind} {self.line.name} {self.where}"


def differences(recorded: Sequence[Line], found: Sequence[Line]) -> list[Difference]:
    """Return what was removed, added or ended otherwise, in the order of the history."""
    matcher = SequenceMatcher(None, [line[:3] for line in recorded], [line[:3] for line in found], autojunk=False)
    return [each for opcode in matcher.get_opcodes() for each in _differences(recorded, found, opcode)]


def _differences(
    recorded: Sequence[Line], found: Sequence[Line], opcode: tuple[str, int, int, int, int]
) -> Iterator[Difference]:
    tag, begin, end, begin_found, end_found = opcode
    if tag == "equal":
        for before, now in zip(recorded[begin:end], found[begin_found:end_found], strict=True):
            if before.status != now.status:
                yield Difference("~", now, f"ends {now.status}, was {before.status}")
        return
    yield from (Difference("-", recorded[at], _place(recorded, at)) for at in range(begin, end))
    yield from (Difference("+", found[at], _place(found, at)) for at in range(begin_found, end_found))


def _place(lines: Sequence[Line], at: int) -> str:
    return f"after {lines[at - 1].name}" if at else "at the start"


def meaning(recorded: Sequence[Line], found: Sequence[Line]) -> str:
    """Return what the differences mean for executions in flight."""
    before, now = [line[:3] for line in recorded], [line[:3] for line in found]
    if before == now:
        return RESULTS
    if now[: len(before)] == before:
        return SAFE
    if before[: len(now)] == now:
        return SHORTER
    changed = [each.line.depth for each in differences(recorded, found) if each.sign != "~"]
    return f"{DIVERGES} {INSIDE}" if min(changed) > 0 else DIVERGES


def explain(name: str, recorded: str, found: str) -> str:
    """Return what to read when a golden history differs, and the command that records the new one."""
    before, now = ([Line.parse(line) for line in text.splitlines()] for text in (recorded, found))
    changes = [f"  {each}" for each in differences(before, now)]
    return "\n".join(
        [
            f"The golden history {name!r} differs:",
            *changes,
            f"Executions in flight: {meaning(before, now)}",
            f"If the change is intended, record it with `{RECORD}` and explain it in a decision record.",
        ]
    )
