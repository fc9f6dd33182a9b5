"""The development issuer signs anybody in, on this machine and for its own page only."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from local.identity import IDENTITIES, Issuer
from tests.local.gateway_stand import AUDIENCE, Stand, a_route, a_template, running

ROLES = {"requesters", "managers", "directors", "finance", "warehouse", "auditors", "operators"}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A gateway with a route that gives the issuer its client."""
    folder = tmp_path_factory.mktemp("identity")
    with running(a_template(folder, a_route("POST /orders", guarded=True)), folder / "data") as running_stand:
        yield running_stand


def decoded(stand: Stand, token: str) -> dict[str, Any]:
    """A token's claims, checked with the published key alone."""
    (key,) = stand.ask("GET", "/local/.well-known/jwks.json").json["keys"]
    assert key["kid"] == jwt.get_unverified_header(token)["kid"]
    found: dict[str, Any] = jwt.decode(token, jwt.PyJWK(key).key, ["RS256"], options={"verify_aud": False})
    return found


def test_every_role_has_somebody() -> None:
    """Thirteen identities in seven groups."""
    assert len(IDENTITIES) == 13
    assert {group for groups in IDENTITIES.values() for group in groups} == ROLES


@pytest.mark.parametrize("username", IDENTITIES)
def test_a_token_has_the_shape_of_cognitos_access_tokens(stand: Stand, username: str) -> None:
    """The claims that the functions read, and no `aud`."""
    answer = stand.ask("GET", f"/local/token?identity={username}")
    assert (answer.json["tokenType"], answer.json["expiresIn"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    claims = decoded(stand, answer.json["accessToken"])
    assert claims["iss"] == f"http://127.0.0.1:{stand.port}/local"
    assert (claims["token_use"], claims["client_id"]) == ("access", AUDIENCE)
    assert (claims["username"], claims["cognito:groups"]) == (username, list(IDENTITIES[username]))
    assert claims["scope"] == "aws.cognito.signin.user.admin"
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["sub"]
    assert claims["jti"]
    assert "aud" not in claims


def test_tokens_of_one_person_differ_and_the_person_does_not(stand: Stand) -> None:
    """A new token id each time, the same subject."""
    one, two = decoded(stand, stand.token()), decoded(stand, stand.token())
    assert one["jti"] != two["jti"]
    assert one["sub"] == two["sub"]


def test_an_openid_client_finds_the_keys(stand: Stand) -> None:
    """As API Gateway finds Cognito's."""
    configuration = stand.ask("GET", "/local/.well-known/openid-configuration").json
    assert configuration["issuer"] == f"http://127.0.0.1:{stand.port}/local"
    assert configuration["jwks_uri"] == f"{configuration['issuer']}/.well-known/jwks.json"


@pytest.mark.parametrize("identity", ["", "root", "managers", "manager-1%00"])
def test_nobody_else_can_sign_in(stand: Stand, identity: str) -> None:
    """The answer says who can."""
    answer = stand.ask("GET", f"/local/token?identity={identity}")
    assert answer.status == 404
    assert "requester-1" in answer.json["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_origin_gets_no_token(stand: Stand, headers: dict[str, str]) -> None:
    """Whichever way the browser says where the request comes from."""
    answer = stand.ask("GET", "/local/token?identity=manager-1", headers)
    assert answer.status == 403
    assert "accessToken" not in answer.json


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_own_page_gets_a_token(stand: Stand, name: str) -> None:
    """With the headers its browser sends."""
    headers = {"Origin": f"http://{name}:{stand.port}", "Sec-Fetch-Site": "same-origin"}
    assert stand.ask("GET", "/local/token?identity=manager-1", headers).status == 200


def test_only_get_issues_tokens(stand: Stand) -> None:
    """A form on another page could post."""
    answer = stand.ask("POST", "/local/token?identity=manager-1", {}, b"")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_the_key_survives_a_restart_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Tokens stay valid when the stack is started again."""
    first = Issuer("http://127.0.0.1:8000", AUDIENCE, tmp_path)
    token = first.token("manager-1")
    again = Issuer("http://127.0.0.1:8000", AUDIENCE, tmp_path)
    key = again.public_keys()[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, ["RS256"], options={"verify_aud": False})["username"] == "manager-1"
    (file,) = (tmp_path / "identity").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_torn_key_is_replaced(tmp_path: Path) -> None:
    """A crash while the key was written leaves no stack that cannot start."""
    Issuer("http://127.0.0.1:8000", AUDIENCE, tmp_path).token("manager-1")
    (file,) = (tmp_path / "identity").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert Issuer("http://127.0.0.1:8000", AUDIENCE, tmp_path).token("manager-1")


def test_the_key_id_is_the_keys_thumbprint(tmp_path: Path) -> None:
    """RFC 7638: 32 bytes in base64url without padding."""
    (key_id,) = Issuer("http://127.0.0.1:8000", AUDIENCE, tmp_path).public_keys()
    assert len(base64.urlsafe_b64decode(key_id + "=")) == 32
