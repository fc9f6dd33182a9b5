"""The durable execution service and the Lambda API in front of it, as one local process.

The official testing SDK's engine does the work; every module here closes one gap between it and what AWS
documents. `python -m local.executions` runs it.
"""
