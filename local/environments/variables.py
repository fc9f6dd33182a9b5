"""The environment variables of an execution environment: what Lambda sets, and nothing of the developer's own."""

import os
import sys
from collections.abc import Mapping

from local.template import Function

# What a process needs on this machine. Credentials and profiles of the developer's stay outside.
_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT")


def variables_for(function: Function, runtime_api: str, aws: Mapping[str, str]) -> dict[str, str]:
    """Everything a function's process finds in its environment."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    roots = [str(function.code), *map(str, function.layers)]
    reserved = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": function.logging.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": runtime_api.rpartition("/")[2],
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(function.code),
        "PYTHONPATH": os.pathsep.join(roots),
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
        "_HANDLER": function.handler,
    }
    if function.logging.level:
        reserved["AWS_LAMBDA_LOG_LEVEL"] = function.logging.level
    return inherited | dict(function.environment) | dict(aws) | reserved
