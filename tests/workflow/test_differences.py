"""A golden history that differs says what changed, what that means for executions in flight, and what to do."""

from __future__ import annotations

import pytest

from tests.workflow.differences import DIVERGES, INSIDE, RECORD, RESULTS, SAFE, SHORTER, explain

RECORDED = """\
STEP register-order SUCCEEDED
CONTEXT approve-manager SUCCEEDED
  CALLBACK decision SUCCEEDED
  STEP settle-level SUCCEEDED
STEP capture-payment SUCCEEDED
CHAINED_INVOKE announce-outcome SUCCEEDED
"""


def changed(old: str, new: str) -> str:
    """Return the explanation for a history in which one text stands in place of another."""
    assert RECORDED.count(old) == 1
    return explain("manager-approves", RECORDED, RECORDED.replace(old, new))


CAPTURE = "STEP capture-payment SUCCEEDED\n"
ANNOUNCE = "CHAINED_INVOKE announce-outcome SUCCEEDED\n"
SETTLE = "  STEP settle-level SUCCEEDED\n"


@pytest.mark.parametrize(
    ("old", "new", "lines", "means"),
    [
        (CAPTURE, CAPTURE + "STEP notify-erp SUCCEEDED\n", ["+STEP notify-erp after capture-payment"], DIVERGES),
        (CAPTURE, "", ["-STEP capture-payment after settle-level"], DIVERGES),
        (
            "register-order",
            "take-order",
            ["-STEP register-order at the start", "+STEP take-order at the start"],
            DIVERGES,
        ),
        (ANNOUNCE, ANNOUNCE + "STEP archive SUCCEEDED\n", ["+STEP archive after announce-outcome"], SAFE),
        (ANNOUNCE, "", ["-CHAINED_INVOKE announce-outcome after capture-payment"], SHORTER),
        (SETTLE, SETTLE * 2, ["+STEP settle-level after settle-level"], f"{DIVERGES} {INSIDE}"),
        (CAPTURE, "STEP capture-payment FAILED\n", ["~STEP capture-payment ends FAILED, was SUCCEEDED"], RESULTS),
    ],
)
def test_each_change_is_named_with_its_place_and_its_meaning(old: str, new: str, lines: list[str], means: str) -> None:
    assert changed(old, new).splitlines() == [
        "The golden history 'manager-approves' differs:",
        *(f"  {line}" for line in lines),
        f"Executions in flight: {means}",
        f"If the change is intended, record it with `{RECORD}` and explain it in a decision record.",
    ]
