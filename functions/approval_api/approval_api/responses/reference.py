"""Responses that show reference data and the caller."""

from __future__ import annotations

from approval_api.responses.view import View
from orders.domain.catalogue import Catalogue, Good
from orders.domain.model import Person, Role
from orders.domain.policy import Policy


class GoodView(View):
    """One thing for sale. `available`: the reference stock is above zero; what is left is only known when reserved."""

    sku: str
    name: str
    unit_price: int
    digital: bool
    available: bool


class CatalogueView(View):
    """Everything for sale; prices in cents."""

    currency: str
    items: tuple[GoodView, ...]


class LevelRuleView(View):
    """So many different people of one role."""

    role: Role
    quorum: int


class TierView(View):
    """Orders below `upTo` cents (null: up to the cap) and not in an earlier tier need these levels."""

    up_to: int | None
    levels: tuple[LevelRuleView, ...]
    cooling_off: bool


class PolicyView(View):
    """Who must approve what."""

    version: str
    currency: str
    cap: int
    tiers: tuple[TierView, ...]


class MeView(View):
    """Who calls."""

    username: str
    groups: tuple[Role, ...]


class HealthView(View):
    """The function's code can be loaded and its services can be built."""

    status: str


def catalogue_view(catalogue: Catalogue) -> CatalogueView:
    """Return everything for sale."""
    return CatalogueView(
        currency=catalogue.currency, items=tuple(_good_view(good) for good in catalogue.goods.values())
    )


def _good_view(good: Good) -> GoodView:
    return GoodView(
        sku=good.sku, name=good.name, unit_price=good.unit_price, digital=good.digital, available=good.stock > 0
    )


def policy_view(policy: Policy) -> PolicyView:
    """Return the tiers. The domain's bounds are inclusive and the API's exclusive, so that cents are never rounded."""
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
    """Return who calls."""
    return MeView(username=person.username, groups=tuple(sorted(person.roles)))
