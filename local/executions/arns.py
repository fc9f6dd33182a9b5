"""Names and ARNs of executions.

Gap closed: the stock engine takes any name and calls an execution `uuid/uuid`. AWS allows 1 to 64 of
`[A-Za-z0-9-_]` and answers `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION/durable-execution/EXECNAME/ID`
(service model, shapes DurableExecutionName and DurableExecutionArn).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.executions.errors import InvalidParameterError

_NAME = re.compile(r"[A-Za-z0-9-_]{1,64}")
_ARN = re.compile(
    r"arn:[a-zA-Z0-9-]+:lambda:(?P<region>[a-zA-Z0-9-]+):(?P<account>\d{12})"
    r":function:(?P<function>[a-zA-Z0-9_-]+):(?P<version>\$LATEST(?:\.PUBLISHED)?|[0-9]+)"
    r"/durable-execution/(?P<name>[a-zA-Z0-9_-]+)/(?P<execution_id>[a-zA-Z0-9_-]+)"
)


def valid_name(name: str) -> str:
    """The execution name itself.

    Raises:
        InvalidParameterError: it is not 1 to 64 characters of `[A-Za-z0-9-_]`.

    """
    if _NAME.fullmatch(name) is None:
        raise InvalidParameterError(f"DurableExecutionName {name!r} must match [A-Za-z0-9-_]{{1,64}}")
    return name


@dataclass(frozen=True, slots=True)
class ExecutionArn:
    """The parts of an execution's ARN.

    The id is also the id of the execution's first operation: the SDK's replay looks that operation up by the ARN's
    last segment.
    """

    region: str
    account: str
    function: str
    version: str
    name: str
    execution_id: str

    def __str__(self) -> str:
        return (
            f"{function_arn(self.region, self.account, self.function, self.version)}"
            f"/durable-execution/{self.name}/{self.execution_id}"
        )

    @classmethod
    def parse(cls, text: str) -> ExecutionArn:
        """The parts of `text`.

        Raises:
            InvalidParameterError: it is not an execution's ARN.

        """
        match = _ARN.fullmatch(text)
        if match is None:
            raise InvalidParameterError(f"Invalid durable execution ARN: {text!r}")
        return cls(**match.groupdict())


def function_arn(region: str, account: str, name: str, version: str) -> str:
    """The ARN of one version of a function."""
    return f"arn:aws:lambda:{region}:{account}:function:{name}:{version}"
