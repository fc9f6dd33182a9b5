"""Routes of reference data: catalogue, policy, caller, health."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from approval_api.description import PUBLISHED, TOKEN, answers
from approval_api.identity import Caller
from approval_api.responses.reference import (
    CatalogueView,
    HealthView,
    MeView,
    PolicyView,
    catalogue_view,
    me_view,
    policy_view,
)
from orders.wiring import services

router = APIGatewayHttpRouter()


@router.get(
    "/catalogue",
    summary="List the goods",
    responses=answers(CatalogueView),
    security=TOKEN,
    cache_control=PUBLISHED,
)
def read_catalogue() -> CatalogueView:
    """Return every good. Prices are integers in minor units of the currency."""
    return catalogue_view(services().catalogue)


@router.get(
    "/policy",
    summary="Read the approval policy",
    responses=answers(PolicyView),
    security=TOKEN,
    cache_control=PUBLISHED,
)
def read_policy() -> PolicyView:
    """Return the tiers of order totals with their levels of approval."""
    return policy_view(services().policy)


@router.get("/me", summary="Identify the caller", responses=answers(MeView), security=TOKEN)
def read_me(caller: Caller) -> MeView:
    """Return the caller's username and roles."""
    return me_view(caller)


@router.get("/health", summary="Check the API's health", responses=answers(HealthView))
def read_health() -> HealthView:
    """Answer 200 if all services can be built from the configuration. Reads no data and needs no token."""
    services()
    return HealthView(status="ok")
