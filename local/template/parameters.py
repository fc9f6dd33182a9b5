"""Parameter values: the template's defaults, then samconfig.toml's local ones, then the environment's."""

import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.template.document import Node, TemplateError

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What CloudFormation documents for Number, "an integer or float", without the further spellings of Python's float().
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_FROM_SHELL = "_SECONDS"


def variable_name(parameter: str) -> str | None:
    """The variable that overrides a parameter: `DECISION_WINDOW_SECONDS` for `DecisionWindowSeconds`.

    Only waits have one. Names such as LOG_LEVEL are set in many shells and mean other programs there.
    """
    name = _WORD.sub("_", parameter).upper()
    return name if name.endswith(_FROM_SHELL) else None


def values(declared: Node, samconfig: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Every declared parameter's value, checked against the rules of its declaration.

    Raises TemplateError for a value that breaks them, a missing one, or an override of an unknown parameter; the
    message begins with the place where the value was chosen.
    """
    overrides = _local_overrides(samconfig)
    chosen: dict[str, str] = {}
    for name, node in declared.members():
        place, chosen[name] = _choice(name, node, samconfig, overrides, environment)
        rule = _broken_rule(node, chosen[name])
        if rule is not None:
            raise TemplateError(f"{place} {rule}, not {chosen[name]!r}")
    unknown = overrides.keys() - chosen.keys()
    if unknown:
        raise TemplateError(f"{samconfig.name}: {min(unknown)} is not a parameter of the template")
    return chosen


def _choice(
    name: str, node: Node, samconfig: Path, overrides: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[str, str]:
    """The place where a parameter's value was chosen, and the value."""
    variable = variable_name(name)
    if variable is not None and variable in environment:
        return variable, environment[variable]
    if name in overrides:
        return f"{samconfig.name}: {name}", overrides[name]
    default = node.at("Default")
    if default.missing:
        raise TemplateError(f"{node.path}: has no default and no local value in {samconfig.name}")
    return default.path, default.text()


def _local_overrides(samconfig: Path) -> dict[str, str]:
    if not samconfig.exists():
        return {}
    try:
        content: Any = tomllib.loads(samconfig.read_text(encoding="utf-8"))
        for section in ("local", "local_invoke", "parameters"):
            content = content.get(section, {})
        given = content.get("parameter_overrides", [])
        words = shlex.split(given) if isinstance(given, str) else [str(word) for word in given]
        return dict(_pair(word) for word in words)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TemplateError(f"{samconfig.name}: local parameter_overrides cannot be read: {error}") from error


def _pair(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign:
        raise ValueError(f"expected Name=value, found {word!r}")
    return name, value.strip('"')


def _broken_rule(node: Node, value: str) -> str | None:
    """The rule of the declaration that a value breaks, in the template's own words if it has some; None if none is."""
    allowed, pattern = node.at("AllowedValues").texts(), node.at("AllowedPattern")
    broken = None
    if allowed and value not in allowed:
        broken = f"must be one of {', '.join(allowed)}"
    elif not pattern.missing and not re.fullmatch(pattern.text(), value):
        broken = f"must match {pattern.text()}"
    elif node.at("Type").text("String") == "Number":
        broken = _broken_bound(node, value)
    return broken and node.at("ConstraintDescription").text(broken)


def _broken_bound(node: Node, value: str) -> str | None:
    if not _NUMBER.fullmatch(value):
        return "must be a number"
    low, high = node.at("MinValue"), node.at("MaxValue")
    if not low.missing and float(value) < float(low.text()):
        return f"must be at least {low.text()}"
    if not high.missing and float(value) > float(high.text()):
        return f"must be at most {high.text()}"
    return None
