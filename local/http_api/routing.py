"""Which route of the HTTP API a request takes, ranked as API Gateway ranks them.

"Working with routes for HTTP APIs" in its developer guide: a full match wins over one with a greedy variable, and
`$default` catches the rest; a fixed word wins over a variable, a method over ANY.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from local.template import Route

DEFAULT = "$default"


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and the decoded values of its path variables."""

    route: Route
    parameters: Mapping[str, str]


def find_route(routes: Sequence[Route], method: str, path: str) -> Match | None:
    """The best route for a method and a path that is still percent-encoded; None when nothing matches."""
    found = [
        Match(route, parameters)
        for route in routes
        if route.path != DEFAULT and route.method in {method, "ANY"}
        if (parameters := _parameters(route.path, path)) is not None
    ]
    if found:
        return min(found, key=lambda match: _rank(match.route))
    return next((Match(route, {}) for route in routes if route.path == DEFAULT), None)


def _parameters(template: str, path: str) -> dict[str, str] | None:
    """The path's variables by the template; None when the two do not fit."""
    wanted, given = template.strip("/").split("/"), path.removeprefix("/").split("/")
    greedy = _is_greedy(wanted[-1])
    if len(given) < len(wanted) or (len(given) > len(wanted) and not greedy):
        return None
    if greedy:
        given[len(wanted) - 1 :] = ["/".join(given[len(wanted) - 1 :])]
    parameters = {}
    for word, value in zip(wanted, given, strict=True):
        if _is_variable(word) and value:
            parameters[word.strip("{}").removesuffix("+")] = unquote(value)
        elif word != unquote(value):
            return None
    return parameters


def _rank(route: Route) -> tuple[list[int], bool]:
    words = route.path.strip("/").split("/")
    return [_is_variable(word) + _is_greedy(word) for word in words], route.method == "ANY"


def _is_variable(word: str) -> bool:
    return word.startswith("{") and word.endswith("}")


def _is_greedy(word: str) -> bool:
    return word.endswith("+}")
