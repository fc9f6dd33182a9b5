"""The HTTP API's way in: the product's routes, each behind the authorizer, and one origin."""

from approval_api.description import route_keys
from approval_api.handler import described
from tests.template.deployed import Json, changed, of_type, text

ROUTES = {*route_keys(described()), "$default"}
OPEN = {"GET /health", "$default"}
TOKEN = [{"CognitoJwt": ["aws.cognito.signin.user.admin"]}]


def routes(deployed: Json) -> dict[str, Json]:
    """Each route of the API's definition, by its key."""
    found = {}
    for path, methods in deployed["Resources"]["HttpApi"]["Properties"]["Body"]["paths"].items():
        for method, route in methods.items():
            key = "$default" if route.get("isDefaultRoute") else f"{method.upper()} {path}"
            found[key] = route
    return found


def unguarded(deployed: Json) -> set[str]:
    """The routes that let everybody in."""
    return {key for key, route in routes(deployed).items() if route["security"] != TOKEN}


def test_the_routes_are_the_products(deployed: Json) -> None:
    """No more (nothing of the local stack is deployed) and no less."""
    assert set(routes(deployed)) == ROUTES


def test_every_route_but_health_and_the_default_needs_a_token(deployed: Json) -> None:
    """With the one scope that an access token of the user pool carries."""
    assert unguarded(deployed) == OPEN


def test_a_route_without_the_authorizer_is_caught() -> None:
    """A forgotten guard on a route that writes does not go unseen."""

    def open_up(resources: Json) -> None:
        resources["ApprovalApi"]["Properties"]["Events"]["Decide"]["Properties"]["Auth"] = {"Authorizer": "NONE"}

    assert unguarded(changed(open_up)) == OPEN | {"POST /orders/{orderId}/decisions"}


def test_tokens_are_those_of_the_user_pool_and_its_client(deployed: Json) -> None:
    """Issuer and audience, read from the Authorization header."""
    schemes = deployed["Resources"]["HttpApi"]["Properties"]["Body"]["components"]["securitySchemes"]
    authorizer = schemes["CognitoJwt"]["x-amazon-apigateway-authorizer"]
    issuer = "https://cognito-idp.${AWS::Region}.amazonaws.com/${UserPool}"
    assert text(authorizer["jwtConfiguration"]["issuer"]) == issuer
    assert [text(each) for each in authorizer["jwtConfiguration"]["audience"]] == ["${UserPoolClient}"]
    assert authorizer["identitySource"] == "$request.header.Authorization"


def test_only_the_page_may_call_from_a_browser(deployed: Json) -> None:
    """One exact origin and the headers that the page sends."""
    cors = deployed["Resources"]["HttpApi"]["Properties"]["Body"]["x-amazon-apigateway-cors"]
    assert [text(each) for each in cors["allowOrigins"]] == ["https://${PageDistribution.DomainName}"]
    assert set(cors["allowHeaders"]) == {"authorization", "content-type", "idempotency-key"}
    assert "allowCredentials" not in cors


def test_the_api_is_throttled(deployed: Json) -> None:
    """A runaway client cannot use up the account."""
    (stage,) = of_type(deployed, "AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 100
