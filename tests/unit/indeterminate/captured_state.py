from aws_durable_execution_sdk_python import DurableContext, StepContext

COUNTS = {}


def handler(event, context: DurableContext):
    charged = []
    total = 0

    def charge(_: StepContext):
        nonlocal total  # trips: captured-state
        total += 1
        charged.append(event["id"])  # trips: captured-state
        COUNTS["charged"] = 1  # trips: captured-state
        event["done"] = True  # trips: captured-state

    context.step(charge, name="charge")
    context.step(lambda _: charged.append("again"), name="charge-again")  # trips: captured-state
    return charged, total


def sound(event, context: DurableContext):
    def charge(_: StepContext):
        lines = []
        lines.append(event["id"])
        return lines

    charged = context.step(charge, name="charge")
    charged.append("outside")
    return charged
