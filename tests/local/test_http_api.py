"""The gateway hands requests to functions, and answers in their place, as API Gateway's HTTP API does."""

import asyncio
import base64
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.http_api.routing import find_route
from local.http_api.throttle import Throttle
from local.identity import Issuer
from local.template import Cors, Throttling
from tests.local.gateway_stand import AUDIENCE, PAGE_ORIGIN, SCOPE, Stand, a_route, a_template, running

CORS = Cors((PAGE_ORIGIN,), ("GET", "POST"), ("authorization",), ("location",), max_age_seconds=600)
ROUTES = (
    a_route("GET /health"),
    a_route("GET /orders/{orderId}"),
    a_route("POST /orders", guarded=True),
    a_route("$default", "Fallback"),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """One gateway for the tests that only ask."""
    folder = tmp_path_factory.mktemp("gateway")
    with running(a_template(folder, *ROUTES, cors=CORS), folder / "data") as stand:
        yield stand


@pytest.fixture
def stand(shared: Stand) -> Stand:
    """The shared gateway, its function as new."""
    shared.function.answer = {"statusCode": 200, "body": "done"}
    shared.function.error = None
    shared.function.pause = None
    shared.function.asked.clear()
    return shared


class TestRouting:
    """The most specific route wins, in API Gateway's order."""

    RANKED = (
        "GET /pets/dog/1",
        "GET /pets/dog/{id}",
        "ANY /pets/dog/{id}",
        "GET /pets/{proxy+}",
        "ANY /{proxy+}",
        "$default",
    )

    @pytest.mark.parametrize("skipped", range(len(RANKED)))
    def test_the_most_specific_remaining_route_wins(self, skipped: int) -> None:
        """Whatever the order of declaration, the next in rank takes over when the better ones are not there."""
        remaining = [a_route(key) for key in reversed(self.RANKED[skipped:])]
        match = find_route(remaining, "GET", "/pets/dog/1")
        assert match is not None
        assert match.route.key == self.RANKED[skipped]

    def test_a_method_without_a_route_falls_to_any_and_then_to_default(self) -> None:
        """A path alone does not make a match."""
        routes = [a_route(key) for key in self.RANKED]
        keys = [find_route(routes, "POST", path) for path in ("/pets/dog/1", "/x", "/")]
        assert [match.route.key if match else None for match in keys] == [
            "ANY /pets/dog/{id}",
            "ANY /{proxy+}",
            "$default",
        ]

    def test_variables_are_decoded_and_never_cross_a_slash(self) -> None:
        """An encoded slash belongs to the value; a greedy variable takes the rest."""
        routes = [a_route("GET /a/{one}"), a_route("GET /b/{rest+}")]
        one = find_route(routes, "GET", "/a/x%2Fy%20z")
        rest = find_route(routes, "GET", "/b/c/d")
        assert one is not None
        assert rest is not None
        assert (one.parameters, rest.parameters) == ({"one": "x/y z"}, {"rest": "c/d"})
        assert find_route(routes, "GET", "/a/x/y") is None
        assert find_route(routes, "GET", "/a/") is None

    def test_without_any_route_the_gateway_itself_says_not_found(self, tmp_path: Path) -> None:
        """As API Gateway does for an API without `$default`."""
        with running(a_template(tmp_path, a_route("GET /only"))) as stand:
            answer = stand.ask("GET", "/else")
            assert (answer.status, answer.json, stand.function.asked) == (404, {"message": "Not Found"}, [])


class TestPayload:
    """A function receives payload format 2.0."""

    def test_the_whole_event(self, stand: Stand) -> None:
        """Every member that API Gateway documents, and no other."""
        path = "/orders/o%20b?x=1&y=&x=2"
        stand.ask("GET", path, {"Cookie": "a=1; b=2", "X-Twice": "one\ntwo", "User-Agent": "test"})
        name, event = stand.function.asked[-1]
        context = event.pop("requestContext")
        headers = event.pop("headers")
        assert name == "Api"
        assert event == {
            "version": "2.0",
            "routeKey": "GET /orders/{orderId}",
            "rawPath": "/orders/o b",
            "rawQueryString": "x=1&y=&x=2",
            "cookies": ["a=1", "b=2"],
            "queryStringParameters": {"x": "1,2", "y": ""},
            "pathParameters": {"orderId": "o b"},
            "isBase64Encoded": False,
        }
        assert headers["x-twice"] == "one,two"
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-forwarded-port"] == str(stand.port)
        assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", headers["x-amzn-trace-id"])
        assert "cookie" not in headers
        assert context["http"] == {
            "method": "GET",
            "path": "/orders/o b",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "test",
        }
        self._is_complete(context)

    @staticmethod
    def _is_complete(context: dict[str, Any]) -> None:
        assert (context["accountId"], context["apiId"], context["stage"]) == ("123456789012", "api-1", "$default")
        assert (context["routeKey"], context["domainPrefix"]) == ("GET /orders/{orderId}", "127")
        assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"])
        assert abs(context["timeEpoch"] / 1000 - time.time()) < 10
        assert len(context["requestId"]) == 16
        assert "authorizer" not in context

    def test_members_without_content_are_left_out(self, stand: Stand) -> None:
        """No cookies, no query, no variables, no body: no members."""
        stand.ask("GET", "/health")
        absent = {"cookies", "queryStringParameters", "pathParameters", "body", "stageVariables"}
        assert not absent & set(stand.function.event)
        assert stand.function.event["rawQueryString"] == ""

    @pytest.mark.parametrize(
        ("content_type", "body", "arrives"),
        [
            ("application/json", b'{"a": "\xc3\xa4"}', "as text"),
            ("application/json; charset=utf-8", b"{}", "as text"),
            ("text/csv", b"a;b", "as text"),
            ("application/octet-stream", b"\x00\x01", "in base64"),
            ("application/x-www-form-urlencoded", b"a=1", "in base64"),
            ("application/json", b"\xff", "in base64"),
        ],
    )
    def test_a_body_is_text_or_base64_by_its_type(
        self, stand: Stand, content_type: str, body: bytes, arrives: str
    ) -> None:
        """Text that is no text is passed on unharmed, too."""
        stand.ask("POST", "/anything", {"Content-Type": content_type}, body)
        event, encoded = stand.function.event, arrives == "in base64"
        received = base64.b64decode(event["body"]) if encoded else event["body"].encode()
        assert (event["isBase64Encoded"], received) == (encoded, body)

    def test_claims_arrive_as_text(self, stand: Stand) -> None:
        """Numbers in digits, a list between brackets, scopes beside the claims."""
        stand.ask("POST", "/orders", {"Authorization": f"Bearer {stand.token('manager-1')}"}, b"{}")
        authorizer = stand.function.event["requestContext"]["authorizer"]["jwt"]
        assert authorizer["scopes"] == [SCOPE]
        assert authorizer["claims"]["cognito:groups"] == "[managers]"
        assert authorizer["claims"]["username"] == "manager-1"
        assert authorizer["claims"]["exp"].isdigit()
        assert all(isinstance(claim, str) for claim in authorizer["claims"].values())


class TestResponses:
    """What a function returns becomes the response."""

    def test_status_headers_cookies_and_body_are_passed_on(self, stand: Stand) -> None:
        """Except for headers that only the server can know."""
        stand.function.answer = {
            "statusCode": 202,
            "headers": {"Location": "/orders/o1", "Content-Type": "application/problem+json", "Content-Length": "1"},
            "cookies": ["a=1", "b=2"],
            "body": '{"title": "x"}',
        }
        answer = stand.ask("GET", "/health")
        assert (answer.status, answer.json, answer.cookies) == (202, {"title": "x"}, ["a=1", "b=2"])
        assert (answer.headers["location"], answer.headers["content-length"]) == ("/orders/o1", "14")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["apigw-requestid"] == stand.function.event["requestContext"]["requestId"]

    def test_a_binary_body_is_decoded(self, stand: Stand) -> None:
        """Base64 is how a function returns bytes."""
        stand.function.answer = {"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}
        assert stand.ask("GET", "/health").body == b"\x00\x01"

    @pytest.mark.parametrize(
        ("returned", "body"),
        [({"a": 1}, b'{"a":1}'), ("text", b"text"), ([1], b"[1]"), (None, b"null")],
    )
    def test_without_a_status_code_the_answer_is_the_body(self, stand: Stand, returned: object, body: bytes) -> None:
        """As payload format 2.0 infers."""
        stand.function.answer = returned
        answer = stand.ask("GET", "/health")
        assert (answer.status, answer.body, answer.headers["content-type"]) == (200, body, "application/json")

    @pytest.mark.parametrize(
        "returned",
        [
            {"statusCode": "no number"},
            {"statusCode": 200, "headers": ["no", "mapping"]},
            {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        ],
    )
    def test_an_answer_of_another_shape_is_an_internal_error(self, stand: Stand, returned: object) -> None:
        """The caller does not learn why."""
        stand.function.answer = returned
        answer = stand.ask("GET", "/health")
        assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})

    def test_a_function_that_fails_is_an_internal_error(self, stand: Stand) -> None:
        """Its error message stays inside."""
        stand.function.error = "Unhandled"
        stand.function.answer = {"errorMessage": "secret"}
        answer = stand.ask("GET", "/health")
        assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})

    def test_a_function_that_is_too_slow_is_unavailable_and_goes_on(self, tmp_path: Path) -> None:
        """The gateway stops waiting; the function is not stopped."""
        finished: list[bool] = []

        async def pause() -> None:
            await asyncio.sleep(0.2)
            finished.append(True)

        template = a_template(tmp_path, a_route("GET /slow"))
        with running(template, integration_seconds=0.05, pause=pause) as stand:
            answer = stand.ask("GET", "/slow")
            time.sleep(0.3)
        assert (answer.status, answer.json, finished) == (503, {"message": "Service Unavailable"}, [True])

    def test_more_than_ten_megabytes_are_refused(self, stand: Stand) -> None:
        """By the announced length, before the body is read."""
        ten = 10 * 1024 * 1024
        assert stand.ask("POST", "/anything", {"Content-Type": "text/plain"}, b"x" * ten).status == 200
        stand.function.asked.clear()
        answer = stand.ask("POST", "/anything", {"Content-Length": str(ten + 1)})
        assert (answer.status, answer.json) == (413, {"message": "Request Entity Too Large"})
        assert stand.function.asked == []


