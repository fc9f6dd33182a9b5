"""What people choose by options and by make variables. One spelling of a number, and the usual words for yes and no."""

from __future__ import annotations

import argparse
import re
import sys
from typing import NoReturn

ChoiceError = argparse.ArgumentTypeError
"""A choice that cannot be understood. The message goes on after the option's name."""

_YES = frozenset({"yes", "y", "true", "on", "1"})
_NO = frozenset({"no", "n", "false", "off", "0", ""})
_CANNOT_START = 2


def whole_number(text: str) -> int:
    """Read a whole number: decimal digits only, as in the template's parameters."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ChoiceError(f"must be a whole number, not {text!r}")
    return int(text)


def switch(text: str) -> bool:
    """Read a yes or a no. An empty make variable, as `EPHEMERAL= make run` sets it, is a no."""
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ChoiceError(f"must be yes or no (or true, false, on, off, 1, 0), not {text!r}")
    return word in _YES


class Options(argparse.ArgumentParser):
    """A parser that reports a wrong option in one line. `add_switch` adds an option that means yes without a value."""

    def add_switch(self, name: str, words: str) -> None:
        """Add an option such as `--follow`, which make also gives as `--follow no`."""
        self.add_argument(name, nargs="?", type=switch, const=True, default=False, metavar="yes|no", help=words)

    def error(self, message: str) -> NoReturn:
        """End with the one line; `--help` has the rest."""
        print(f"countersign: {message.removeprefix('argument ')}", file=sys.stderr)
        sys.exit(_CANNOT_START)
