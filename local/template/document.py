"""Reading the template's YAML and walking it with references resolved on the way.

Only what is looked at is resolved, so resources that the local stack does not run may use anything.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_WHOLE = re.compile("-?[0-9]{1,15}")
_KINDS: Mapping[type, str] = {dict: "a mapping", list: "a list", type(None): "nothing"}


class TemplateError(Exception):
    """The template cannot be run; the message is one line naming the resource and the property."""


class NoValue:
    """What `AWS::NoValue` leaves behind: the property is as if it had not been written."""


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short forms: `!Ref X` reads as `{Ref: X}`, `!Sub y` as `{Fn::Sub: y}`."""


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, object]:
    if isinstance(node, yaml.ScalarNode):
        value: object = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> dict[str, Any]:
    """Parse the template file.

    Raises TemplateError when it is missing, is not YAML or is not a template.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags
    except OSError as error:
        reason = error.strerror or str(error)
        raise TemplateError(f"{path.name}: {reason}") from error
    except UnicodeDecodeError as error:
        raise TemplateError(f"{path.name}: is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise TemplateError(f"{path.name}{place}: not valid YAML: {problem}") from error
    if not isinstance(content, dict) or not isinstance(content.get("Resources"), dict):
        raise TemplateError(f"{path.name}: Resources: expected a mapping of resources")
    return content


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the template: its value with intrinsic functions applied, and the path that errors name."""

    path: str
    value: object
    resolve: Callable[[object, str], object]

    def at(self, key: str) -> "Node":
        """The value under a key, which may be missing; nothing and `AWS::NoValue` count as missing."""
        if self.missing:
            return Node(f"{self.path}.{key}", None, self.resolve)
        value = self.mapping().get(key)
        return self._child(key, value)

    def _child(self, key: str, value: object) -> "Node":
        path = f"{self.path}.{key}"
        resolved = self.resolve(value, path)
        return Node(path, None if isinstance(resolved, NoValue) else resolved, self.resolve)

    @property
    def missing(self) -> bool:
        """Whether there is nothing here."""
        return self.value is None

    def wrong(self, expected: str) -> TemplateError:
        """The error for a value of another kind than expected."""
        found = _KINDS.get(type(self.value), repr(self.value))
        return TemplateError(f"{self.path}: expected {expected}, found {found}")

    def mapping(self) -> dict[str, Any]:
        """The value as a mapping, its members not yet resolved."""
        if not isinstance(self.value, dict):
            raise self.wrong("a mapping")
        return self.value

    def members(self) -> Iterator[tuple[str, "Node"]]:
        """Key and place of each member of a mapping; none when missing."""
        if not self.missing:
            for key in self.mapping():
                member = self.at(str(key))
                if not member.missing:
                    yield str(key), member

    def items(self) -> Iterator["Node"]:
        """Each item of a list; none when missing; a lone value counts as a list of one."""
        if self.missing:
            return
        values = self.value if isinstance(self.value, list) else [self.value]
        for position, value in enumerate(values):
            item = self._child(str(position), value)
            if not item.missing:
                yield item

    def text(self, default: str | None = None) -> str:
        """The value as text; numbers and booleans are written as CloudFormation writes them."""
        if self.missing and default is not None:
            return default
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, str | int | float):
            return str(self.value)
        raise self.wrong("text")

    def texts(self) -> tuple[str, ...]:
        """A list of texts; empty when missing."""
        return tuple(item.text() for item in self.items())

    def integer(self, default: int | None = None) -> int:
        """The value as a whole number."""
        if self.missing and default is not None:
            return default
        if not _WHOLE.fullmatch(self.text()):
            raise self.wrong("a whole number")
        return int(self.text())

    def flag(self, *, default: bool) -> bool:
        """The value as true or false."""
        if self.missing:
            return default
        if self.text() not in {"true", "false"}:
            raise self.wrong("true or false")
        return self.text() == "true"

    def plain(self) -> Any:
        """The whole value as JSON-plain data, every reference inside resolved."""
        if isinstance(self.value, dict):
            return {key: member.plain() for key, member in self.members()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.items()]
        return self.value
