"""The documentation says what is there: links, names of code and of tests, operations, targets, variables, parameters.

How code is named, so that this can be checked: a link in code font, such as [`approve_level`](../approval.py), names
what is defined in the file it leads to; `tests/unit/test_docs.py::test_x` in code font names a test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from approval_api.description import route_keys
from approval_api.handler import described
from orders.domain.model import Role, Status
from scripts import states

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
HOW_IT_WORKS = ROOT / "docs" / "how-it-works.md"
SECURITY = ROOT / "docs" / "security.md"
PRODUCT = ROOT / "docs" / "product.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
GOLDEN = ROOT / "tests" / "workflow" / "golden"
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
ELSEWHERE = ("http://", "https://", "mailto:")
Check = Callable[[Path, str], list[str]]


# --- reading a page -------------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def code(text: str) -> str:
    """Return everything on a page that is code: spans, fenced and indented blocks, one piece on a line."""
    spans = re.findall(r"`([^`\n]+)`", prose(text))
    fenced = re.findall(r"^ *```\w*\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4,}(\S.*)$", prose(text), flags=re.MULTILINE)
    return "\n".join([*spans, *fenced, *indented])


def anchors(text: str) -> set[str]:
    """Return what the page's headings are called in an address, as GitHub calls them."""
    headings = re.findall(r"^#+ +(.*)$", prose(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def column(text: str, header: str) -> list[str]:
    """Return the cells below this header, of every table that has it."""
    found, place = [], None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []
        if header in cells:
            place = cells.index(header)
        elif not cells:
            place = None
        elif place is not None and not set(cells[place]) <= set("-: "):
            found.append(cells[place])
    return found


# --- what there is --------------------------------------------------------------------------------------------------


@cache
def defined(path: Path) -> frozenset[str]:
    """Return what a Python file defines: functions, classes, `Class.method`, and names that are assigned at its top."""
    return frozenset(_names(ast.parse(path.read_text("utf-8")).body))


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{inner}" for inner in _names(node.body))
        if isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


class _Template(yaml.SafeLoader):
    """Reads a template without minding its intrinsic functions."""


_Template.add_multi_constructor("!", lambda *_: None)


@cache
def template() -> dict[str, Any]:
    """Return template.yaml."""
    read: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text("utf-8"), _Template)  # noqa: S506  # a SafeLoader
    return read


def parameters() -> set[str]:
    """Return the template's parameters."""
    return {*template()["Parameters"]}


def variables() -> set[str]:
    """Return every variable that the Makefile or a function listens to."""
    properties = [template()["Globals"]["Function"], *(each["Properties"] for each in template()["Resources"].values())]
    environments = [each.get("Environment") or {} for each in properties if isinstance(each, dict)]
    of_functions = {name for each in environments if isinstance(each, dict) for name in each.get("Variables") or {}}
    return of_functions | set(re.findall(r"^([A-Z0-9_]+) \?=", makefile(), flags=re.MULTILINE))


def targets() -> set[str]:
    """Return the Makefile's targets."""
    return set(re.findall(r"^([a-z-]+):", makefile(), flags=re.MULTILINE))


@cache
def makefile() -> str:
    """Return the Makefile."""
    return (ROOT / "Makefile").read_text("utf-8")


def golden_operations() -> set[str]:
    """Return the name of every operation that a recorded order had; what the SDK adds to one is not counted."""
    lines = [line.split() for path in GOLDEN.glob("*.txt") for line in path.read_text("utf-8").splitlines()]
    return {line[1] for line in lines}


# --- what is wrong with a page --------------------------------------------------------------------------------------


def broken_links(page: Path, text: str) -> list[str]:
    """Return the relative links that lead nowhere, and those whose heading is not there."""
    wrong = []
    for _, target in LINK.findall(prose(text)):
        if target.startswith(ELSEWHERE):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        there = text if not file else path.read_text("utf-8") if path.suffix == ".md" and path.exists() else ""
        if not path.exists() or (anchor and anchor not in anchors(there)):
            wrong.append(target)
    return wrong


def names_that_are_not_there(page: Path, text: str) -> list[str]:
    """Return what a link in code font names and its file does not define."""
    found = [(name, page.parent / target) for name, target in LINK.findall(prose(text)) if target.endswith(".py")]
    named = [(name.strip("`"), path.resolve()) for name, path in found if name.startswith("`")]
    return [name for name, path in named if not path.exists() or name not in defined(path)]


def missing_tests(_page: Path, text: str) -> list[str]:
    """Return the tests named as `tests/folder/file.py::test_name` that do not exist."""
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)
    return [name for file, name in named if not (ROOT / file).exists() or name not in defined(ROOT / file)]


