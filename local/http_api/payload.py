"""The event that a function receives: API Gateway's payload format 2.0."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

from local.http_api.authorizer import Permission
from local.http_api.routing import Match

TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml", "application/vnd.api+json"})
"""Bodies of these types, of `text/*` and of no type reach a function as text; everything else in base64."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """What an event says about the API that received it, and when that was (seconds since 1970)."""

    account: str
    api_id: str
    port: int
    now: float


def request_id() -> str:
    """A name for one request, in the looks of API Gateway's."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


def event(
    request: Request, body: bytes, match: Match, permission: Permission | None, addressee: Addressee
) -> dict[str, Any]:
    """The event for a request that found its route and was let through.

    Members that a request has nothing for (cookies, query, path variables, body) are left out, as API Gateway does.
    """
    path = unquote(request.scope["raw_path"].decode("ascii"))
    built: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": request.url.query,
        "cookies": _cookies(request),
        "headers": _headers(request, addressee),
        "queryStringParameters": _query(request.url.query),
        "requestContext": _context(request, path, match, permission, addressee),
        "pathParameters": dict(match.parameters),
    }
    present = {name: value for name, value in built.items() if value or name in {"rawQueryString", "headers"}}
    return present | _body(body, request.headers.get("content-type", ""))


def _context(
    request: Request, path: str, match: Match, permission: Permission | None, addressee: Addressee
) -> dict[str, Any]:
    now = addressee.now
    domain = request.headers.get("host", "")
    context: dict[str, Any] = {
        "accountId": addressee.account,
        "apiId": addressee.api_id,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": f"HTTP/{request.scope['http_version']}",
            "sourceIp": _source(request),
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request_id(),
        "routeKey": match.route.key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }
    if permission is not None:
        context["authorizer"] = {"jwt": {"claims": _claims(permission.claims), "scopes": permission.scopes}}
    return context


def _claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """Claims as the HTTP API hands them over: every one as text."""
    return {name: _claim(value) for name, value in claims.items()}


def _claim(value: object) -> str:
    """A list reads `[a b]`; numbers and flags as in JSON."""
    if isinstance(value, list):
        return f"[{' '.join(_claim(member) for member in value)}]"
    return value if isinstance(value, str) else json.dumps(value)


def _headers(request: Request, addressee: Addressee) -> dict[str, str]:
    """Lower-case names, repeated headers joined by comma, and what API Gateway adds on the way."""
    joined: dict[str, str] = {}
    for name, value in request.headers.items():
        if name != "cookie":
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return {"x-amzn-trace-id": trace} | joined | {
        "x-forwarded-for": _source(request),
        "x-forwarded-port": str(addressee.port),
        "x-forwarded-proto": "http",
    }  # fmt: skip


def _cookies(request: Request) -> list[str]:
    """Every cookie of every Cookie header, still as `name=value`."""
    lines = request.headers.getlist("cookie")
    return [cookie.strip() for line in lines for cookie in line.split(";") if cookie.strip()]


def _query(raw: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False}
    kind = content_type.partition(";")[0].strip().lower()
    if not kind or kind.startswith("text/") or kind in TEXT_TYPES:
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass  # not the text it says it is: the bytes are passed on as they are
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _source(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"
