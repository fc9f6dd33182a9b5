"""From what a function returned to an HTTP response, and the responses that API Gateway makes itself."""

import base64
import json
from typing import Any

from starlette.responses import Response

SERVED_HERE = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
"""Headers that the gateway sets and a function cannot."""


def plain(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An answer of the gateway itself: `{"message": ...}`."""
    return Response(
        json.dumps({"message": message}, separators=(",", ":")),
        status,
        headers,
        media_type="application/json",
    )


def internal_error() -> Response:
    """What the caller sees of a function that failed, or of an answer that makes no sense."""
    return plain(500, "Internal Server Error")


def from_function(payload: bytes) -> Response:
    """The response a function's answer stands for.

    With a `statusCode` the answer is taken as a response; without, it is the body of a 200, as payload format 2.0
    infers. An answer of another shape is a 500.
    """
    try:
        answer = json.loads(payload or b"null")
        if isinstance(answer, dict) and "statusCode" in answer:
            return _described(answer)
    except (ValueError, TypeError, AttributeError):
        return internal_error()
    body = answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":"))
    return Response(body, media_type="application/json")


def _described(answer: dict[str, Any]) -> Response:
    body = answer.get("body")
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    content = base64.b64decode(text, validate=True) if answer.get("isBase64Encoded") else text.encode()
    response = Response(content, int(answer["statusCode"]))
    for name, value in (answer.get("headers") or {}).items():
        if name.lower() not in SERVED_HERE:
            response.headers[name] = value if isinstance(value, str) else json.dumps(value)
    for cookie in answer.get("cookies") or []:
        response.headers.append("set-cookie", cookie)
    if content and "content-type" not in response.headers:
        response.headers["content-type"] = "text/plain;charset=UTF-8"
    return response
