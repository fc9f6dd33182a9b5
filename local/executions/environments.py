"""The execution environments' endpoint: runs a function's handler once, and takes events.

A plain HTTP client with a pool of its own: the stock engine builds boto3 clients for the same calls.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3
from aws_durable_execution_sdk_python.lambda_service import ErrorObject

from local.executions.errors import ApiError, NotFoundError

POOL = 32  # threads that invoke handlers; chained invokes have as many, deliveries and the API come on top
_CONNECTIONS = 3 * POOL
_CONNECT_SECONDS = 2.0
_BUSY = {429, 503}
_RETRY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What one invocation of a handler returned: its output, or the error it ended with."""

    request_id: str
    payload: bytes
    failed: bool

    def error(self) -> ErrorObject:
        """The function error of a failed invocation, as Lambda writes it into the payload."""
        try:
            body = json.loads(self.payload)
        except ValueError:
            body = {}
        if not isinstance(body, dict) or not body:
            return ErrorObject.from_message(self.payload.decode("utf-8", "replace"))
        return ErrorObject(
            message=body.get("errorMessage"),
            type=body.get("errorType"),
            data=None,
            stack_trace=body.get("stackTrace"),
        )


class UnreachableError(Exception):
    """The environments' endpoint does not answer."""


class Environments:
    """The endpoint at `url`. `patience` is how many seconds a call waits for an endpoint that is not up or busy."""

    def __init__(self, url: str, patience: float = 60.0) -> None:
        self._pool = urllib3.connection_from_url(url, maxsize=_CONNECTIONS, block=False, retries=False)
        self._patience = patience

    def run(self, function: str, event: bytes, seconds: float, request_id: str | None = None) -> Answer:
        """Run the function's handler once and wait up to `seconds` for what it returns.

        Raises:
            NotFoundError: the endpoint knows no such function.
            UnreachableError: the endpoint could not be reached, or broke off.
            ApiError: it answered with another error.

        """
        request_id = request_id or str(uuid.uuid4())
        headers = {"Content-Type": "application/json", "X-Countersign-Request-Id": request_id}
        response = self._post_patiently(
            f"/2015-03-31/functions/{quote(function, safe=':')}/invocations", event, headers, seconds
        )
        if response.status == NotFoundError.status:
            raise NotFoundError(f"Function not found: {function}")
        if response.status >= 300:  # noqa: PLR2004 - anything but a success
            raise ApiError(f"{function}: HTTP {response.status} {response.data.decode('utf-8', 'replace')}")
        return Answer(
            request_id=response.headers.get("x-amzn-RequestId", request_id),
            payload=response.data,
            failed="X-Amz-Function-Error" in response.headers,
        )

    def kill(self, request_id: str) -> int | None:
        """End the process that handles this invocation with SIGKILL; its id, or None when none does."""
        try:
            response = self._pool.request("DELETE", f"/invocations/{request_id}", timeout=_CONNECT_SECONDS)
        except urllib3.exceptions.HTTPError:
            return None
        return int(response.json()["pid"]) if response.status == 200 else None  # noqa: PLR2004 - success

    def publish(self, event: Mapping[str, Any]) -> bool:
        """Hand over one event; whether it was taken."""
        body = json.dumps(event).encode()
        try:
            response = self._post("/events", body, {"Content-Type": "application/json"}, seconds=60)
        except urllib3.exceptions.HTTPError:
            return False
        return response.status < 300  # noqa: PLR2004 - any success

    def _post_patiently(
        self, path: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> urllib3.BaseHTTPResponse:
        """Post; wait and repeat while nothing can have run yet: nobody listens, or the endpoint is at its limit."""
        deadline = time.monotonic() + self._patience
        while True:
            late = time.monotonic() > deadline
            try:
                response = self._post(path, body, headers, seconds)
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
                if late:
                    raise UnreachableError(str(error)) from error
            except urllib3.exceptions.HTTPError as error:
                raise UnreachableError(str(error)) from error
            else:
                if late or response.status not in _BUSY:
                    return response
            time.sleep(_RETRY_SECONDS)

    def _post(self, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> urllib3.BaseHTTPResponse:
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds)
        return self._pool.request("POST", path, body=body, headers=headers, timeout=timeout)
