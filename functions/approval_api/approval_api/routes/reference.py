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

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # its constructor has no annotations


@router.get(
    "/catalogue",
    summary="What can be ordered",
    responses=answers(CatalogueView),
    security=TOKEN,
    cache_control=PUBLISHED,
)
def read_catalogue() -> CatalogueView:
    """Return every good with its price in cents."""
    return catalogue_view(services().catalogue)


@router.get(
    "/policy", summary="Who must approve what", responses=answers(PolicyView), security=TOKEN, cache_control=PUBLISHED
)
def read_policy() -> PolicyView:
    """Return the tiers by total."""
    return policy_view(services().policy)


@router.get("/me", summary="Who calls", responses=answers(MeView), security=TOKEN)
def read_me(caller: Caller) -> MeView:
    """Return the caller as the token names them."""
    return me_view(caller)


@router.get("/health", summary="Whether the API is up", responses=answers(HealthView))
def read_health() -> HealthView:
    """Answer when every service can be built from the configuration; needs no token and reads no data."""
    services()
    return HealthView(status="ok")
