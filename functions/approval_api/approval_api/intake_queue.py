"""Consume the intake queue: orders that other systems place, and that a state machine may wait for.

A sender may name any requester, so the queue's policy decides who may place orders. The requester gets the role
`requesters` only. Requester and key identify the same order as over HTTP.

Messages of a batch are independent. A message that fails with a transient fault is delivered again. A message that can
never succeed ends its task with the problem. Without a task, SQS moves it to the dead-letter queue after its last
delivery. Log lines contain no content of a message.
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
from approval_api.requests import MAX_TOKEN, QueuedBody, parse_json
from orders.domain.errors import CountersignError, InvalidRequestError
from orders.domain.model import Order, Person, Role
from orders.wiring import services

logger = Logger()
metrics = Metrics(namespace="Countersign")  # Powertools shares one collector per function


class NotTakenError(CountersignError):
    """A message that must be delivered again. Its detail is the problem's code."""

    code = "not-taken"


def take_batch(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Place the order of each message and return the messages that SQS must deliver again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    answer = process_partial_response(event=event, record_handler=take_message, processor=processor, context=context)
    return dict(answer)


def take_message(record: SQSRecord) -> None:
    """Place the order of one message, or end its task with the problem.

    Raises:
        NotTakenError: SQS must deliver the message again.

    """
    token = None
    try:
        content = parse_json(record.body)
        token = token_in(content)
        order = submit(body_of(content))
    except Exception as error:  # noqa: BLE001  # every error becomes a problem, as for HTTP requests
        refuse(record, error, token)
        return
    metrics.add_metric("OrdersSubmitted", MetricUnit.Count, 1)
    logger.info("order taken", extra={"message_id": record.message_id, "order_id": order.order_id})


def submit(body: QueuedBody) -> Order:
    """Place the order and, if the order has already ended, report its outcome to the task.

    Other errors of `IntakeService.submit` pass through.

    Raises:
        InvalidRequestError: The order must be changed; the pointers lead into the message.

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
    """End the task of a refused message; raise NotTakenError if the message must be delivered again.

    Transient faults and our own bugs are not refusals: SQS delivers the message again.
    """
    problem = problem_of(error)
    received = record.attributes.approximate_receive_count
    what = {"message_id": record.message_id, "problem": problem.code, "received": received}
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("unforeseen error", exc_info=error, extra=what)
    lasting = problem.status < HTTPStatus.INTERNAL_SERVER_ERROR
    metrics.add_metric("MessagesRefused" if lasting else "MessagesDeferred", MetricUnit.Count, 1)
    if lasting and token and services().reporting.refuse(token, problem.code, problem.body(record.message_id)):
        logger.warning("message refused, task failed", extra=what)
        return
    logger.warning("message not taken", extra=what)
    raise NotTakenError(problem.code)


def token_in(content: dict[str, Any]) -> str | None:
    """Return the task's token, also from a message that is otherwise invalid."""
    token = content.get("taskToken")
    return token if isinstance(token, str) and 1 <= len(token) <= MAX_TOKEN else None


def body_of(content: dict[str, Any]) -> QueuedBody:
    """Return the validated message; raise RequestValidationError with every finding, as for a request's body."""
    try:
        return QueuedBody.model_validate(content)
    except ValidationError as error:
        findings = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(findings) from error
