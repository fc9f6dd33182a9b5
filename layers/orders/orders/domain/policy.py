"""Who must approve what: tiers by total. The figures are data (`orders/reference/policy.json`), validated here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from orders.domain.errors import InvalidReferenceDataError
from orders.domain.model import LevelTerms, Role

APPROVER_LADDER = (Role.MANAGERS, Role.DIRECTORS, Role.FINANCE)


@dataclass(frozen=True, slots=True)
class Waits:
    """How long people have, in seconds. A reminder or escalation at or after the window never fires; that is legal."""

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
    """Orders up to and including `up_to` cents, above the tier before, need these levels in this order, then a rest."""

    up_to: int
    levels: tuple[LevelRule, ...]
    cooling_off: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """The tiers in ascending order; what exceeds the last one is refused when it is submitted."""

    version: str
    currency: str
    tiers: tuple[Tier, ...]

    @property
    def cap(self) -> int:
        """The largest total anybody may order, in cents."""
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


def policy_from_json(data: Mapping[str, Any]) -> Policy:
    """Read the policy; raise InvalidReferenceDataError naming the field that is wrong."""
    try:
        tiers = tuple(_tier(tier) for tier in data["tiers"])
        policy = Policy(str(data["version"]), str(data["currency"]), tiers)
    except (KeyError, TypeError, ValueError) as error:
        message = f"policy: {error!r} is missing or not usable"
        raise InvalidReferenceDataError(message) from error
    if not tiers or any(low.up_to >= high.up_to for low, high in pairwise(tiers)):
        message = "policy: tiers must be present and their upTo must rise"
        raise InvalidReferenceDataError(message)
    return policy


def _tier(data: Mapping[str, Any]) -> Tier:
    rules = tuple(LevelRule(Role(level["role"]), int(level["quorum"])) for level in data["levels"])
    for rule in rules:
        if rule.role not in APPROVER_LADDER or rule.quorum < 1:
            message = f"levels {rule}"
            raise ValueError(message)
    return Tier(int(data["upTo"]), rules, bool(data.get("coolingOff", False)))
