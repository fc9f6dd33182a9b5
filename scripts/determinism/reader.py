"""The rules, applied while a module is read from its first line to its last."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from scripts.determinism.catalog import (
    MUTATORS,
    OPERATIONS,
    REMEDIES,
    RUN_A_STEP,
    STEP_CONTEXTS,
    STEP_DECORATORS,
    VARYING_ATTRIBUTES,
)
from scripts.determinism.names import Function, Module, bound_names, last_name, parameters_of, root_of, rule_of

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Region(Enum):
    """When code runs: once for each process, at every wake-up, or once for each result."""

    IMPORT = "import"
    REPLAY = "replay"
    STEP = "step"


class Finding(NamedTuple):
    """One thing that would differ between two runs."""

    path: Path
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        """Return the finding in the form that editors understand."""
        return f"{self.path}:{self.line}: {self.rule}: {self.what}: {REMEDIES[self.rule]}"


@dataclass(slots=True)
class Scope:
    """A function's own names, and which of them are durable contexts."""

    region: Region
    names: set[str]
    contexts: set[str] = field(default_factory=set)


class Reader(ast.NodeVisitor):
    """Reads a module and collects findings."""

    def __init__(self, path: Path, module: Module) -> None:
        self.path, self.module = path, module
        self.findings: list[Finding] = []
        self.scopes: list[Scope] = []

    @property
    def region(self) -> Region:
        """The region of the innermost function."""
        return self.scopes[-1].region if self.scopes else Region.IMPORT

    def find(self, node: ast.AST, rule: str, what: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(self.path, getattr(node, "lineno", 0), rule, what))

    def owner(self, name: str) -> int:
        """Return the index of the scope that binds a name, -1 for the module."""
        return next((at for at in reversed(range(len(self.scopes))) if name in self.scopes[at].names), -1)

    # --- functions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Read a function in the region that it runs in; its annotations never run."""
        self._read([*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)])
        self._enter(node, node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Read a function that the SDK does not support, as any other."""
        self._enter(node, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Read a function of one expression."""
        self._enter(node, [node.body])

    def _enter(self, node: Function, body: Sequence[ast.AST], region: Region | None = None) -> None:
        step = self.region is Region.STEP or region is Region.STEP or self._is_step(node)
        parameters = parameters_of(node)
        contexts = {each.arg for each in parameters if last_name(each.annotation) == "DurableContext"}
        if isinstance(node, ast.Lambda) and not step:  # a lambda outside a step is a branch: it is given its context
            contexts |= {each.arg for each in parameters}
        self.scopes.append(Scope(Region.STEP if step else Region.REPLAY, bound_names(node), contexts))
        self._read(body)
        self.scopes.pop()

    def _is_step(self, node: Function) -> bool:
        if any(last_name(each.annotation) in STEP_CONTEXTS for each in parameters_of(node)):
            return True
        if isinstance(node, ast.Lambda):
            return False
        return node.name in self.module.bodies or any(last_name(d) in STEP_DECORATORS for d in node.decorator_list)

    def _read(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Read target and value; the annotation never runs."""
        self._read([node.target, *filter(None, [node.value])])

    # --- what varies

    def visit_Name(self, node: ast.Name) -> None:
        """Check a variable: where it comes from, and whether it is another function's context."""
        if isinstance(node.ctx, ast.Load):
            self._check_source(node)
            self._check_context(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Check a dotted name as a whole, then what it belongs to."""
        if node.attr in VARYING_ATTRIBUTES and self.region is Region.REPLAY:
            self.find(node, VARYING_ATTRIBUTES[node.attr], f"`{ast.unparse(node)}` is another at every wake-up")
        if node.attr in OPERATIONS and self.region is Region.REPLAY and root_of(node) in self._contexts():
            self.find(node, "operation-name", f"`{ast.unparse(node)}` is passed on without its name")
        if not self._check_source(node):
            self.visit(node.value)

    def _check_source(self, node: ast.expr) -> bool:
        """Find a source of variation; return whether the name was resolved."""
        root = root_of(node)
        dotted = self.module.dotted(node)
        if dotted is None or self.region is Region.STEP or (root is not None and self.owner(root) >= 0):
            return False
        own = dotted.partition(".")[0] == self.module.package
        rule = None if own else rule_of(dotted)
        at_import = self.region is Region.IMPORT and rule not in {"clock", "randomness", "environment"}
        if rule is not None and not at_import:
            self.find(node, rule, f"`{ast.unparse(node)}` is {dotted}, outside a step")
        return True

    def _contexts(self) -> set[str]:
        return {name for scope in self.scopes for name in scope.contexts}

    def _check_context(self, node: ast.Name) -> None:
        owner, here = self.owner(node.id), len(self.scopes) - 1
        if owner < 0 or owner == here or node.id not in self.scopes[owner].contexts:
            return
        between = self.scopes[owner + 1 :]
        if self.region is Region.STEP or any(scope.contexts for scope in between):
            self.find(node, "outer-context", f"`{node.id}` belongs to the function around this one")

    # --- operations and mutations

    def visit_Call(self, node: ast.Call) -> None:
        """Check an operation's name, a mutation, a suppressed error; read a step's body as a step."""
        name = last_name(node.func)
        if isinstance(node.func, ast.Attribute):
            self._check_mutation(node, node.func.value, name in MUTATORS)
            if name in OPERATIONS and self.region is Region.REPLAY:
                self._check_operation(node, name)
                self.visit(node.func.value)
                self._read_arguments(node, name)
                return
        if name == "suppress" and self.region is Region.REPLAY:
            self._check_caught(node, node.args)
        if not self._check_source(node):
            self.visit(node.func)
        self._read_arguments(node, name)

    def _read_arguments(self, node: ast.Call, name: str) -> None:
        for index, each in enumerate([*node.args, *(keyword.value for keyword in node.keywords)]):
            if index == 0 and name in RUN_A_STEP and isinstance(each, ast.Lambda):
                self._enter(each, [each.body], Region.STEP)
            else:
                self.visit(each)

    def _check_operation(self, node: ast.Call, operation: str) -> None:
        position = OPERATIONS[operation]
        by_keyword = next((each.value for each in node.keywords if each.arg == "name"), None)
        name = by_keyword or (node.args[position] if len(node.args) > position else None)
        if name is None:
            self.find(node, "operation-name", f"`{operation}` has no name")
        elif isinstance(name, ast.Constant):
            if not NAME.fullmatch(str(name.value)):
                self.find(node, "operation-name", f"{name.value!r} is not lower-case words with hyphens")
        elif last_name(name.func if isinstance(name, ast.Call) else name) not in self.module.closed_sets:
            self.find(node, "operation-name", f"`{ast.unparse(name)}` is computed")

    def _is_captured(self, node: ast.expr) -> bool:
        """Return whether a step's code reaches a variable that was bound outside the step."""
        root = root_of(node)
        if self.region is not Region.STEP or root is None:
            return False
        first = next(at for at, scope in enumerate(self.scopes) if scope.region is Region.STEP)
        return self.owner(root) < first

    def _check_mutation(self, node: ast.AST, target: ast.expr, changes: bool) -> None:  # noqa: FBT001
        if changes and self._is_captured(target):
            self.find(node, "captured-state", f"a step changes `{ast.unparse(target)}`, and a replay skips the step")

    def _check_targets(self, node: ast.AST, targets: Sequence[ast.expr]) -> None:
        for target in targets:
            self._check_mutation(node, target, isinstance(target, ast.Attribute | ast.Subscript))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Check an assignment to an attribute or an item."""
        self._check_targets(node, node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Check `+=` and its like."""
        self._check_targets(node, [node.target])

    def visit_Delete(self, node: ast.Delete) -> None:
        """Check a deletion."""
        self._check_targets(node, node.targets)

    def visit_Nonlocal(self, node: ast.Nonlocal | ast.Global) -> None:
        """Check a declaration that lets a step assign outside itself."""
        if self.region is Region.STEP:
            self.find(node, "captured-state", f"a step assigns `{', '.join(node.names)}` outside itself")

    visit_Global = visit_Nonlocal  # noqa: N815

    # --- suspension

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        """Check what is caught, and what the `finally` block does."""
        if self.region is Region.REPLAY:
            for handler in node.handlers:
                self._check_caught(handler, [handler.type])
            for call in (each for line in node.finalbody for each in ast.walk(line) if isinstance(each, ast.Call)):
                self.find(call, "finally-effect", f"`{ast.unparse(call.func)}` is called in a finally block")
        self.generic_visit(node)

    visit_TryStar = visit_Try  # noqa: N815

    def visit_With(self, node: ast.With) -> None:
        """Check for a context manager: its exit runs as a `finally` block does."""
        for item in node.items:
            called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else item.context_expr
            if self.region is Region.REPLAY and last_name(called) != "suppress":
                self.find(node, "finally-effect", f"`with {ast.unparse(called)}` ends at every suspension")
        self.generic_visit(node)

    def _check_caught(self, node: ast.AST, caught: Sequence[ast.expr | None]) -> None:
        for each in caught:
            names = {last_name(one) for one in (each.elts if isinstance(each, ast.Tuple) else [each])}
            if each is None or names & {"Exception", "BaseException"}:
                self.find(node, "broad-except", f"catches {ast.unparse(each) if each else 'everything'}")
