"""The resources of a template whose conditions hold, each with SAM's Globals merged in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.template import parameters
from local.template.document import Node, TemplateError
from local.template.intrinsics import Resolver
from local.template.names import Names

Found = tuple[str, Node]


@dataclass(frozen=True, slots=True)
class Declared:
    """Resources by type, with what is needed to resolve them."""

    folder: Path
    names: Names
    resolver: Resolver
    parameters: Mapping[str, str]
    defaults: Mapping[str, Any]

    @classmethod
    def of(cls, content: Mapping[str, Any], path: Path, environment: Mapping[str, str]) -> "Declared":
        """The resources of a parsed template, with parameter values chosen."""
        folder = path.resolve().parent
        defaults = content.get("Globals") or {}
        names = Names(content["Resources"], (defaults.get("Function") or {}).get("AutoPublishAlias"))
        bare = Resolver({}, {}, {}, names)
        section = Node(path.name, dict(content), bare).at("Parameters")
        chosen = parameters.values(section, folder / "samconfig.toml", environment)
        resolver = Resolver(
            _typed(chosen, section), content.get("Mappings") or {}, content.get("Conditions") or {}, names
        )
        return cls(folder, names, resolver, chosen, defaults)

    def of_type(self, kind: str) -> Iterator[Found]:
        """Logical id and properties of each resource of a type; paths read `OrdersTable.KeySchema`."""
        for logical_id, resource in self.names.resources.items():
            if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
                raise TemplateError(f"{logical_id}: expected a resource with a Type")
            if resource["Type"] == kind and self._exists(logical_id, resource):
                own = resource.get("Properties") or {}
                if not isinstance(own, dict):
                    raise TemplateError(f"{logical_id}.Properties: expected a mapping")
                section = kind.rpartition("::")[2] if kind.startswith("AWS::Serverless::") else ""
                yield logical_id, Node(logical_id, _merged(self.defaults.get(section), own), self.resolver)

    def _exists(self, logical_id: str, resource: Mapping[str, Any]) -> bool:
        condition = resource.get("Condition")
        return condition is None or self.resolver.condition(str(condition), f"{logical_id}.Condition")


def _typed(chosen: Mapping[str, str], section: Node) -> dict[str, object]:
    """Parameter values as Ref gives them: a list for the list types, else text."""
    lists = {name for name, node in section.members() if "List" in node.at("Type").text("String")}
    return {name: value.split(",") if name in lists else value for name, value in chosen.items()}


def _merged(default: Any, own: Any) -> Any:
    """SAM's rule for Globals: mappings merge, lists append, anything else of the resource's own wins."""
    if isinstance(default, dict) and isinstance(own, dict):
        keys = [*default, *(key for key in own if key not in default)]
        return {key: _merged(default.get(key), own[key]) if key in own else default[key] for key in keys}
    if isinstance(default, list) and isinstance(own, list):
        return default + own
    return own
