"""The intake queue: orders that another system places for people, and that a state machine may wait for.

Whoever may send to the queue speaks for the requester it names, who counts as a requester and as nothing else: the
queue's policy is the gate. Submitter and key make the same order here as by HTTP.

Each message of a batch stands for itself. One that cannot be taken now is delivered again. One that can never be taken
is told to the task that waits for it, and is done with; without such a task it is delivered again until the queue puts
it among its dead letters, where somebody can look at it. No log line has anything of what a message says.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from approval_api.problems import problem_of
from approval_api.requests import LONGEST_TOKEN, QueuedBody, parse_json
from orders.domain.errors import CountersignError, InvalidRequestError
from orders.domain.model import Order, Person, Role
from orders.wiring import services

logger = Logger()
metrics = Metrics(namespace="Countersign")  # Powertools gives every part of a function the same one


class NotTakenError(CountersignError):
    """A message that must be delivered again; all that it says is why."""

    code = "not-taken"


def take_batch(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take the order of each message; name those that must be delivered again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    answer = process_partial_response(event=event, record_handler=take_message, processor=processor, context=context)
    return dict(answer)


def take_message(record: SQSRecord) -> None:
    """Take the order of one message, or tell its task why not; raise NotTakenError to have it delivered again."""
    token = None
    try:
        content = parse_json(record.body)
        token = token_in(content)
        order = submit(body_of(content))
    except Exception as error:  # noqa: BLE001  # as for a request: whatever it is, it is a problem
        refuse(record, error, token)
        return
    metrics.add_metric("OrdersSubmitted", MetricUnit.Count, 1)
    logger.info("order taken", extra={"message_id": record.message_id, "order_id": order.order_id})


def submit(body: QueuedBody) -> Order:
    """Place the order. One that has long ended can only be asked for by a task that came late: it is answered now.

    Raises InvalidRequestError, its pointers leading into the message, and what else `IntakeService.submit` raises.
    """
    requester = Person.named(body.requester, frozenset({Role.REQUESTERS}))
    try:
        order = services().intake.submit(requester, body.idempotency_key, body.order.submission(), body.task_token)
    except InvalidRequestError as error:
        findings = (replace(each, pointer=f"/order{each.pointer}") for each in error.errors)
        raise type(error)(tuple(findings)) from error
    if body.task_token is not None:
        services().reporting.answer(body.task_token, order)
    return order


def refuse(record: SQSRecord, error: Exception, token: str | None) -> None:
    """Be done with a message whose task has heard what is wrong with it; any other is to be delivered again.

    What may pass, or broke here, is no refusal: nobody is told, and the message comes again.
    """
    problem = problem_of(error)
    received = record.attributes.approximate_receive_count
    what = {"message_id": record.message_id, "problem": problem.code, "received": received}
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("unforeseen error", exc_info=error, extra=what)
    lasting = problem.status < HTTPStatus.INTERNAL_SERVER_ERROR
    metrics.add_metric("MessagesRefused" if lasting else "MessagesDeferred", MetricUnit.Count, 1)
    if lasting and token and services().reporting.refuse(token, problem.code, problem.body(record.message_id)):
        logger.warning("message refused, and its task told", extra=what)
        return
    logger.warning("message not taken", extra=what)
    raise NotTakenError(problem.code)


def token_in(content: dict[str, Any]) -> str | None:
    """Return the task's token, also of a message with which something else is wrong."""
    token = content.get("taskToken")
    return token if isinstance(token, str) and 1 <= len(token) <= LONGEST_TOKEN else None


def body_of(content: dict[str, Any]) -> QueuedBody:
    """Return the message; raise RequestValidationError with every finding, as for a request's body."""
    try:
        return QueuedBody.model_validate(content)
    except ValidationError as error:
        findings = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(findings) from error
