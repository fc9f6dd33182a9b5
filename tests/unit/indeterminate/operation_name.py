from typing import Literal, NamedTuple

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration

Kind = Literal["remind", "escalate"]


class Message(NamedTuple):
    kind: Kind


def handler(event, context: DurableContext):
    context.step(lambda _: None)  # trips: operation-name
    context.wait(Duration.from_seconds(1))  # trips: operation-name
    context.step(lambda _: None, name=f"charge-{event['id']}")  # trips: operation-name
    context.step(lambda _: None, event["name"])  # trips: operation-name
    context.invoke("target", {}, name="Send Message")  # trips: operation-name
    later(context.step)  # trips: operation-name


def later(operation):
    operation(lambda _: None)


def kind_of(event) -> Kind:
    return "remind" if event else "escalate"


def sound(event, context: DurableContext, message: Message):
    context.step(lambda _: None, "charge")
    context.invoke("target", {}, name=message.kind)
    context.invoke("target", {}, name=kind_of(event))
