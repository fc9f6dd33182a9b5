"""What people may write, and how the texts they wrote are shown. Pure.

One rule holds for every field that takes a person's words and for every way in: `KIND.mistake(text)` says what is wrong
with a text, and `canonical(text)` is the form that is stored. A row can hold a text that was accepted before the rule
existed, so whatever shows a text in plain text goes through `isolated`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_PLANES = range(0, 0x110000, 0x10000)
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in _PLANES)
_INTERPRETED = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters: terminals obey them, and some end a line
    "\u2028\u2029"  # line and paragraph separator
    "\u202a-\u202e\u2066-\u2069"  # direction: embeddings, overrides, isolates and their ends
    f"\ud800-\udfff{_NONCHARACTERS}]"  # halves of surrogate pairs, and what Unicode reserves
)
"""Characters that change how the text around them is read, and code points that are no characters."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's default-ignorable code points, and the empty braille pattern: they take no ink of their own."""

_NAMES = {
    "\x00": "NULL",
    "\t": "TAB",
    "\n": "LINE BREAK",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
}
"""Names of the control characters that people meet; Unicode itself names none of them."""

_FIRST_STRONG_ISOLATE, _POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class TextKind:
    """What one kind of field accepts: at most `max_length` characters, line breaks or none, words or any sign."""

    max_length: int
    multiline: bool = False
    needs_word: bool = False

    def mistake(self, text: str) -> str | None:
        """Return what to change about the text, as a sentence; None when the field accepts it.

        An empty text, or one of spaces, is a mistake only where a word is needed.
        """
        found = self._refused_character(_with_plain_breaks(text))
        if found is not None:
            return f"Remove {_name_of(found.group())} at character {found.start() + 1}; this field does not accept it."
        if len(canonical(text)) > self.max_length:
            return f"Use at most {self.max_length} characters."
        if self.needs_word and not has_word(text):
            return "Use at least one letter or digit."
        if canonical(text) and not _has(text, "LNPS"):
            return "Use at least one visible character, or leave this out."
        return None

    def _refused_character(self, text: str) -> re.Match[str] | None:
        found = _INTERPRETED.finditer(text)
        return next((each for each in found if not (self.multiline and each.group() == "\n")), None)


CUSTOMER = TextKind(100, needs_word=True)
NOTE = TextKind(2_000, multiline=True)
OPTIONAL_REASON = TextKind(2_000, multiline=True)
REASON = TextKind(2_000, multiline=True, needs_word=True)


def canonical(text: str) -> str:
    """Return the text as it is stored: normalized to NFC, with plain line breaks, without surrounding space."""
    return unicodedata.normalize("NFC", _with_plain_breaks(text)).strip()


def has_word(text: str) -> bool:
    """Return whether a letter or a digit is in the text that a reader can see."""
    return _has(text, "LN")


def shown(text: str) -> str:
    """Return the text in one line without effect: `<U+202E>` in the place of a character that would be interpreted.

    A line break is shown as its sign.
    """
    return _INTERPRETED.sub(lambda found: _escaped(found.group()), canonical(text))


def isolated(text: str) -> str:
    """Return the text as it stands inside a sentence of ours: in one line, its direction kept to itself."""
    return f"{_FIRST_STRONG_ISOLATE}{shown(text)}{_POP_DIRECTIONAL_ISOLATE}"


def _has(text: str, categories: str) -> bool:
    return any(unicodedata.category(each)[0] in categories for each in INVISIBLE.sub("", text))


def _with_plain_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _escaped(character: str) -> str:
    return " ⏎ " if character == "\n" else f"<U+{ord(character):04X}>"


def _name_of(character: str) -> str:
    name = _NAMES.get(character) or unicodedata.name(character, "CONTROL CHARACTER")
    return f"U+{ord(character):04X} {name}"
