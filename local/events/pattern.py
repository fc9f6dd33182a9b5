"""EventBridge event patterns: which events a rule wants.

The language is that of "Amazon EventBridge event patterns" in its user guide. A pattern that uses an operator which is
not here is refused when it is read, so that no rule is silently deaf.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Test: TypeAlias = Callable[[Any], bool]
"""Whether one value of the event will do; a field that is not there shows as `MISSING`."""


class _Missing:
    """A field that the event does not have, which is not the same as null."""


MISSING = _Missing()
COMPARISONS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">": operator.gt, ">=": operator.ge}


class PatternError(ValueError):
    """An event pattern that cannot be followed; the message names the place in it."""


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether every field of the pattern accepts the event.

    Raises PatternError for a pattern that is not understood, whatever the event.
    """
    # Every field is looked at although one refusal decides: a mistake shows with the first event, not with a rare one.
    accepted = [_field(name, wanted, event) for name, wanted in pattern.items()]
    return all(accepted)


def _field(name: str, wanted: object, event: Mapping[str, Any]) -> bool:
    if name == "$or":
        if not isinstance(wanted, list) or not all(isinstance(choice, Mapping) for choice in wanted):
            raise PatternError("$or: expected a list of patterns")
        accepted = [matches(choice, event) for choice in wanted]
        return any(accepted)
    found = event.get(name, MISSING)
    if isinstance(wanted, Mapping):
        return matches(wanted, found if isinstance(found, Mapping) else {})
    if not isinstance(wanted, list) or not wanted:
        raise PatternError(f"{name}: expected a list of values or a nested pattern")
    tests = [_test(name, choice) for choice in wanted]
    values = found if isinstance(found, list) and found else [found]
    return any(test(value) for test in tests for value in values)


def _test(name: str, choice: object) -> Test:
    """One member of a field's list: a value to equal, or an operator with its operand."""
    if not isinstance(choice, Mapping):
        return lambda value: _same(value, choice)
    if len(choice) != 1:
        raise PatternError(f"{name}: expected one operator, found {', '.join(choice) or 'none'}")
    ((word, operand),) = choice.items()
    build = OPERATORS.get(word)
    if build is None:
        raise PatternError(f"{name}: the operator {word} is not known here")
    try:
        return build(operand)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise PatternError(f"{name}: {word} cannot take {operand!r}") from error


def _same(value: object, wanted: object) -> bool:
    """Equal as JSON is: `true` is not 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _text(check: Callable[[str, str], bool]) -> Callable[[Any], Test]:
    """An operator on text; `{"equals-ignore-case": x}` inside it ignores case."""

    def build(operand: Any) -> Test:
        if isinstance(operand, Mapping):
            folded = operand["equals-ignore-case"].lower()
            return lambda value: isinstance(value, str) and check(value.lower(), folded)
        if not isinstance(operand, str):
            raise TypeError
        return lambda value: isinstance(value, str) and check(value, operand)

    return build


def _exists(operand: Any) -> Test:
    if not isinstance(operand, bool):
        raise TypeError
    return lambda value: (value is not MISSING) == operand


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, Mapping):
        excluded = [_test("anything-but", operand)]
    else:
        excluded = [_test("anything-but", choice) for choice in (operand if isinstance(operand, list) else [operand])]
    return lambda value: value is not MISSING and not any(test(value) for test in excluded)


def _numeric(operand: Any) -> Test:
    pairs = [(COMPARISONS[sign], float(limit)) for sign, limit in zip(operand[::2], operand[1::2], strict=True)]

    def test(value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and all(compare(value, limit) for compare, limit in pairs)

    return test


def _wildcard(operand: Any) -> Test:
    expression = re.compile(".*".join(re.escape(part) for part in operand.split("*")), re.DOTALL)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "anything-but": _anything_but,
    "equals-ignore-case": _text(lambda value, wanted: value.lower() == wanted.lower()),
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _text(str.startswith),
    "suffix": _text(str.endswith),
    "wildcard": _wildcard,
}
