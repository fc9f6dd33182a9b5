"""The language of what people read: named actors and American spelling. Add a room once its texts are rewritten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Makefile",
    "docs",
    "events",
    "functions",
    "layers",
    "samconfig.toml",
    "scripts",
    "template.yaml",
)
TEXT = frozenset({"", ".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".svg", ".toml", ".yaml"})
PERSONS = re.compile(r"\b(?:(?:no|some|every|any)body|who(?:so|s)?ever)(?:'s)?\b", re.IGNORECASE)
BRITISH = re.compile(
    r"\w*(?:authoris|recognis|serialis|initialis|normalis|organis)\w*|\bcancelled\b|\w*colour\w*"
    r"|\w*behaviour\w*|\w*favour\w*|\blicence\w*",
    re.IGNORECASE,
)
CODES = re.compile(r"\bR\d{1,2}\b|\bproduct rule\b")
PROSE = frozenset({".md", ".py"})
# Paths name tests and files, which are renamed by the owners of their rooms. The quoted values are those of AWS and of
# ledgers that hold payments in this spelling.
NAMES = re.compile(r"`[^`\n]*`|\]\([^)\s]*\)|\"Cancelled\"|\"CANCELLED\"|\"authorised?\"")


def files(room: str) -> Iterator[Path]:
    """Return the text files of a room, without caches and vendored code."""
    root = ROOT / room
    found = [root] if root.is_file() else sorted(root.rglob("*"))
    hidden = {"__pycache__", "vendor"}
    return (path for path in found if path.is_file() and path.suffix in TEXT and not hidden & {*path.parts})


def mistakes(text: str) -> list[str]:
    """Return each line with a word that the house does not use, with its number."""
    return [
        f"{number}: {found.group()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern in (PERSONS, BRITISH)
        for found in pattern.finditer(NAMES.sub("", line))
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_the_language_of_the_rooms(room: str) -> None:
    """Name the actor (the API, the workflow, the caller) and use American spelling; see CONTRIBUTING.md."""
    checked = {path: mistakes(path.read_text("utf-8")) for path in files(room)}

    assert checked
    assert {str(path.relative_to(ROOT)): found for path, found in checked.items() if found} == {}


@pytest.mark.parametrize("room", ["docs", "functions", "layers", "local", "scripts", "tests"])
def test_no_text_refers_to_a_code_that_is_explained_nowhere(room: str) -> None:
    """Say what is promised instead of numbering the promises."""
    checked = [path for path in files(room) if path.suffix in PROSE and path != Path(__file__)]

    assert checked
    assert [str(path.relative_to(ROOT)) for path in checked if CODES.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "Nobody knows.",
        "It is somebody's.",
        "Everybody may",
        "anybody",
        "Whoever comes first",
        "authorised",
        "deserialises",
        "the colours",
        "a licence",
        "cancelled",
    ],
)
def test_a_word_that_the_house_does_not_use_is_found(text: str) -> None:
    assert len(mistakes(text)) == 1


@pytest.mark.parametrize("text", ["R3: within 2 s", "promise R11.", "see product rule 4"])
def test_a_code_is_found(text: str) -> None:
    assert CODES.search(text)


def test_plain_american_english_and_names_of_tests_pass() -> None:
    assert mistakes("The API authorizes `test_nobody_decides` ([it](whoever.py)); behavior, color, canceled.") == []
