"""Who calls: read from the token that API Gateway has verified, never from anything the caller wrote."""

from __future__ import annotations

import re
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from approval_api.problems import UnauthenticatedError
from orders.domain.errors import InvalidUsernameError
from orders.domain.model import Person, Role

_KNOWN_ROLES = frozenset(Role)
_LIST = re.compile(r"\[(.*)\]", re.DOTALL)


def person_of(event: APIGatewayProxyEventV2) -> Person:
    """Return the caller; raise UnauthenticatedError when the route came without a verified token.

    Groups that are no role of ours are ignored.
    """
    claims = event.request_context.authorizer.jwt_claim
    username = claims.get("username")
    if not username:
        raise UnauthenticatedError("This needs a token; sign in and send it as `Authorization: Bearer ...`.")
    groups = members_of(str(claims.get("cognito:groups", "")))
    roles = frozenset(Role(group) for group in groups if group in _KNOWN_ROLES)
    try:
        return Person.named(str(username), roles)
    except InvalidUsernameError as error:
        raise UnauthenticatedError(f"The token's `username` cannot be used. {error.detail}") from error


def members_of(claim: str) -> list[str]:
    """Return the members of a claim that is a list, from the one text that the HTTP API makes of it: `[a b]`.

    Exactly one pair of brackets is the list's; others belong to the members. A text without them is no list.
    """
    found = _LIST.fullmatch(claim)
    return found[1].split(" ") if found and found[1] else []


def _caller(request: Request) -> Person:
    return person_of(APIGatewayProxyEventV2(request.resolved_event.raw_event))


Caller = Annotated[Person, Depends(_caller)]
