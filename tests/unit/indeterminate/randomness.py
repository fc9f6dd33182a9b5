import random
from uuid import UUID, uuid4 as draw

from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_step


def handler(event, context: DurableContext):
    key = draw().hex  # trips: randomness
    items = sorted(event["items"], key=lambda item: random.random())  # trips: randomness
    return key, items, hash(event["id"])  # trips: randomness


@durable_step
def draw_key(_: StepContext):
    return draw().hex


def sound(event, context: DurableContext):
    return UUID(context.step(draw_key(), name="draw-key"))
