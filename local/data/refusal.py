"""What the data service answers while the disk takes no write: an error that AWS clients repeat."""

from urllib.parse import parse_qs

from local.data.exchange import ApiRequest, ApiResponse

STATUS = 503
_CODE, _MESSAGE = "ServiceUnavailable", "The disk of the local stack is full: make room, then try again."
_HEADERS = {"retry-after": "1"}
_READS = ("BatchGet", "Check", "Describe", "GET", "Get", "HEAD", "List", "OPTIONS", "Query", "Scan", "TransactGet")
"""Actions and methods with these beginnings leave nothing to remember."""


def is_read(request: ApiRequest) -> bool:
    """Whether a request changes nothing."""
    return _action(request).startswith(_READS)


def no_room(service: str) -> ApiResponse:
    """The refusal in the format of the service."""
    if service == "s3":
        body = f"<Error><Code>{_CODE}</Code><Message>{_MESSAGE}</Message></Error>"
    elif service == "sns":
        error = f"<Error><Type>Receiver</Type><Code>{_CODE}</Code><Message>{_MESSAGE}</Message></Error>"
        body = f"<ErrorResponse>{error}</ErrorResponse>"
    else:
        body = f'{{"__type": "{_CODE}", "message": "{_MESSAGE}"}}'
    kind = "text/xml" if service in {"s3", "sns"} else "application/x-amz-json-1.0"
    return ApiResponse(STATUS, {"content-type": kind, **_HEADERS}, body.encode())


def _action(request: ApiRequest) -> str:
    """The action of a JSON or form request, else the HTTP method."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(request.body.decode(errors="replace")).get("Action", [""])[0]
    return request.method
