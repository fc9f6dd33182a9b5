"""Identify the caller from the token that API Gateway verified, never from other parts of the request."""

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
    """Return the caller, with the groups of the token that are roles.

    Raises:
        UnauthenticatedError: The request has no verified token, or its username cannot be used.

    """
    claims = event.request_context.authorizer.jwt_claim
    username = claims.get("username")
    if not username:
        raise UnauthenticatedError("This route needs a token. Sign in and send it as `Authorization: Bearer ...`.")
    groups = members_of(str(claims.get("cognito:groups", "")))
    roles = frozenset(Role(group) for group in groups if group in _KNOWN_ROLES)
    try:
        return Person.named(str(username), roles)
    except InvalidUsernameError as error:
        raise UnauthenticatedError(f"The token's `username` cannot be used. {error.detail}") from error


def members_of(claim: str) -> list[str]:
    """Return the members of a list claim, which the HTTP API passes as one string: `[a b]`.

    Only the outer pair of brackets delimits the list. A string without brackets has no members.
    """
    found = _LIST.fullmatch(claim)
    return found[1].split(" ") if found and found[1] else []


def _caller(request: Request) -> Person:
    return person_of(APIGatewayProxyEventV2(request.resolved_event.raw_event))


Caller = Annotated[Person, Depends(_caller)]
