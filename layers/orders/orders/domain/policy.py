"""The roles that approve an order: tiers by total. The data is `orders/reference/policy.json`, validated here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from orders.domain.model import LevelTerms, Role
from orders.domain.reference import Entry

APPROVER_LADDER = (Role.MANAGERS, Role.DIRECTORS, Role.FINANCE)
PERCENT = 100


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting times in seconds. A reminder or escalation at or after the window never fires; that is allowed."""

    window: int
    reminder: int
    escalation: int
    cooling_off: int
    claim: int
    beat: int


@dataclass(frozen=True, slots=True)
class LevelRule:
    """One level of a tier: so many different people of one role."""

    role: Role
    quorum: int


@dataclass(frozen=True, slots=True)
class Tier:
    """Orders of up to `up_to` cents, above the tier before: their levels in order, and whether they cool off."""

    up_to: int
    levels: tuple[LevelRule, ...]
    cooling_off: bool


@dataclass(frozen=True, slots=True)
class PendingLimits:
    """What the orders of one requester may hold before they are charged.

    `stock_percent` is a share of each good's whole stock, `orders` the number of orders. Orders that need no approval
    are charged at once and do not count.
    """

    stock_percent: int
    orders: int

    def units_of(self, stock: int) -> int:
        """Return the share of `stock` in units, rounded up so that a good of which there is one can be ordered."""
        return -(-stock * self.stock_percent // PERCENT)


@dataclass(frozen=True, slots=True)
class Policy:
    """The tiers in ascending order; what exceeds the last one is refused when it is submitted."""

    version: str
    currency: str
    tiers: tuple[Tier, ...]
    pending: PendingLimits

    @property
    def cap(self) -> int:
        """The largest total of an order, in cents."""
        return self.tiers[-1].up_to

    def levels_for(self, total: int, waits: Waits) -> tuple[LevelTerms, ...]:
        """Return the terms of every level an order of `total` cents must pass; empty means automatic."""
        return tuple(
            LevelTerms(rule.role, rule.quorum, waits.window, waits.reminder, waits.escalation)
            for rule in self.tier_for(total).levels
        )

    def tier_for(self, total: int) -> Tier:
        """Return the tier of an order of `total` cents, at most the cap."""
        return next(tier for tier in self.tiers if total <= tier.up_to)


def escalation_target(role: Role) -> Role | None:
    """Return the next role up the ladder; the top of it does not escalate."""
    above = APPROVER_LADDER[APPROVER_LADDER.index(role) + 1 :]
    return above[0] if above else None


def policy_from_json(data: object) -> Policy:
    """Read the policy; raise InvalidReferenceDataError naming the place that is wrong."""
    given = Entry("orders/reference/policy.json", data).members("version", "currency", "pending", "tiers")
    entries = given["tiers"].entries()
    tiers = tuple(_tier(entry) for entry in entries)
    if not tiers:
        raise given["tiers"].wrong("must have at least one tier")
    for entry, (low, high) in zip(entries[1:], pairwise(tiers), strict=True):
        if high.up_to <= low.up_to:
            raise entry.wrong(f"must have an upTo above {low.up_to}, which is that of the tier before")
    return Policy(given["version"].text(), given["currency"].currency(), tiers, _pending(given["pending"]))


def _pending(entry: Entry) -> PendingLimits:
    given = entry.members("stockPercent", "orders")
    return PendingLimits(given["stockPercent"].whole_number(1, PERCENT), given["orders"].whole_number(1))


def _tier(entry: Entry) -> Tier:
    given = entry.members("upTo", "levels", optional=("coolingOff",))
    levels = tuple(_level(level) for level in given["levels"].entries())
    cooling_off = "coolingOff" in given and given["coolingOff"].flag()
    return Tier(given["upTo"].whole_number(1), levels, cooling_off)


def _level(entry: Entry) -> LevelRule:
    given = entry.members("role", "quorum")
    role = next((role for role in APPROVER_LADDER if role == given["role"].value), None)
    if role is None:
        raise given["role"].wrong(f"must be one of {', '.join(APPROVER_LADDER)}, not {given['role'].value!r}")
    return LevelRule(role, given["quorum"].whole_number(1))
