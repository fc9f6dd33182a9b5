"""All the data of a stack: one request after the other, each remembered before it is answered."""

import contextlib
import gc
import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from local.data.exchange import Answer, ApiRequest, ApiResponse, Record
from local.data.journal import Journal, JournalError
from local.data.refusal import is_read, no_room

logger = logging.getLogger(__name__)

SPARE_STATES = 10_000
"""The journal is rewritten when more than half of the states in it are past, and not for fewer than this."""


class Service(Protocol):
    """One AWS service."""

    def answer(self, request: ApiRequest) -> Answer:
        """Carry out a request; the records say how to do it again."""
        ...

    def restore(self, record: Record) -> None:
        """Do again what a record says."""
        ...

    def snapshot(self) -> Iterator[Record]:
        """Records that amount to the present state."""
        ...

    def size(self) -> int:
        """About how many those would be."""
        ...


def _dynamodb() -> Service:
    from local.data.dynamodb import DynamoDB

    return DynamoDB()


def _s3() -> Service:
    from local.data.s3 import S3

    return S3()


def _sns() -> Service:
    from local.data.sns import SNS

    return SNS()


def _sqs() -> Service:
    from local.data.sqs import SQS

    return SQS()


def _step_functions() -> Service:
    from local.data.step_functions import StepFunctions

    return StepFunctions()


FACTORIES: dict[str, Callable[[], Service]] = {
    "dynamodb": _dynamodb,
    "s3": _s3,
    "sns": _sns,
    "sqs": _sqs,
    "stepfunctions": _step_functions,
}
LARGEST_BODY = 16 * 1024 * 1024
"""DynamoDB takes no larger request, and the other services none as large."""
LARGEST_OBJECT = 64 * 1024 * 1024
"""S3 takes 5 GB in one request; this service keeps every object in memory."""
TARGETS = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSStepFunctions": "stepfunctions"}


class DataStore:
    """Not for use from several threads: conditional writes are atomic because every request is alone."""

    def __init__(self, journal: Journal | None) -> None:
        """Bring back what the journal remembers; without a journal nothing is remembered.

        Raises JournalError when the journal is damaged.
        """
        self._services: dict[str, Service] = {}
        self._journal = journal
        self._is_full = journal is not None and not journal.has_room()
        self._service("dynamodb")
        if journal is not None:
            states = 0
            with _without_garbage_collection():
                for record in journal.read():
                    self._service(record["service"]).restore(record)
                    states += len(record.get("changes", ())) or 1  # a transaction is one record of many states
            self._compact(journal, states)

    def answer(self, request: ApiRequest) -> ApiResponse:
        """Carry out one request; while the disk is full, writes are refused before they change anything.

        Raises JournalError when its effect could not be remembered: the process must then end, because its memory is
        ahead of the journal.
        """
        name = service_name(request)
        if self._is_full and not is_read(request) and not self._has_room_again():
            return no_room(name)
        answer = self._service(name).answer(request)
        if self._journal is not None and answer.records:
            self._journal.append({"service": name, **record} for record in answer.records)
        return answer.response

    def _has_room_again(self) -> bool:
        self._is_full = self._journal is not None and not self._journal.has_room()
        return not self._is_full

    def _service(self, name: str) -> Service:
        """A service, imported at its first use."""
        if name not in self._services:
            self._services[name] = FACTORIES[name]()
        return self._services[name]

    def _compact(self, journal: Journal, states: int) -> None:
        present = sum(service.size() for service in self._services.values())
        if not journal.outdated and states < max(SPARE_STATES, 2 * present):
            return
        try:
            journal.rewrite(
                {"service": name, **record} for name, service in self._services.items() for record in service.snapshot()
            )
        except JournalError as error:
            logger.warning("the journal could not be shortened: %s", error)


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """For making many objects that stay: looking through them again and again took half of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def largest_body(request: ApiRequest) -> int:
    """How many bytes the service takes that a request is for."""
    return LARGEST_OBJECT if service_name(request) == "s3" else LARGEST_BODY


def service_name(request: ApiRequest) -> str:
    """Which service a request is for, by its protocol: JSON with a target, a form, or REST."""
    if "x-amz-target" in request.headers:
        return TARGETS.get(request.headers["x-amz-target"].partition(".")[0], "dynamodb")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return "sns"
    return "s3"
