import datetime as dt
import time as t
from datetime import datetime

from aws_durable_execution_sdk_python import DurableContext

STARTED = t.time()  # trips: clock
now = datetime.now  # trips: clock


def handler(event, context: DurableContext):
    late = datetime.now() > event["deadline"]  # trips: clock
    today = dt.date.today()  # trips: clock
    later = now()  # trips: clock
    ticking = getattr(t, "monotonic")()  # trips: clock
    return late, today, later, ticking, helper()


def helper(read=t.time):  # trips: clock
    return context_free(read)


def context_free(read):
    return read()


def sound(event, context: DurableContext):
    deadline = datetime.fromisoformat(event["deadline"])
    return context.step(lambda _: datetime.now() > deadline, name="read-clock")
