"""The Lambda API's errors, as its service model declares them.

Gap closed: the stock engine names an error in the response body only, so boto3 raises a bare `ClientError` whose
code is the HTTP status. AWS sends the `x-amzn-errortype` header, and boto3 then raises the modelled exception.
"""

from __future__ import annotations

from typing import ClassVar

from aws_durable_execution_sdk_python_testing import exceptions as engine_errors

from local.disk import is_full


class ApiError(Exception):
    """An error of the Lambda API: a code of the service model, its HTTP status and a sentence."""

    code: ClassVar[str] = "ServiceException"
    status: ClassVar[int] = 500
    message_member: ClassVar[str] = "Message"

    def body(self) -> dict[str, str]:
        """The JSON body, with the member names the model gives this error."""
        kind = "User" if self.status < 500 else "Service"  # noqa: PLR2004 - the HTTP border between the two
        return {"Type": kind, self.message_member: str(self)}


class InvalidParameterError(ApiError):
    """One of the parameters in the request is not valid."""

    code = "InvalidParameterValueException"
    status = 400
    message_member = "message"


class InvalidContentError(ApiError):
    """The request body could not be parsed as JSON."""

    code = "InvalidRequestContentException"
    status = 400
    message_member = "message"


class RequestTooLargeError(ApiError):
    """The payload is over what Invoke takes."""

    code = "RequestTooLargeException"
    status = 413
    message_member = "message"


class NotFoundError(ApiError):
    """The function, alias, execution or callback does not exist."""

    code = "ResourceNotFoundException"
    status = 404


class UnknownOperationError(ApiError):
    """No operation of the Lambda API that is served here has this method and path."""

    code = "UnknownOperationException"
    status = 404


class AlreadyStartedError(ApiError):
    """The execution name is taken by an execution with another payload."""

    code = "DurableExecutionAlreadyStartedException"
    status = 409


class CallbackClosedError(ApiError):
    """The callback was completed before, timed out, or its execution has ended."""

    code = "CallbackTimeoutException"
    status = 400


class KilledOnPurposeError(ApiError):
    """The checkpoint's sender was killed by an armed fault; nobody is left to read this."""

    code = "KilledOnPurposeException"
    status = 410


class NoRoomError(ApiError):
    """The disk takes no write; AWS clients repeat the request."""

    status = 503

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The disk of the local stack is full: make room, then try again.")


def as_api_error(error: Exception) -> ApiError:
    """The API error for anything raised while a request was served; the unexpected is a ServiceException."""
    if isinstance(error, ApiError):
        return error
    if is_full(error):
        return NoRoomError()
    if isinstance(error, engine_errors.ResourceNotFoundException):
        return NotFoundError(str(error))
    if isinstance(error, engine_errors.InvalidParameterValueException):
        return InvalidParameterError(str(error))
    return ApiError(f"{type(error).__name__}: {error}")
