from third_party import decide

from aws_durable_execution_sdk_python import DurableContext


def handler(event, context: DurableContext):
    return decide(event)  # trips: unvetted


def sound(event, context: DurableContext):
    return context.step(lambda _: decide(event), name="decide")
