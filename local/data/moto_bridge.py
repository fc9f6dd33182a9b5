"""Calling moto in process: no Flask application, no network, no thread."""

import io
import itertools
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from moto.core.model_instances import reset_model_data
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    Request,
    environ_key_for_header,
    should_preserve_original_header_name,
)

from local.data.exchange import ApiRequest, ApiResponse

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"

_CALLS_BETWEEN_RESETS = 200
_calls = itertools.count(1)

logger = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Request, str, dict[str, str]], Any]

_OWN_HEADERS = frozenset({"status", "date", "server", "content-length"})


# A host without dots: moto then reads bucket names from the path, where clients of an endpoint put them.
_HOST = "localhost"


def call(handler: Handler, request: ApiRequest, service: str, host: str = _HOST) -> ApiResponse:
    """Let one of moto's handlers answer; `host` is where it says it is.

    Whatever it was signed for, it is answered for the one account and region of the local stack.
    A crash inside moto becomes a 500 with the name of the exception, which AWS clients retry.
    """
    if next(_calls) % _CALLS_BETWEEN_RESETS == 0:
        reset_model_data()  # moto keeps every object it ever made, for a dashboard that nobody sees here
    wrapped = Request(_environ(request, service, host))
    try:
        result = handler(wrapped, wrapped.raw_url, dict(wrapped.headers))
    except Exception as error:
        logger.exception("moto could not answer %s %s", request.method, request.path)
        return ApiResponse(500, {"content-type": "text/plain"}, type(error).__name__.encode())
    status, headers, body = result if isinstance(result, tuple) else (200, {}, result)
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    return ApiResponse(int(status), _plain_headers(headers, request.method), content)


def _plain_headers(headers: Mapping[str, Any], method: str) -> dict[str, str]:
    """Moto's headers without those that the server sets; a HEAD answer keeps the length it announces."""
    plain = {name.lower(): str(value) for name, value in headers.items()}
    length = plain.get("content-length")
    kept = {name: value for name, value in plain.items() if name not in _OWN_HEADERS}
    if method == "HEAD" and length is not None:
        kept["content-length"] = length
    return kept


def _environ(request: ApiRequest, service: str, host: str) -> dict[str, Any]:
    headers = dict(request.headers)
    headers["host"] = host
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential=local/20250101/{REGION}/{service}/aws4_request"
    headers["content-length"] = str(len(request.body))
    headers.pop("transfer-encoding", None)
    environ: dict[str, Any] = {environ_key_for_header(name): value for name, value in headers.items()}
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {
        environ_key_for_header(name): name for name in headers if should_preserve_original_header_name(name)
    }
    return environ | {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "RAW_URI": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
    }
