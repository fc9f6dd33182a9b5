"""The HTTP API: routes, who may call them, and the cross-origin rules."""

from collections.abc import Iterator, Mapping

from local.template.declared import Declared
from local.template.document import Node, TemplateError
from local.template.model import Cors, HttpApi, JwtAuthorizer, Route, Throttling

# By name, with the scopes that routes without scopes of their own ask for.
_Authorizers = Mapping[str, tuple[JwtAuthorizer, tuple[str, ...]]]
_NO_API = HttpApi("none", (), None)


def read_http_api(declared: Declared) -> HttpApi:
    """The one HTTP API of the template with the routes that functions declare; without one, an empty API."""
    apis = list(declared.of_type("AWS::Serverless::HttpApi"))
    if not apis:
        return _NO_API
    (logical_id, properties), *others = apis
    if others:
        raise TemplateError(f"{others[0][0]}: the local stack serves one HTTP API, and {logical_id} is there")
    authorizers = _authorizers(properties.at("Auth").at("Authorizers"))
    default = properties.at("Auth").at("DefaultAuthorizer")
    fallback = None if default.missing else _known(default, authorizers)
    routes = tuple(_routes(declared, authorizers, fallback))
    cross_origin, limits = _cors(properties.at("CorsConfiguration")), _throttling(properties.at("DefaultRouteSettings"))
    return HttpApi(declared.names.physical(logical_id), routes, cross_origin, limits)


def _authorizers(section: Node) -> _Authorizers:
    found = {}
    for name, node in section.members():
        jwt = node.at("JwtConfiguration")
        authorizer = JwtAuthorizer(
            name=name,
            issuer=jwt.at("issuer").text(),
            audience=jwt.at("audience").texts(),
            identity_source=node.at("IdentitySource").text("$request.header.Authorization"),
        )
        found[name] = (authorizer, node.at("AuthorizationScopes").texts())
    return found


def _routes(
    declared: Declared,
    authorizers: _Authorizers,
    fallback: str | None,
) -> Iterator[Route]:
    for logical_id, properties in declared.of_type("AWS::Serverless::Function"):
        function = declared.names.physical(logical_id)
        for _, event in properties.at("Events").members():
            if event.at("Type").text() == "HttpApi":
                yield _route(event.at("Properties"), function, authorizers, fallback)


def _route(
    event: Node,
    function: str,
    authorizers: _Authorizers,
    fallback: str | None,
) -> Route:
    path, method = event.at("Path").text("$default"), event.at("Method").text("ANY").upper()
    chosen = event.at("Auth").at("Authorizer")
    name = fallback if chosen.missing else chosen.text()
    method = "ANY" if path == "$default" else method.replace("X-AMAZON-APIGATEWAY-ANY-METHOD", "ANY")
    if name is None or name == "NONE":
        return Route(method, path, function, None, ())
    authorizer, usual = authorizers[name if chosen.missing else _known(chosen, authorizers)]
    scopes = event.at("Auth").at("AuthorizationScopes").texts() or usual
    return Route(method, path, function, authorizer, scopes)


def _known(node: Node, authorizers: Mapping[str, object]) -> str:
    if node.text() not in authorizers:
        raise TemplateError(f"{node.path}: {node.text()} is not an authorizer of the HTTP API")
    return node.text()


def _cors(node: Node) -> Cors | None:
    if node.missing:
        return None
    if node.value in (True, "true"):
        return Cors(allow_origins=("*",))
    age = node.at("MaxAge")
    return Cors(
        allow_origins=node.at("AllowOrigins").texts(),
        allow_methods=node.at("AllowMethods").texts(),
        allow_headers=tuple(header.lower() for header in node.at("AllowHeaders").texts()),
        expose_headers=tuple(header.lower() for header in node.at("ExposeHeaders").texts()),
        allow_credentials=node.at("AllowCredentials").flag(default=False),
        max_age_seconds=None if age.missing else age.integer(),
    )


def _throttling(node: Node) -> Throttling | None:
    rate, burst = node.at("ThrottlingRateLimit"), node.at("ThrottlingBurstLimit")
    return None if rate.missing or burst.missing else Throttling(rate.integer(), burst.integer())
