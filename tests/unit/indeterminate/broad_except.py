from contextlib import suppress

from aws_durable_execution_sdk_python import CallbackError, DurableContext


def handler(event, context: DurableContext):
    callback = context.create_callback(name="decision")
    try:
        callback.result()
    except:  # trips: broad-except
        pass
    try:
        callback.result()
    except (CallbackError, BaseException):  # trips: broad-except
        pass
    with suppress(Exception):  # trips: broad-except
        callback.result()


def sound(event, context: DurableContext):
    callback = context.create_callback(name="decision")
    try:
        return callback.result()
    except CallbackError:
        return None
