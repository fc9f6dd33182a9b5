"""AWS's conformance requirements for durable functions, run against the local stack.

`python -m tests.conformance FOLDER` runs every requirement of the folder and prints what passed and what differs.
"""
