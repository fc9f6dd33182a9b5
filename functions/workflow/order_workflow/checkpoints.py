"""What is written to the checkpoint log: a wire format between this code and every execution that waits right now.

Add keys, but never rename or retype one: an execution that recorded the old shape replays against the new code.
Every value is plain JSON and small: the order's document travels as a reference.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Document(TypedDict):
    """A reference to the order's document."""

    key: str
    sha256: str
    bytes: int


class OrderInput(TypedDict):
    """The execution's input: the same bytes on every retry of a submission.

    `recovery` is the number of a recovery execution, which only undoes. It does not register the order, so its input
    says whether a state machine waits for the outcome (`awaited`).
    """

    orderId: str
    document: Document
    recovery: NotRequired[int]
    awaited: NotRequired[bool]


class LevelPlan(TypedDict):
    """One level to be approved. `firstLookSeconds` is the time from its opening to the first thing that is due."""

    number: int
    role: str
    firstLookSeconds: int


class PickingPlan(TypedDict):
    """How long a picking job waits for its claim, and the longest gap between its station's heartbeats."""

    claimSeconds: int
    beatSeconds: int


class Registered(TypedDict):
    """The result of register-order. `fresh` is False for a late duplicate start of an order past its beginning.

    `awaited` is set when a state machine waits for the outcome; its task token stays in the document.
    """

    fresh: bool
    branches: int
    levels: list[LevelPlan]
    coolingOffSeconds: int
    picking: PickingPlan | None
    awaited: NotRequired[bool]


class Refusal(TypedDict):
    """The result of reserve-chunks, in place of the SKUs that lack stock, for an order beyond a quota."""

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