def claims(stand: Stand, **changes: object) -> dict[str, object]:
    """Claims of a good access token for a gateway; a change to None leaves one out."""
    now = int(time.time())
    good: dict[str, object] = {
        "iss": f"http://127.0.0.1:{stand.port}/local",
        "client_id": AUDIENCE,
        "scope": f"{SCOPE} other",
        "exp": now + 60,
        "iat": now - 1,
        "username": "manager-1",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


@pytest.fixture(scope="module")
def issuer(shared: Stand, tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """The gateway's own issuer, once more: it reads the same key from the same folder."""
    shared.token()
    folder = next(path for path in tmp_path_factory.getbasetemp().iterdir() if path.name.startswith("gateway"))
    return Issuer(f"http://127.0.0.1:{shared.port}", AUDIENCE, folder / "data")


def signed(issuer: Issuer, claims: dict[str, object], **header: str) -> str:
    """A token signed with the issuer's key."""
    ((key_id, _),) = issuer.public_keys().items()
    return jwt.encode(claims, issuer._signing_key(), algorithm="RS256", headers={"kid": key_id} | header)


def posted(stand: Stand, token: str, prefix: str = "Bearer ") -> tuple[int, object, str]:
    """Status, body and challenge of a request with this token to a route that asks for one."""
    answer = stand.ask("POST", "/orders", {"Authorization": prefix + token}, b"{}")
    return answer.status, answer.body, answer.headers.get("www-authenticate", "")


class TestAuthorizer:
    """One test per rule of API Gateway's JWT authorizer."""

    UNAUTHORIZED = (401, b'{"message":"Unauthorized"}')
    TEN_MINUTES = 600

    def refused(self, answer: tuple[int, object, str], reason: str, stand: Stand) -> None:
        """A 401 with this reason, and the function was not asked."""
        challenge = f'Bearer scope="" error="invalid_token" error_description="{reason}"'
        assert answer == (*self.UNAUTHORIZED, challenge)
        assert stand.function.asked == []

    @pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", ""])
    def test_a_good_token_passes_with_or_without_its_scheme(self, stand: Stand, issuer: Issuer, prefix: str) -> None:
        """The identity source holds the token, or the token after `Bearer`."""
        assert posted(stand, signed(issuer, claims(stand)), prefix)[0] == 200

    def test_no_token(self, stand: Stand) -> None:
        """Nothing to judge: a bare challenge."""
        answer = stand.ask("POST", "/orders", {}, b"{}")
        assert (answer.status, answer.body, answer.headers["www-authenticate"]) == (*self.UNAUTHORIZED, "Bearer")
        assert stand.function.asked == []

    @pytest.mark.parametrize("token", ["nonsense", "a.b.c", "..", "e30.e30.e30"])
    def test_malformed(self, stand: Stand, token: str) -> None:
        """Not a token at all."""
        assert posted(stand, token)[:2] == self.UNAUTHORIZED

    def test_unsigned(self, stand: Stand, issuer: Issuer) -> None:
        """The algorithm `none` is no signature."""
        ((key_id, _),) = issuer.public_keys().items()
        token = jwt.encode(claims(stand), "", algorithm="none", headers={"kid": key_id})
        self.refused(posted(stand, token), "the token is signed with another algorithm", stand)

    def test_signed_with_the_public_key_as_a_secret(self, stand: Stand, issuer: Issuer) -> None:
        """The classic confusion of HS256 with RS256."""
        ((key_id, _),) = issuer.public_keys().items()
        token = jwt.encode(claims(stand), "the public key, as it were, as a secret", "HS256", {"kid": key_id})
        self.refused(posted(stand, token), "the token is signed with another algorithm", stand)

    def test_wrong_key(self, stand: Stand, issuer: Issuer) -> None:
        """Our key id over another key's signature."""
        ((key_id, _),) = issuer.public_keys().items()
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        token = jwt.encode(claims(stand), stranger, "RS256", {"kid": key_id})
        self.refused(posted(stand, token), "the token is malformed or its signature is wrong", stand)

    def test_unknown_key_id(self, stand: Stand, issuer: Issuer) -> None:
        """The key id has to be one of the issuer's."""
        token = signed(issuer, claims(stand), kid="another")
        self.refused(posted(stand, token), "the token is signed with an unknown key", stand)

    def test_changed_after_signing(self, stand: Stand, issuer: Issuer) -> None:
        """A claim that nobody signed."""
        head, _, signature = signed(issuer, claims(stand)).split(".")
        forged = json.dumps(claims(stand, username="director-1")).encode()
        body = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
        answer = posted(stand, f"{head}.{body}.{signature}")
        self.refused(answer, "the token is malformed or its signature is wrong", stand)

    @pytest.mark.parametrize("iss", ["https://cognito-idp.us-east-1.amazonaws.com/pool", None])
    def test_foreign_issuer(self, stand: Stand, issuer: Issuer, iss: str | None) -> None:
        """The issuer has to be the authorizer's."""
        token = signed(issuer, claims(stand, iss=iss))
        self.refused(posted(stand, token), "the token does not have a valid issuer", stand)

    @pytest.mark.parametrize(
        "changes", [{"client_id": "another"}, {"client_id": None}, {"aud": "another"}, {"aud": ["another"]}]
    )
    def test_wrong_client(self, stand: Stand, issuer: Issuer, changes: dict[str, object]) -> None:
        """`aud` counts when it is there, also beside a good `client_id`."""
        token = signed(issuer, claims(stand, **changes))
        self.refused(posted(stand, token), "the token does not have a valid audience", stand)

    def test_one_of_several_audiences_is_enough(self, stand: Stand, issuer: Issuer) -> None:
        """As in RFC 7519."""
        token = signed(issuer, claims(stand, aud=["another", AUDIENCE], client_id="another"))
        assert posted(stand, token)[0] == 200

    @pytest.mark.parametrize("exp", [1, None, "soon", True])
    def test_expired(self, stand: Stand, issuer: Issuer, exp: object) -> None:
        """A token without an end has no time left, either."""
        answer = posted(stand, signed(issuer, claims(stand, exp=exp)))
        self.refused(answer, "the token has expired", stand)

    def test_not_valid_yet(self, stand: Stand, issuer: Issuer) -> None:
        """`nbf` lies in the future."""
        token = signed(issuer, claims(stand, nbf=int(time.time()) + self.TEN_MINUTES))
        self.refused(posted(stand, token), "the token is not valid yet", stand)

    def test_issued_in_the_future(self, stand: Stand, issuer: Issuer) -> None:
        """`iat` lies in the future."""
        token = signed(issuer, claims(stand, iat=int(time.time()) + self.TEN_MINUTES))
        self.refused(posted(stand, token), "the token was issued in the future", stand)

    @pytest.mark.parametrize("scope", ["another", "", None])
    def test_wrong_scope(self, stand: Stand, issuer: Issuer, scope: str | None) -> None:
        """A good token that may not do this: 403."""
        status, body, challenge = posted(stand, signed(issuer, claims(stand, scope=scope)))
        assert (status, body) == (403, b'{"message":"Forbidden"}')
        assert challenge.startswith(f'Bearer scope="{SCOPE}" error="insufficient_scope"')
        assert stand.function.asked == []

    def test_scopes_may_be_called_scp(self, stand: Stand, issuer: Issuer) -> None:
        """The other name that API Gateway reads."""
        token = signed(issuer, claims(stand, scope=None, scp=[SCOPE]))
        assert posted(stand, token)[0] == 200

    def test_routes_without_an_authorizer_ask_for_nothing(self, stand: Stand) -> None:
        """A token there is not looked at."""
        assert stand.ask("GET", "/health", {"Authorization": "Bearer nonsense"}).status == 200


class TestThrottling:
    """Each route has a bucket of tokens, as the template's default route settings say."""

    def test_a_route_that_is_asked_too_often_answers_429_and_the_function_hears_nothing(self, tmp_path: Path) -> None:
        """In API Gateway's own words; another route still answers."""
        template = a_template(tmp_path, *ROUTES, cors=CORS, throttling=Throttling(per_second=0, burst=2))
        with running(template, tmp_path / "data") as stand:
            answers = [stand.ask("GET", "/health", {"Origin": PAGE_ORIGIN}) for _ in range(3)]
            assert [answer.status for answer in answers] == [200, 200, 429]
            assert answers[2].json == {"message": "Too Many Requests"}
            assert answers[2].headers["access-control-allow-origin"] == PAGE_ORIGIN
            assert stand.ask("GET", "/orders/o1").status == 200
            assert len(stand.function.asked) == 3

    def test_tokens_come_back_with_time_and_never_more_than_fit(self) -> None:
        """Half a second brings five of ten a second; an hour brings no more than the burst."""
        now = [0.0]
        throttle = Throttle(Throttling(per_second=10, burst=20), lambda: now[0])
        route = ROUTES[0]

        def admitted() -> int:
            return sum(throttle.admits(route) for _ in range(50))

        assert admitted() == 20
        now[0] = 0.5
        assert admitted() == 5
        now[0] = 3_600.0
        assert admitted() == 20


class TestCors:
    """The template's cross-origin rules, applied by the gateway."""

    def preflight(self, stand: Stand, origin: str) -> dict[str, str]:
        """The headers of a preflight's answer."""
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = stand.ask("OPTIONS", "/orders", headers)
        assert (answer.status, answer.body, stand.function.asked) == (204, b"", [])
        return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}

    def test_a_preflight_of_the_page_is_answered_by_the_gateway(self, stand: Stand) -> None:
        """No function, no token."""
        assert self.preflight(stand, PAGE_ORIGIN) == {
            "access-control-allow-origin": PAGE_ORIGIN,
            "access-control-allow-methods": "GET,POST",
            "access-control-allow-headers": "authorization",
            "access-control-expose-headers": "location",
            "access-control-max-age": "600",
        }

    @pytest.mark.parametrize("origin", ["https://evil.example", f"{PAGE_ORIGIN}.evil.example", "null"])
    def test_another_origin_is_permitted_nothing(self, stand: Stand, origin: str) -> None:
        """Not by likeness, either."""
        assert self.preflight(stand, origin) == {}

    def test_answers_carry_the_templates_rules_and_not_the_functions(self, stand: Stand) -> None:
        """API Gateway ignores a function's CORS headers when the API has rules."""
        stand.function.answer = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "x"}
        of_page = stand.ask("GET", "/health", {"Origin": PAGE_ORIGIN}).headers
        of_others = stand.ask("GET", "/health", {"Origin": "https://evil.example"}).headers
        assert of_page["access-control-allow-origin"] == PAGE_ORIGIN
        assert "access-control-allow-origin" not in of_others

    def test_refusals_can_be_read_by_the_page(self, stand: Stand) -> None:
        """A 401 without the header would look like a network failure to it."""
        answer = stand.ask("POST", "/orders", {"Origin": PAGE_ORIGIN}, b"{}")
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, PAGE_ORIGIN)