def targets_that_are_not_there(_page: Path, text: str) -> list[str]:
    """Return what is said to be made with `make` and is no target."""
    return [name for name in re.findall(r"\bmake ([a-z][a-z-]*)", code(text)) if name not in targets()]


def variables_that_are_not_there(_page: Path, text: str) -> list[str]:
    """Return the variables that are set in an example, or named alone in code font, and that nothing listens to.

    A shell's own variable is set and then used (`$TOKEN`); a status of an order looks like a variable and is none.
    """
    shown = code(text)
    named = re.findall(r"(?<![\w$])([A-Z][A-Z0-9_]+)=", shown)
    alone = re.findall(r"^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)$", shown, flags=re.MULTILINE)
    known = variables() | set(Status) | set(re.findall(r"\$\{?(\w+)", shown))
    return [name for name in [*named, *alone] if name not in known]


def parameters_that_are_not_there(_page: Path, text: str) -> list[str]:
    """Return the template parameters of an example or of a table that the template does not have."""
    named = re.findall(r"(?<![\w.])((?:[A-Z][a-z]+)+)=", code(text))
    listed = [cell.strip("`") for cell in column(text, "parameter")]
    return [name for name in [*named, *listed] if name not in parameters()]


CHECKS: tuple[Check, ...] = (
    broken_links,
    names_that_are_not_there,
    missing_tests,
    targets_that_are_not_there,
    variables_that_are_not_there,
    parameters_that_are_not_there,
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.parametrize("check", CHECKS)
def test_a_page_says_nothing_that_is_not_so(page: Path, check: Check) -> None:
    assert check(page, page.read_text("utf-8")) == []


def operations_of(text: str) -> set[str]:
    """Return the operations that the table of primitives names."""
    return {name for cell in column(text, "operations") for name in re.findall(r"`([^`]+)`", cell)}


def test_the_table_of_primitives_names_every_operation_that_an_order_can_have_and_no_other() -> None:
    assert operations_of(HOW_IT_WORKS.read_text("utf-8")) == golden_operations()


def test_every_parameter_of_the_template_is_explained_somewhere() -> None:
    listed = {cell.strip("`") for page in PAGES for cell in column(page.read_text("utf-8"), "parameter")}

    assert listed >= parameters()


def test_how_it_works_links_every_pitfall() -> None:
    """Each file of pitfall tests is linked."""
    led_to = {(HOW_IT_WORKS.parent / target).resolve() for _, target in LINK.findall(HOW_IT_WORKS.read_text("utf-8"))}

    assert led_to >= {*(ROOT / "tests" / "pitfalls").glob("test_*.py")}


def promises_without_a_test(page: Path, text: str) -> list[str]:
    """Return the promises of the tables on a page that no linked test holds."""
    rows = zip(column(text, "promise"), column(text, "held by"), strict=True)
    return [promise for promise, cell in rows if not _is_held(page, cell)]


def _is_held(page: Path, cell: str) -> bool:
    links = [
        (name.strip("`").rpartition(".")[2], (page.parent / target).resolve()) for name, target in LINK.findall(cell)
    ]
    return bool(links) and all(name.startswith("test_") and (ROOT / "tests") in path.parents for name, path in links)


def test_every_promise_about_security_is_held_by_a_test() -> None:
    """That the test exists is checked on every page."""
    text = SECURITY.read_text("utf-8")

    assert len(column(text, "promise")) > 20
    assert promises_without_a_test(SECURITY, text) == []


@pytest.mark.parametrize(
    "cell", ["nothing", "[a test](../tests/unit/test_docs.py)", "[`Callers`](../local/callers.py)"]
)
def test_a_promise_that_nothing_holds_is_noticed(cell: str) -> None:
    table = f"| promise | held by |\n|---|---|\n| Nothing happens | {cell} |\n"

    assert promises_without_a_test(SECURITY, table) == ["Nothing happens"]


# --- the product and its terms --------------------------------------------------------------------------------------


def product_names(header: str) -> set[str]:
    """Return everything in code font below a header of the tables in docs/product.md."""
    return {name for cell in column(PRODUCT.read_text("utf-8"), header) for name in re.findall(r"`([^`]+)`", cell)}


def test_the_states_of_the_product_are_those_of_the_transition_table() -> None:
    """If this fails, run `make states` and commit docs/product.md."""
    page = PRODUCT.read_text("utf-8")

    assert states.rewritten(page) == page


def test_a_changed_or_missing_table_of_states_is_noticed() -> None:
    page = PRODUCT.read_text("utf-8")

    assert states.rewritten(page.replace("`EXPIRED` |", "`REJECTED` |")) == page
    with pytest.raises(ValueError, match="no block"):
        states.rewritten(page.replace("<!-- end -->", ""))


def test_the_routes_of_the_product_are_those_of_the_api() -> None:
    assert product_names("route") == {*route_keys(described())}


def test_every_role_of_the_product_is_described() -> None:
    assert product_names("role") == {*Role}


def test_every_term_of_the_glossary_has_one_paragraph_of_its_own() -> None:
    """A link to a term that does not exist is a broken link, which is checked on every page."""
    _, *terms = re.split(r"^## ", GLOSSARY.read_text("utf-8"), flags=re.MULTILINE)
    titles = [term.partition("\n")[0] for term in terms]

    assert len(titles) >= 20
    assert len(titles) == len({*titles})
    assert [title for title, term in zip(titles, terms, strict=True) if len(term.strip().split("\n\n")) != 2] == []


# --- would it be noticed? -------------------------------------------------------------------------------------------

BROKEN = [
    (broken_links, "[gone](nowhere.md)"),
    (broken_links, "[gone](how-it-works.md#no-such-heading)"),
    (broken_links, "# Here\n[gone](#there)"),
    (broken_links, "![gone](pictures/none.png)"),
    (names_that_are_not_there, "[`approve_levels`](../functions/workflow/order_workflow/approval.py)"),
    (names_that_are_not_there, "[`test_that_was_renamed`](../tests/pitfalls/test_waits.py)"),
    (names_that_are_not_there, "[`ApprovalService.undecide`](../layers/orders/orders/services/approval.py)"),
    (missing_tests, "`tests/unit/test_docs.py::test_nothing`"),
    (targets_that_are_not_there, "Say `make coffee`."),
    (targets_that_are_not_there, "    make coffee     for two"),
    (variables_that_are_not_there, "Set `DECISION_SECONDS`."),
    (variables_that_are_not_there, "    DECISION_SECONDS=5 make run"),
    (parameters_that_are_not_there, "`DecisionSeconds=5`"),
    (parameters_that_are_not_there, "| parameter | what |\n|---|---|\n| `DecisionSeconds` | a wait |"),
]
SOUND = """# Here
[page](how-it-works.md#the-two-crash-rules), [here](#here), [far](https://example.com/nowhere), [file](../template.yaml)
[`ApprovalService.decide`](../layers/orders/orders/services/approval.py), `tests/unit/test_docs.py::prose`, `make test`,
`REMINDER_SECONDS=5 make run`, `NEEDS_ATTENTION`, `LogLevel=DEBUG`

    TOKEN=$(date) && echo $TOKEN
"""


@pytest.mark.parametrize(("check", "text"), BROKEN)
def test_a_page_that_says_something_wrong_is_noticed(check: Check, text: str) -> None:
    assert len(check(HOW_IT_WORKS, text)) == 1


@pytest.mark.parametrize("check", CHECKS)
def test_a_page_that_is_right_is_left_in_peace(check: Check) -> None:
    assert check(HOW_IT_WORKS, SOUND) == []


def test_an_operation_that_is_missing_or_made_up_is_noticed() -> None:
    text = HOW_IT_WORKS.read_text("utf-8")

    assert operations_of(text.replace("`find-capture`", "")) == golden_operations() - {"find-capture"}
    assert operations_of(text.replace("`remind`", "`remind` `nag`")) == golden_operations() | {"nag"}
