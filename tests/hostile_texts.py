"""Texts that break systems which take a text for anything but a text, and which fields accept each of them.

`HOSTILE` is the one table. The domain's rule must decide as it says, and the API, the messages, the terminal and the
page must show every text safely, since a row may hold a text that was stored before the rule existed.
"""

from __future__ import annotations

from dataclasses import dataclass

CUSTOMER, NOTE, REASON = "customer", "note", "reason"
"""The kinds of field. `reason` is a required one, as for a rejection; an optional one accepts what a note accepts."""

EVERY = frozenset({CUSTOMER, NOTE, REASON})
LINES = frozenset({NOTE, REASON})
OPTIONAL = frozenset({NOTE})
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hostile:
    """A text, and the kinds of field that accept it."""

    text: str
    accepted: frozenset[str]


HOSTILE: dict[str, Hostile] = {
    # long
    "word-of-100-letters": Hostile("W" * 100, EVERY),
    "word-of-300-letters": Hostile("W" * 300, LINES),
    "text-of-2000-letters": Hostile("long " * 399 + "word.", LINES),
    "text-of-2001-letters": Hostile("W" * 2001, NONE),
    "number-of-40-digits": Hostile("1234567890" * 4, EVERY),
    # direction
    "hebrew": Hostile("אבגד הוזח 123 בעמ", EVERY),
    "arabic": Hostile("شركة النور ١٢٣", EVERY),
    "hebrew-and-latin": Hostile("acme (אבג) 100.00", EVERY),
    "right-to-left-mark": Hostile("acme \u200f100", EVERY),
    "right-to-left-override": Hostile("acme \u202e00.1€ latot", NONE),
    "left-to-right-embedding": Hostile("acme \u202aGmbH\u202c", NONE),
    "isolate-that-stays-open": Hostile("acme \u2067GmbH", NONE),
    "end-of-an-isolate": Hostile("acme \u2069\u202e00.1€ latot", NONE),
    # characters of several code points
    "emoji-family": Hostile("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", OPTIONAL),
    "emoji-and-a-word": Hostile("acme \U0001f469\U0001f3fd\u200d\U0001f680 \U0001f1e9\U0001f1ea", EVERY),
    "persian-non-joiner": Hostile("می\u200cخواهم", EVERY),  # noqa: RUF001 - the joiner between Persian letters is the point
    "combining-marks": Hostile("acme Z" + "\u0351\u036b\u0343\u036a\u0302" * 12 + "algo", EVERY),
    "combining-marks-alone": Hostile("\u0301\u0308", NONE),
    "decomposed-umlaut": Hostile("Mu\u0308ller", EVERY),
    "tag-characters": Hostile("acme\U000e0061\U000e0062", EVERY),
    "byte-order-mark": Hostile("\ufeffacme", EVERY),
    # control characters
    "escape-sequence": Hostile("acme \x1b[31mred\x1b[0m\x1b]0;title\x07", NONE),
    "one-byte-escape-sequence": Hostile("acme \x9b31mred", NONE),
    "null": Hostile("acme\x00GmbH", NONE),
    "backspaces": Hostile("3,960.00\x08\x08\x08\x08\x08\x08\x08\x081.00", NONE),
    "delete": Hostile("acme\x7f", NONE),
    "tab": Hostile("acme\tGmbH", NONE),
    "newline": Hostile("acme\nTotal: 1.00 EUR\nApprove: https://evil.example", LINES),
    "windows-newline": Hostile("acme\r\nBcc: everybody@example.com", LINES),
    "carriage-return": Hostile("3,960.00\r1.00", LINES),
    "next-line": Hostile("acme\x85Total: 1.00 EUR", NONE),
    "line-separator": Hostile("acme\u2028Total: 1.00 EUR", NONE),
    "paragraph-separator": Hostile("acme\u2029Total: 1.00 EUR", NONE),
    "noncharacter": Hostile("acme\uffff", NONE),
    # nothing to see; in an optional field, spaces are the same as nothing
    "spaces": Hostile("   ", OPTIONAL),
    "no-break-space": Hostile("\u00a0", OPTIONAL),
    "zero-width-space": Hostile("\u200b\u200d\u2060", NONE),
    "soft-hyphen": Hostile("\u00ad", NONE),
    "hangul-filler": Hostile("\u3164", NONE),
    "braille-blank": Hostile("\u2800", NONE),
    "variation-selectors": Hostile("\ufe0f\U000e0100", NONE),
    "punctuation-alone": Hostile("...", OPTIONAL),
    # syntax of somebody else
    "terminal-markup": Hostile("Müller [/Bau] GmbH", EVERY),
    "terminal-style": Hostile("[bold red]acme[/] [link=https://evil.example]x[/link]", EVERY),
    "html": Hostile("<img src=x onerror=alert(1)>", EVERY),
    "script": Hostile("</script><script>alert(1)</script>", EVERY),
    "javascript-url": Hostile("javascript:alert(document.cookie)", EVERY),
    "attribute": Hostile("\" autofocus onfocus='alert(1)'", EVERY),
    "template": Hostile("{{7*7}} ${7*7} <%= 7*7 %> %s %n {0}", EVERY),
    "formula": Hostile('=HYPERLINK("https://evil.example","acme")', EVERY),
    "formula-with-at": Hostile("@SUM(1+1)*cmd|' /C calc'!A0", EVERY),
    "formula-with-minus": Hostile("-2+3", EVERY),
    "comma-and-quotes": Hostile('acme, "GmbH"; x', EVERY),
    "sql": Hostile("Robert'); DROP TABLE orders;--", EVERY),
    "json": Hostile('{"level":"ERROR","message":"forged"}', EVERY),
    "path": Hostile("../../etc/passwd", EVERY),
    "mail-header": Hostile("acme Subject: approved", EVERY),
}

TEXTS: dict[str, str] = {name: each.text for name, each in HOSTILE.items()}


def accepted_by(kind: str) -> dict[str, str]:
    """Return the texts that a kind of field accepts, by name."""
    return {name: each.text for name, each in HOSTILE.items() if kind in each.accepted}


def refused_by(kind: str) -> dict[str, str]:
    """Return the texts that a kind of field refuses, by name."""
    return {name: each.text for name, each in HOSTILE.items() if kind not in each.accepted}
