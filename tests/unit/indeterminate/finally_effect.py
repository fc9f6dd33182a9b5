from aws_durable_execution_sdk_python import DurableContext


def handler(event, context: DurableContext):
    try:
        return context.create_callback(name="decision").result()
    finally:
        context.step(lambda _: None, name="undo")  # trips: finally-effect


def held(event, context: DurableContext, lock):
    with lock:  # trips: finally-effect
        return context.create_callback(name="decision").result()


def sound(event, context: DurableContext):
    ended = False
    try:
        return context.create_callback(name="decision").result()
    finally:
        ended = True
