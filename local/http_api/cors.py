"""Cross-origin rules as an HTTP API applies them: preflights are answered by the gateway, never by a function."""

from starlette.requests import Request
from starlette.responses import Response

from local.callers import permits
from local.template import Cors


def is_preflight(request: Request) -> bool:
    """Whether a browser asks before it sends a request from another origin."""
    headers = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def preflight(request: Request, cors: Cors) -> Response:
    """The answer to a preflight; for another origin it permits nothing."""
    response = Response(status_code=204)
    if allow(request, response, cors):
        response.headers["access-control-allow-methods"] = ",".join(cors.allow_methods)
        response.headers["access-control-allow-headers"] = ",".join(cors.allow_headers)
        if cors.max_age_seconds is not None:
            response.headers["access-control-max-age"] = str(cors.max_age_seconds)
    return response


def allow(request: Request, response: Response, cors: Cors) -> bool:
    """Put the template's rules on a response in place of any a function set; True when the origin is permitted."""
    for name in [name for name in response.headers if name.startswith("access-control-")]:
        del response.headers[name]
    origin = request.headers.get("origin")
    if origin is None or not permits(cors.allow_origins, origin):
        return False
    anyone = "*" in cors.allow_origins and not cors.allow_credentials
    response.headers["access-control-allow-origin"] = "*" if anyone else origin
    if cors.allow_credentials:
        response.headers["access-control-allow-credentials"] = "true"
    if cors.expose_headers:
        response.headers["access-control-expose-headers"] = ",".join(cors.expose_headers)
    return True
