"""The durable execution service and the Lambda API in front of it, as one local process.

The official testing SDK's engine does the work; every module here closes one gap between it and what AWS documents,
which its first lines name. `python -m local.executions` runs it.

    http            routes, HTTP/1.1, errors         starts          one execution per name
    service         everything put together          functions       names, versions, aliases
    engine          the engine, all gaps closed      arns, identity  AWS-shaped ARNs and names
    store, database what is kept, piece by piece     callbacks       once, in time, of a size
    listing         filters and pages                timers          deadlines that survive a restart
    history         numbers that stay, spans         invocations     failures with their error; what was under way
    deliveries      status events, at least once     chained         context.invoke, taken up after a restart
    environments    where handlers run               limits          sizes and counts, refused with a sentence
    invoker         the engine's way there           waiting         the end of an execution
    divergence      where a replay left its course   lanes           one task at a time, no thread while it rests
    jumps           the clock, put forward           breaking        faults, asked for on purpose
"""
