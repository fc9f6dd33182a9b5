"""Reference data (policy, catalogue) as it is read. A mistake is named by file, JSON pointer and the rule it breaks."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.errors import InvalidReferenceDataError

MAX_WHOLE_NUMBER = 10**12


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a JSON file with its place. Types are exact: `"5"`, `5.0` and `true` are not the number 5."""

    file: str
    value: object
    pointer: str = ""

    def wrong(self, rule: str) -> InvalidReferenceDataError:
        """Return the error for a value that breaks a rule."""
        return InvalidReferenceDataError(f"{self.file}: {self.pointer or 'the document'} {rule}")

    def members(self, *required: str, optional: tuple[str, ...] = ()) -> dict[str, Entry]:
        """Return the members of an object; refuse unknown ones, since a misspelt one would be ignored silently."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be an object")
        missing = [name for name in required if name not in self.value]
        if missing:
            raise self.wrong(f"must have {', '.join(missing)}")
        unknown = self.value.keys() - {*required, *optional}
        if unknown:
            raise self.wrong(f"must not have {min(unknown)}; it may have {', '.join([*required, *optional])}")
        return {name: Entry(self.file, value, f"{self.pointer}/{name}") for name, value in self.value.items()}

    def entries(self) -> list[Entry]:
        """Return the entries of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("must be a list")
        return [Entry(self.file, value, f"{self.pointer}/{index}") for index, value in enumerate(self.value)]

    def text(self, most: int = 200) -> str:
        """Return a text that is not blank."""
        if not isinstance(self.value, str) or not 1 <= len(self.value.strip()) <= most:
            raise self.wrong(f"must be a text of 1 to {most} characters, not {self.value!r}")
        return self.value

    def currency(self) -> str:
        """Return a currency code."""
        code = self.text()
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):  # noqa: PLR2004  # ISO 4217
            raise self.wrong(f"must be a currency of three capital letters, not {code!r}")
        return code

    def whole_number(self, least: int, most: int = MAX_WHOLE_NUMBER) -> int:
        """Return a whole number within bounds."""
        if type(self.value) is not int or not least <= self.value <= most:
            raise self.wrong(f"must be a whole number from {least} to {most}, not {self.value!r}")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"must be true or false, not {self.value!r}")
        return self.value
