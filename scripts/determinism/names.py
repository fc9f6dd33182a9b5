"""The names of a module: what they lead to, and which function binds them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scripts.determinism.catalog import RULE_OF, RUN_A_STEP, VETTED

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def bound_names(function: Function) -> set[str]:
    """Return the names that a function binds itself."""
    outside = {name for node in _own(function) if isinstance(node, ast.Nonlocal | ast.Global) for name in node.names}
    stored = {node.id for node in _own(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined = {node.name for node in _own(function) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return ({each.arg for each in parameters_of(function)} | stored | defined) - outside


def _own(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without those of the functions in it."""
    ahead: list[ast.AST] = [function.body] if isinstance(function, ast.Lambda) else [*function.body]
    while ahead:
        node = ahead.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef):
            ahead += ast.iter_child_nodes(node)


def parameters_of(function: Function) -> list[ast.arg]:
    """Return every parameter of a function."""
    arguments = function.args
    variable = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *variable]


def last_name(node: ast.expr | None) -> str:
    """Return the last part of a dotted name: `DurableContext` for `sdk.DurableContext`."""
    if isinstance(node, ast.Constant):
        return str(node.value).rpartition(".")[2]
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def root_of(node: ast.expr) -> str | None:
    """Return the variable that an attribute or an item belongs to."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_literal(annotation: ast.expr | None, aliases: set[str]) -> bool:
    if isinstance(annotation, ast.Subscript):
        return last_name(annotation.value) == "Literal"
    return last_name(annotation) in aliases


class Module:
    """What a module imports, and which of its functions and fields matter to the rules."""

    def __init__(self, tree: ast.Module, package: str) -> None:
        nodes = [*ast.walk(tree)]
        self.package = package
        self.imported: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, ast.Import):
                self.imported |= {each.asname or each.name.partition(".")[0]: _bound(each) for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                self.imported |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        self._add_aliases(tree)
        calls = [each for each in nodes if isinstance(each, ast.Call) and last_name(each.func) in RUN_A_STEP]
        self.bodies = {last_name(call.args[0]) for call in calls if call.args}
        literals = {
            last_name(each.targets[0])
            for each in nodes
            if isinstance(each, ast.Assign) and _is_literal(each.value, set())
        }
        self.closed_sets = {
            last_name(each.target)
            for each in nodes
            if isinstance(each, ast.AnnAssign) and _is_literal(each.annotation, literals)
        } | {each.name for each in nodes if isinstance(each, ast.FunctionDef) and _is_literal(each.returns, literals)}

    def _add_aliases(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found = self.dotted(node.value)
                if found is not None and rule_of(found) is not None:
                    self.imported[node.targets[0].id] = found

    def dotted(self, node: ast.expr) -> str | None:
        """Return the full name that an expression leads to through imports and aliases."""
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, f"builtins.{name}" if f"builtins.{name}" in RULE_OF else None)
            case ast.Attribute(value=value, attr=attr):
                base = self.dotted(value)
            case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(attr)), *_]):
                base = self.dotted(value)
            case _:
                return None
        return None if base is None else f"{base}.{attr}"


def _bound(alias: ast.alias) -> str:
    """Return what `import a.b` binds: `a`, or `a.b` under another name."""
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _prefixes(dotted: str) -> Iterator[str]:
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


def rule_of(dotted: str) -> str | None:
    """Return the rule that a full name breaks outside steps; the longest known prefix decides."""
    for prefix in _prefixes(dotted):
        if prefix in RULE_OF:
            return RULE_OF[prefix]
        if prefix in VETTED:
            return None
    return "unvetted"
