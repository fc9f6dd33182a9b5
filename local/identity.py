"""The development issuer: signs in as anybody, so it exists on loopback and nowhere else.

Its tokens have the shape of Cognito's access tokens, and its keys are found as an OpenID provider's are.
"""

import base64
import hashlib
import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

logger = logging.getLogger(__name__)

IDENTITIES: Mapping[str, tuple[str, ...]] = {
    "requester-1": ("requesters",),
    "requester-2": ("requesters",),
    "manager-1": ("managers",),
    "manager-2": ("managers",),
    "director-1": ("directors",),
    "director-2": ("directors",),
    "finance-1": ("finance",),
    "finance-2": ("finance",),
    "finance-3": ("finance",),
    "warehouse-1": ("warehouse",),
    "warehouse-2": ("warehouse",),
    "auditor-1": ("auditors",),
    "operator-1": ("operators",),
}
"""Everybody who can sign in locally, with the groups of their token."""

TOKEN_SECONDS = 3600
SCOPE = "aws.cognito.signin.user.admin"
"""What Cognito puts into the access token of everybody who signs in."""
KEY_BITS = 2048
NO_STORE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Issuer:
    """Issues tokens for the identities above and publishes the key that signs them."""

    def __init__(self, origin: str, client_id: str, folder: Path | None, now: Callable[[], float] = time.time) -> None:
        """Issue as `{origin}/local`; the key is kept in the folder, or with None only in memory."""
        self._now = now
        self.url = f"{origin}/local"
        self._client_id = client_id
        self._file = None if folder is None else folder / "identity" / "signing-key.pem"
        self._key: rsa.RSAPrivateKey | None = None

    @staticmethod
    def identities() -> list[dict[str, Any]]:
        """Who can sign in: `[{username, groups}]`."""
        return [{"username": name, "groups": list(groups)} for name, groups in IDENTITIES.items()]

    def token(self, username: str) -> str:
        """An access token.

        Raises KeyError for anybody who is not an identity.
        """
        now = int(self._now())
        claims = {
            "iss": self.url,
            "sub": str(uuid.uuid5(uuid.NAMESPACE_URL, username)),
            "token_use": "access",
            "client_id": self._client_id,
            "scope": SCOPE,
            "username": username,
            "cognito:groups": list(IDENTITIES[username]),
            "auth_time": now,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        key = self._signing_key()
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": _key_id(key.public_key())})

    def public_keys(self) -> dict[str, rsa.RSAPublicKey]:
        """The keys that may have signed a token, by key id."""
        key = self._signing_key().public_key()
        return {_key_id(key): key}

    def answer(self, request: Request) -> Response:
        """Answer below `/local/`, to a request of a caller that the gateway admitted."""
        if request.method != "GET":
            return _refused(405, "Only GET", {"allow": "GET"})
        documents = {
            "/local/token": self._token_answer,
            "/local/.well-known/jwks.json": self._key_set,
            "/local/.well-known/openid-configuration": self._configuration,
        }
        document = documents.get(request.url.path)
        return _refused(404, "Not Found") if document is None else document(request)

    def _token_answer(self, request: Request) -> Response:
        username = request.query_params.get("identity", "")
        if username not in IDENTITIES:
            return _refused(404, f"No such identity; there are {', '.join(IDENTITIES)}")
        answer = {"accessToken": self.token(username), "tokenType": "Bearer", "expiresIn": TOKEN_SECONDS}
        return JSONResponse(answer, headers=NO_STORE)

    def _key_set(self, _: Request) -> Response:
        keys = [
            {**jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True), "kid": name, "use": "sig", "alg": "RS256"}
            for name, key in self.public_keys().items()
        ]
        return JSONResponse({"keys": keys}, headers=NO_STORE)

    def _configuration(self, _: Request) -> Response:
        configuration = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return JSONResponse(configuration, headers=NO_STORE)

    def _signing_key(self) -> rsa.RSAPrivateKey:
        """The key, made at the first need: it costs a good part of a second."""
        if self._key is None:
            self._key = self._stored_key() or self._new_key()
        return self._key

    def _stored_key(self) -> rsa.RSAPrivateKey | None:
        if self._file is None or not self._file.exists():
            return None
        try:
            key = serialization.load_pem_private_key(self._file.read_bytes(), password=None)
        except ValueError:
            return None  # torn while it was written: nobody holds a token of it
        return key if isinstance(key, rsa.RSAPrivateKey) else None

    def _new_key(self) -> rsa.RSAPrivateKey:
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        if self._file is not None:
            pem = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(pem)
            except OSError as error:
                logger.warning("the signing key cannot be kept, so sign-ins end with this run: %s", error)
        return key


def _key_id(key: rsa.RSAPublicKey) -> str:
    """The key's thumbprint by RFC 7638."""
    numbers = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    canonical = {name: numbers[name] for name in ("e", "kty", "n")}
    digest = hashlib.sha256(json.dumps(canonical, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"message": message}, status, headers={**NO_STORE, **(headers or {})})