class TestPage:
    """The files of frontend/ with the headers of the template."""

    @pytest.mark.parametrize(
        ("path", "content_type", "body"),
        [
            ("/", "text/html; charset=utf-8", b"<!doctype html><title>page</title>"),
            ("/index.html", "text/html; charset=utf-8", b"<!doctype html><title>page</title>"),
            ("/js/main.js", "text/javascript; charset=utf-8", b"export {};"),
        ],
    )
    def test_files_come_with_type_and_security_headers(
        self, stand: Stand, path: str, content_type: str, body: bytes
    ) -> None:
        """And with leave to be asked for again each time."""
        answer = stand.ask("GET", path)
        assert (answer.status, answer.body, answer.headers["content-type"]) == (200, body, content_type)
        assert answer.headers["content-security-policy"] == "default-src 'none'"
        assert (answer.headers["x-frame-options"], answer.headers["cache-control"]) == ("DENY", "no-cache")
        assert stand.function.asked == []

    def test_an_unchanged_file_is_not_sent_again(self, stand: Stand) -> None:
        """By its ETag, strong or weak, in a list or alone."""
        tag = stand.ask("GET", "/").headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}'):
            answer = stand.ask("GET", "/", {"If-None-Match": known})
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
        assert stand.ask("GET", "/", {"If-None-Match": '"other"'}).status == 200

    def test_head_has_no_body(self, stand: Stand) -> None:
        """Only what a GET would announce."""
        answer = stand.ask("HEAD", "/")
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "34")

    @pytest.mark.parametrize(
        "path",
        [
            "/../secret.js",
            "/js/../../secret.js",
            "/%2e%2e/secret.js",
            "/..%2fsecret.js",
            "/js/..%5c..%5csecret.js",
            "//secret.js",
            "/./index.html",
            "/index.html%00.js",
            "/package.json",
            "/js",
            "/js/",
            "/.hidden.js",
            "/linked.js",
        ],
    )
    def test_nothing_outside_the_page_is_served(self, tmp_path: Path, path: str) -> None:
        """Neither upwards, nor through a link, nor what is no part of a page; the API gets such paths."""
        template = a_template(tmp_path, *ROUTES)
        (tmp_path / "frontend" / ".hidden.js").write_text("hidden", encoding="utf-8")
        (tmp_path / "frontend" / "linked.js").symlink_to(tmp_path / "secret.js")
        with running(template) as stand:
            assert stand.ask("GET", path).body == b"done"
            assert stand.function.asked[-1][0] == "Fallback"

    def test_a_post_to_a_file_goes_to_the_api(self, stand: Stand) -> None:
        """Only reading is static."""
        stand.ask("POST", "/js/main.js", {}, b"x")
        assert stand.function.asked[-1][0] == "Fallback"

    def test_the_page_learns_where_it_is(self, stand: Stand) -> None:
        """Local, same origin, and whom one can be."""
        answer = stand.ask("GET", "/config.json")
        assert (answer.json["mode"], answer.json["apiUrl"]) == ("local", "")
        assert {"username": "manager-1", "groups": ["managers"]} in answer.json["identities"]
        assert len(answer.json["identities"]) == 13
        assert (answer.headers["x-frame-options"], answer.headers["cache-control"]) == ("DENY", "no-store")


@pytest.mark.parametrize("path", ["/", "/health", "/config.json", "/local/token?identity=manager-1", "/none"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost"])
def test_a_request_for_another_host_is_turned_away(stand: Stand, path: str, host: str) -> None:
    """A page whose name was made to point here reads nothing."""
    answer = stand.ask("GET", path, {"host": host.format(port=stand.port)})
    assert (answer.status, stand.function.asked) == (403, [])
    assert f"ssh -L {stand.port}:127.0.0.1:{stand.port}" in answer.json["message"]


def test_localhost_is_this_host_too(stand: Stand) -> None:
    """Both names people type."""
    assert stand.ask("GET", "/health", {"host": f"localhost:{stand.port}"}).status == 200
