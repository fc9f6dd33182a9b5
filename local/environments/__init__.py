"""Execution environments: one process per concurrent invocation, reused while warm, behind Lambda's own protocols."""

from local.environments.fleet import Environments, UnknownFunctionError
from local.environments.outcome import Invoke, Outcome

__all__ = ["Environments", "Invoke", "Outcome", "UnknownFunctionError"]
