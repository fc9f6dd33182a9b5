from aws_durable_execution_sdk_python import DurableContext, ParallelBranch, StepContext


def handler(event, context: DurableContext):
    def charge(_: StepContext):
        return context.step(lambda _: None, name="inner")  # trips: outer-context

    def child(inner: DurableContext):
        context.step(lambda _: None, name="charge")  # trips: outer-context
        return inner.step(lambda _: None, name="charge")

    context.step(charge, name="charge")
    context.parallel([ParallelBranch(lambda c: context.step(lambda _: 1, name="check"))], name="checks")  # trips: outer-context
    return context.run_in_child_context(child, name="child")


def sound(event, context: DurableContext):
    def child(inner: DurableContext):
        return inner.step(lambda _: None, name="charge")

    context.parallel([ParallelBranch(lambda c: c.step(lambda _: 1, name="check"))], name="checks")
    return context.run_in_child_context(child, name="child")
