"""Who calls: read from the token that API Gateway has verified, never from anything the caller wrote."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from approval_api.problems import UnauthenticatedError
from orders.domain.model import Person, Role

_KNOWN_ROLES = frozenset(Role)


def person_of(event: APIGatewayProxyEventV2) -> Person:
    """Return the caller; raise UnauthenticatedError when the route came without a verified token.

    An HTTP API hands a claim that is a list to the function as one text, `[managers finance]`. Groups that are no role
    of ours are ignored.
    """
    claims = event.request_context.authorizer.jwt_claim
    username = claims.get("username")
    if not username:
        raise UnauthenticatedError("This needs a token; sign in and send it as `Authorization: Bearer ...`.")
    groups = str(claims.get("cognito:groups", "")).strip("[]").split()
    return Person(str(username), frozenset(Role(group) for group in groups if group in _KNOWN_ROLES))


def _caller(request: Request) -> Person:
    return person_of(APIGatewayProxyEventV2(request.resolved_event.raw_event))


Caller = Annotated[Person, Depends(_caller)]
