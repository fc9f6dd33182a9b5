"""What varies or has an effect, what does not, and what to do instead."""

from __future__ import annotations

REMEDIES = {
    "clock": "read the clock in a step and use the step's result",
    "randomness": "draw it in a step and use the step's result",
    "environment": "read it in a step and use the step's result",
    "io": "call it in a step",
    "unvetted": "use it in a step, or add it to VETTED in scripts/determinism/catalog.py if it never varies",
    "operation-name": "pass a literal, lower-case name, or one of a closed set declared as Literal",
    "captured-state": "return the value from the step and assign the result outside it",
    "outer-context": "use the context that the function is given",
    "broad-except": "catch the SDK's error by its type; suspension is an exception too",
    "finally-effect": "move it out of the block, which runs at every suspension",
    "unused": "remove the comment",
}
# Names that vary or have an effect; the longest prefix decides.
SOURCES = {
    "clock": "time datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today",
    "randomness": "random secrets uuid os.urandom numpy.random builtins.id builtins.hash tempfile",
    "environment": "os sys platform locale getpass socket.gethostname pathlib.Path.cwd pathlib.Path.home",
    "io": (
        "builtins.open builtins.print builtins.input builtins.eval builtins.exec builtins.__import__ importlib boto3 "
        "botocore requests httpx urllib http socket ssl subprocess shutil pathlib io sqlite3 threading multiprocessing "
        "asyncio concurrent queue orders.wiring orders.services orders.adapters"
    ),
}
RULE_OF = {prefix: rule for rule, prefixes in SOURCES.items() for prefix in prefixes.split()}
# Imports that never vary, apart from the names above.
_VETTED = (
    "__future__ abc builtins collections contextlib dataclasses datetime decimal enum functools itertools "
    "json math operator re string types typing uuid.UUID aws_durable_execution_sdk_python "
    "aws_lambda_powertools.Logger orders.domain"
)
VETTED = frozenset(_VETTED.split())
VARYING_ATTRIBUTES = {"lambda_context": "environment", "is_replaying": "environment"}
# The position of each operation's name among its arguments.
OPERATIONS = {
    "step": 1,
    "wait": 1,
    "create_callback": 0,
    "wait_for_callback": 1,
    "wait_for_condition": 2,
    "invoke": 2,
    "run_in_child_context": 1,
    "parallel": 1,
    "map": 2,
}
RUN_A_STEP = {"step", "wait_for_callback", "wait_for_condition"}
STEP_DECORATORS = {"durable_step", "durable_wait_for_callback"}
STEP_CONTEXTS = {"StepContext", "WaitForCallbackContext", "WaitForConditionCheckContext"}
_MUTATORS = "add append appendleft clear discard extend insert pop popitem remove reverse setdefault sort update"
MUTATORS = frozenset(_MUTATORS.split())
