"""The JWT authorizer of an HTTP API.

The rules and their order are those of "Control access to HTTP APIs with JWT authorizers in API Gateway"; the words of
the `www-authenticate` header follow the one example of its troubleshooting page.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import Response

from local.http_api.answers import plain
from local.template import JwtAuthorizer, Route

ALGORITHM = "RS256"
"""API Gateway checks RSA signatures only, and this is the one Cognito makes."""


class Refusal(Exception):  # noqa: N818 - a verdict on a token, not a fault of ours
    """A request that is not let through; carries the response."""

    def __init__(self, status: int, message: str, challenge: str) -> None:
        super().__init__(challenge)
        self.response: Response = plain(status, message, {"www-authenticate": challenge})


@dataclass(frozen=True, slots=True)
class Permission:
    """What a valid token says; `scopes` is None where the route asks for none."""

    claims: Mapping[str, Any]
    scopes: list[str] | None


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Checks tokens of one issuer, whose public keys `keys` gives by key id."""

    issuer: str
    keys: Callable[[], Mapping[str, Any]]
    now: Callable[[], float] = time.time

    def check(self, request: Request, route: Route, settings: JwtAuthorizer) -> Permission:
        """Let a request through to a route that asks for a token.

        Raises Refusal: 401 without a valid token, 403 when it has none of the route's scopes.
        """
        token = _token(request, settings.identity_source)
        if not token:
            raise Refusal(401, "Unauthorized", "Bearer")
        claims = self._signed_claims(token)
        self._check_claims(claims, settings.audience)
        scopes = _scopes(claims)
        if route.scopes and not set(route.scopes) & set(scopes):
            needed = " ".join(route.scopes)
            raise Refusal(
                403,
                "Forbidden",
                f'Bearer scope="{needed}" error="insufficient_scope" error_description="the token has no such scope"',
            )
        return Permission(claims, scopes if route.scopes else None)

    def _signed_claims(self, token: str) -> dict[str, Any]:
        """The claims, if one of the issuer's keys signed them in the one algorithm that is accepted."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM:
                raise _invalid("the token is signed with another algorithm")
            key = self.keys().get(header.get("kid", ""))
            if key is None:
                raise _invalid("the token is signed with an unknown key")
            claims = json.loads(jwt.PyJWS().decode(token, key, algorithms=[ALGORITHM]))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise _invalid("the token is malformed or its signature is wrong") from error
        if not isinstance(claims, dict):
            raise _invalid("the token has no claims")
        return claims

    def _check_claims(self, claims: Mapping[str, Any], audience: tuple[str, ...]) -> None:
        now = self.now()
        if claims.get("iss") != self.issuer:
            raise _invalid("the token does not have a valid issuer")
        if not _audience(claims) & set(audience):
            raise _invalid("the token does not have a valid audience")
        if not _is_time(claims.get("exp")) or claims["exp"] <= now:
            raise _invalid("the token has expired")
        if "nbf" in claims and not (_is_time(claims["nbf"]) and claims["nbf"] <= now):
            raise _invalid("the token is not valid yet")
        if "iat" in claims and not (_is_time(claims["iat"]) and claims["iat"] <= now):
            raise _invalid("the token was issued in the future")


def _invalid(description: str) -> Refusal:
    return Refusal(401, "Unauthorized", f'Bearer scope="" error="invalid_token" error_description="{description}"')


def _token(request: Request, identity_source: str) -> str:
    """The token in the header or query parameter that the template names, with or without `Bearer`."""
    _, place, name = identity_source.split(".", 2)
    found = request.query_params.get(name) if place == "querystring" else request.headers.get(name)
    scheme, _, rest = (found or "").strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else (found or "").strip()


def _audience(claims: Mapping[str, Any]) -> set[str]:
    """`aud` when there is one, else `client_id`: what Cognito's access tokens carry."""
    found = claims["aud"] if "aud" in claims else claims.get("client_id")
    values = found if isinstance(found, list) else [found]
    return {value for value in values if isinstance(value, str)}


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    found = claims.get("scope", claims.get("scp", ""))
    if isinstance(found, list):
        return [scope for scope in found if isinstance(scope, str)]
    return found.split() if isinstance(found, str) else []


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
