"""One small durable handler for each of AWS's conformance requirements, by the requirement's id.

`handler.handler` runs the one that the execution's name asks for: `1-13-anything` runs requirement 1-13.
"""
