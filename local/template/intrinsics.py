"""CloudFormation's intrinsic functions, as far as templates of this size use them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.template.document import NoValue, TemplateError
from local.template.names import Names

_PLACEHOLDER = re.compile(r"\$\{(!?)([A-Za-z0-9_.:]+)\}")
Arguments = list[Any]


@dataclass(frozen=True, slots=True)
class Resolver:
    """Applies intrinsic functions against parameters, mappings, conditions and the names of resources."""

    parameters: Mapping[str, object]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    names: Names

    def __call__(self, value: object, path: str) -> object:
        """The value at `path`; if it is a call of an intrinsic function, what that call gives."""
        if not (isinstance(value, dict) and len(value) == 1):
            return value
        (name, argument), *_ = value.items()
        function = _FUNCTIONS.get(str(name))
        if function is None:
            if str(name).startswith("Fn::"):
                raise TemplateError(f"{path}: {name} is not known to the local stack")
            return value
        try:
            return function(self, argument, path)
        except (LookupError, TypeError, ValueError) as error:
            raise TemplateError(f"{path}: {name} cannot be resolved from {argument!r} ({error})") from error

    def ref(self, argument: Any, path: str) -> object:
        """A parameter's value, a pseudo parameter, or a resource's physical id."""
        if argument == "AWS::NoValue":
            return NoValue()
        if argument in self.parameters:
            return self.parameters[argument]
        found = self.names.reference(str(argument))
        if found is None:
            raise TemplateError(f"{path}: refers to {argument}, which is not in the template")
        return found

    def get_att(self, argument: Any, path: str) -> object:
        """An attribute of a resource."""
        logical_id, attribute = argument if isinstance(argument, list) else str(argument).split(".", 1)
        found = self.names.attribute(str(logical_id), self.text(attribute, path))
        if found is None:
            raise TemplateError(f"{path}: refers to {logical_id}, which is not in the template")
        return found

    def sub(self, argument: Any, path: str) -> str:
        """Text with `${...}` replaced."""
        text, extra = argument if isinstance(argument, list) else (argument, {})

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in extra:
                return self.text(extra[name], path)
            if "." in name and self.names.reference(name) is None:
                return str(self.get_att(name, path))
            return str(self.ref(name, path))

        return _PLACEHOLDER.sub(replace, self.text(text, path))

    def join(self, argument: Any, path: str) -> str:
        """Items with a delimiter between them."""
        delimiter, items = argument
        return str(delimiter).join(self.text(item, path) for item in self.sequence(items, path))

    def select(self, argument: Any, path: str) -> object:
        """One item of a list, counted from 0."""
        position, items = argument
        return self(self.sequence(items, path)[int(self.text(position, path))], path)

    def split(self, argument: Any, path: str) -> object:
        """Text cut at a delimiter."""
        delimiter, text = argument
        return self.text(text, path).split(str(delimiter))

    def find_in_map(self, argument: Any, path: str) -> object:
        """A value of the Mappings section."""
        table, first, second = (self.text(item, path) for item in argument)
        return self.mappings[table][first][second]

    def if_(self, argument: Any, path: str) -> object:
        """One of two values, chosen by a named condition."""
        name, yes, no = argument
        return self(yes if self.condition(str(name), path) else no, path)

    def condition(self, name: str, path: str) -> bool:
        """Whether a condition of the Conditions section holds."""
        if name not in self.conditions:
            raise TemplateError(f"{path}: condition {name} is not in the template")
        return self.holds(self.conditions[name], f"Conditions.{name}")

    def holds(self, value: object, path: str) -> bool:
        """The truth of a condition expression."""
        resolved = self(value, path)
        if isinstance(resolved, bool):
            return resolved
        if str(resolved) in {"true", "false"}:
            return str(resolved) == "true"
        raise TemplateError(f"{path}: expected a condition, found {resolved!r}")

    def text(self, value: object, path: str) -> str:
        """A resolved value as text."""
        resolved = self(value, path)
        if isinstance(resolved, bool):
            return str(resolved).lower()
        if not isinstance(resolved, str | int | float):
            raise TemplateError(f"{path}: expected text, found {resolved!r}")
        return str(resolved)

    def sequence(self, value: object, path: str) -> Arguments:
        """A resolved value as a list; a comma-separated text is one too."""
        resolved = self(value, path)
        if isinstance(resolved, str):
            return [part.strip() for part in resolved.split(",")]
        if not isinstance(resolved, list):
            raise TemplateError(f"{path}: expected a list, found {resolved!r}")
        return resolved


def _equals(resolver: Resolver, argument: Any, path: str) -> bool:
    left, right = argument
    return resolver.text(left, path) == resolver.text(right, path)


def _not(resolver: Resolver, argument: Any, path: str) -> bool:
    (only,) = argument
    return not resolver.holds(only, path)


_FUNCTIONS: Mapping[str, Callable[[Resolver, Any, str], object]] = {
    "Ref": Resolver.ref,
    "Condition": Resolver.condition,
    "Fn::GetAtt": Resolver.get_att,
    "Fn::Sub": Resolver.sub,
    "Fn::Join": Resolver.join,
    "Fn::Select": Resolver.select,
    "Fn::Split": Resolver.split,
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::If": Resolver.if_,
    "Fn::Equals": _equals,
    "Fn::Not": _not,
    "Fn::And": lambda resolver, items, path: all(resolver.holds(item, path) for item in items),
    "Fn::Or": lambda resolver, items, path: any(resolver.holds(item, path) for item in items),
}
