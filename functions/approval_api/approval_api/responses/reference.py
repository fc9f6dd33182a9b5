"""Responses that show reference data and the caller."""

from __future__ import annotations

from approval_api.responses.view import View
from orders.domain.catalogue import Catalogue, Good
from orders.domain.model import Person, Role
from orders.domain.policy import Policy


class GoodView(View):
    """One good. `available` means that its initial stock is above zero; only a reservation checks the current stock."""

    sku: str
    name: str
    unit_price: int
    digital: bool
    available: bool


class CatalogueView(View):
    """All goods. Prices are integers in minor units of the currency."""

    currency: str
    items: tuple[GoodView, ...]


class LevelRuleView(View):
    """A level: a number of different people of one role."""

    role: Role
    quorum: int


class TierView(View):
    """The levels of orders with a total below `upTo` (minor units; null: up to the cap) that no earlier tier covers."""

    up_to: int | None
    levels: tuple[LevelRuleView, ...]
    cooling_off: bool


class PolicyView(View):
    """The approval policy: tiers of order totals with their levels."""

    version: str
    currency: str
    cap: int
    tiers: tuple[TierView, ...]


class MeView(View):
    """The caller."""

    username: str
    groups: tuple[Role, ...]


class HealthView(View):
    """The health of the function."""

    status: str


def catalogue_view(catalogue: Catalogue) -> CatalogueView:
    """Return all goods."""
    return CatalogueView(
        currency=catalogue.currency, items=tuple(_good_view(good) for good in catalogue.goods.values())
    )


def _good_view(good: Good) -> GoodView:
    return GoodView(
        sku=good.sku, name=good.name, unit_price=good.unit_price, digital=good.digital, available=good.stock > 0
    )


def policy_view(policy: Policy) -> PolicyView:
    """Return the policy. The domain's upper bounds are inclusive, those of the API exclusive."""
    tiers = tuple(
        TierView(
            up_to=None if tier is policy.tiers[-1] else tier.up_to + 1,
            levels=tuple(LevelRuleView.model_validate(rule) for rule in tier.levels),
            cooling_off=tier.cooling_off,
        )
        for tier in policy.tiers
    )
    return PolicyView(version=policy.version, currency=policy.currency, cap=policy.cap, tiers=tiers)


def me_view(person: Person) -> MeView:
    """Return the caller."""
    return MeView(username=person.username, groups=tuple(sorted(person.roles)))
