import os
from os import environ as settings

from aws_durable_execution_sdk_python import DurableContext

LIMIT = os.getenv("LIMIT")  # trips: environment


def handler(event, context: DurableContext):
    if settings["FAST"] == "yes":  # trips: environment
        return "fast"
    if context.is_replaying():  # trips: environment
        return "again"
    return context.lambda_context.aws_request_id  # trips: environment


def sound(event, context: DurableContext):
    return context.step(lambda _: os.environ["FAST"], name="read-setting")
