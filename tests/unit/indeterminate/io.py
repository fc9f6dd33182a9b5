import boto3
from orders.wiring import services

from aws_durable_execution_sdk_python import DurableContext

table = boto3.resource("dynamodb")


def handler(event, context: DurableContext):
    charge(event)
    print("charged")  # trips: io
    with_key = table.get_item(Key=event["id"])
    return boto3.client("sns").publish(with_key)  # trips: io


def charge(event):
    services().payment.capture(event["id"])  # trips: io


def settled(event):
    return services().settings  # replay-safe: read once for each process, and never recorded


def sound(event, context: DurableContext):
    return context.step(lambda _: services().payment.capture(event["id"]), name="capture-payment")
