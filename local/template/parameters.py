"""Parameter values: the template's defaults, then samconfig.toml's local ones, then the environment's."""

import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.template.document import Node, TemplateError

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def variable_name(parameter: str) -> str:
    """The variable that overrides a parameter: `DecisionWindowSeconds` is `DECISION_WINDOW_SECONDS`."""
    return _WORD.sub("_", parameter).upper()


def values(declared: Node, samconfig: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Every declared parameter's value, checked against the rules of its declaration.

    Raises TemplateError for a value that breaks them, a missing one, or an override of an unknown parameter.
    """
    overrides = _local_overrides(samconfig)
    chosen: dict[str, str] = {}
    for name, node in declared.members():
        value = environment.get(variable_name(name), overrides.pop(name, None))
        default = node.at("Default")
        if value is None and default.missing:
            raise TemplateError(f"{node.path}: has no default and no local value in {samconfig.name}")
        chosen[name] = default.text() if value is None else value
        _check(node, chosen[name])
    if overrides:
        raise TemplateError(f"{samconfig.name}: {min(overrides)} is not a parameter of the template")
    return chosen


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
    except (tomllib.TOMLDecodeError, ValueError, AttributeError) as error:
        raise TemplateError(f"{samconfig.name}: local parameter_overrides cannot be read: {error}") from error


def _pair(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign:
        raise ValueError(f"expected Name=value, found {word!r}")
    return name, value.strip('"')


def _check(node: Node, value: str) -> None:
    allowed = node.at("AllowedValues").texts()
    if allowed and value not in allowed:
        raise TemplateError(f"{node.path}: {value!r} is not one of {', '.join(allowed)}")
    if node.at("Type").text("String") == "Number":
        _check_number(node, value)
    pattern = node.at("AllowedPattern")
    if not pattern.missing and not re.fullmatch(pattern.text(), value):
        raise TemplateError(f"{node.path}: {value!r} does not match {pattern.text()}")


def _check_number(node: Node, value: str) -> None:
    try:
        number = float(value)
    except ValueError:
        raise TemplateError(f"{node.path}: {value!r} is not a number") from None
    low, high = node.at("MinValue"), node.at("MaxValue")
    if not low.missing and number < float(low.text()):
        raise TemplateError(f"{node.path}: {value} is below the smallest value, {low.text()}")
    if not high.missing and number > float(high.text()):
        raise TemplateError(f"{node.path}: {value} is above the largest value, {high.text()}")
