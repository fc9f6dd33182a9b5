"""What can be broken on purpose, and what broke: the memory behind the page's break-it drawer.

Only the local stack has it. The gateway answers `/local/faults` for pages of its own origin:

    GET                                     -> {"armed": ARMED or null, "fired": [FIRED, ...]}   newest first
    POST {"kind": K, "orderId"?, "when"?}   -> the same; the new fault takes the place of one that is armed
    DELETE                                  -> the same, with nothing armed

    ARMED  {"kind", "orderId" or null (any order), "when" or null, "armedAt"}
    FIRED  {"kind", "orderId", "at", "detail"}; times are ISO 8601, by the stack's clock

    crash-at-next-checkpoint  SIGKILL for the process that runs the order's workflow when its next checkpoint arrives,
                              "before" (the default) or "after" it is stored; it is invoked again by itself
    lose-next-signal          the next SendDurableExecutionCallbackSuccess is answered as if it had arrived
    duplicate-next-event      the next event of an execution that has ended is delivered twice
    stop-warehouse-beats      the heartbeats of one station are answered and not passed on, until disarmed

A request that makes no sense is answered 400 {"message"}. Nothing is kept over the end of the executions process.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.clock import StackClock

CRASH, LOSE, DUPLICATE, SILENCE = (
    "crash-at-next-checkpoint",
    "lose-next-signal",
    "duplicate-next-event",
    "stop-warehouse-beats",
)
KINDS = (CRASH, LOSE, DUPLICATE, SILENCE)
WHENS = ("before", "after")
_REMEMBERED = 20


class UnknownFaultError(ValueError):
    """The request names no fault that there is; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An armed fault; for one order, or for the first that meets it."""

    kind: str
    order_id: str | None
    when: str | None
    armed_at: str

    @classmethod
    def asked_for(cls, document: Mapping[str, Any], now: str) -> Fault:
        """The fault that a request describes; raises UnknownFaultError."""
        kind, order_id = document.get("kind"), document.get("orderId")
        if kind not in KINDS:
            raise UnknownFaultError(f"kind must be one of {', '.join(KINDS)}")
        if order_id is not None and not isinstance(order_id, str):
            raise UnknownFaultError("orderId must be an order's id, or absent")
        when = document.get("when", WHENS[0] if kind == CRASH else None)
        if when not in (WHENS if kind == CRASH else (None,)):
            raise UnknownFaultError(f"when must be one of {', '.join(WHENS)}, and is for {CRASH} only")
        return cls(kind, order_id, when, now)

    def described(self) -> dict[str, str | None]:
        """The fault as the answer shows it."""
        return {"kind": self.kind, "orderId": self.order_id, "when": self.when, "armedAt": self.armed_at}


class Faults:
    """At most one armed fault, and the last ones that fired. Safe to use from any thread."""

    def __init__(self, clock: StackClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._armed: Fault | None = None
        self._silenced = ""
        self._fired: deque[dict[str, str]] = deque(maxlen=_REMEMBERED)

    def arm(self, document: Mapping[str, Any]) -> None:
        """Arm what a request describes; raises UnknownFaultError."""
        fault = Fault.asked_for(document, self._now())
        with self._lock:
            self._armed, self._silenced = fault, ""

    def disarm(self) -> None:
        """Let everything work."""
        with self._lock:
            self._armed, self._silenced = None, ""

    def described(self) -> dict[str, Any]:
        """What is armed and what has fired."""
        with self._lock:
            return {"armed": self._armed and self._armed.described(), "fired": list(self._fired)}

    def crashes(self, execution: str, operations: str) -> str | None:
        """Whether the process that sent this checkpoint is to die: "before" or "after" it is stored."""
        fault = self._take(CRASH, execution)
        if fault is None:
            return None
        self._record(CRASH, execution, f"killed {fault.when} the checkpoint was stored: {operations}")
        return fault.when

    def loses(self, execution: str) -> bool:
        """Whether this signal is to be lost."""
        if self._take(LOSE, execution) is None:
            return False
        self._record(LOSE, execution, "a signal was answered and not applied")
        return True

    def duplicates(self, execution: str, status: str) -> bool:
        """Whether this event is to be delivered twice; that of a start would change nothing for anybody."""
        if status == "RUNNING" or self._take(DUPLICATE, execution) is None:
            return False
        self._record(DUPLICATE, execution, f"the event {status} was delivered twice")
        return True

    def silences(self, execution: str, callback_id: str) -> bool:
        """Whether this heartbeat is to be kept back: those of the first callback that beats are."""
        with self._lock:
            if not self._meets(SILENCE, execution) or self._silenced not in {"", callback_id}:
                return False
            first, self._silenced = not self._silenced, callback_id
        if first:
            self._record(SILENCE, execution, "the station's heartbeats are no longer passed on")
        return True

    def _take(self, kind: str, execution: str) -> Fault | None:
        """The armed fault, no longer armed, when it is of this kind and for this execution."""
        with self._lock:
            if not self._meets(kind, execution):
                return None
            fault, self._armed = self._armed, None
            return fault

    def _meets(self, kind: str, execution: str) -> bool:
        fault = self._armed
        return fault is not None and fault.kind == kind and fault.order_id in {None, order_of(execution)}

    def _record(self, kind: str, execution: str, detail: str) -> None:
        fired = {"kind": kind, "orderId": order_of(execution), "at": self._now(), "detail": detail}
        with self._lock:
            self._fired.appendleft(fired)

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")


def order_of(execution: str) -> str:
    """The order that an execution is about, by the execution's name: a recovery's has a number behind it."""
    return execution.partition("-")[0]
