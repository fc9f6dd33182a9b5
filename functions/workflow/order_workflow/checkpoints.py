"""What is written to the checkpoint log: a wire format between this code and every execution that waits right now.

Keys may be added. Never rename or retype one: an execution that recorded the old shape replays against the new code.
Everything is JSON-plain, and nothing is large: the document travels as its reference.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Document(TypedDict):
    """Where the order's document lies."""

    key: str
    sha256: str
    bytes: int


class OrderInput(TypedDict):
    """The execution's input: the same bytes on every retry of a submission.

    `recovery` numbers one that only undoes, which registers nothing: it is told here whether the order is `awaited`.
    """

    orderId: str
    document: Document
    recovery: NotRequired[int]
    awaited: NotRequired[bool]


class LevelPlan(TypedDict):
    """One level to be approved. `firstLookSeconds` is when the first thing is due after it opens."""

    number: int
    role: str
    firstLookSeconds: int


class PickingPlan(TypedDict):
    """How long a picking job waits for its claim, and how long its station may stay silent."""

    claimSeconds: int
    beatSeconds: int


class Registered(TypedDict):
    """What register-order found. `fresh` is False for a late duplicate start: the order is past its beginning.

    `awaited` is there when a state machine waits for the outcome; the token that it waits with stays in the document.
    """

    fresh: bool
    branches: int
    levels: list[LevelPlan]
    coolingOffSeconds: int
    picking: PickingPlan | None
    awaited: NotRequired[bool]


class Refusal(TypedDict):
    """What reserve-chunks returns, in place of the SKUs that lack stock, when the order is beyond a quota."""

    refusal: str


class LookResult(TypedDict):
    """What the order's row says about a level."""

    outcome: Literal["pending", "approved", "rejected", "expired", "withdrawn"]
    wakeInSeconds: int
    reminders: int
    escalated: bool


class JobResult(TypedDict):
    """What the order's row says about a picking job."""

    outcome: Literal["picked", "failed", "lost", "unclaimed", "stray"]
    claimed: bool
    wakeInSeconds: int


class OrderResult(TypedDict):
    """The execution's result."""

    orderId: str
    status: str
